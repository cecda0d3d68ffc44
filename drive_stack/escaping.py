"""Names that strangers chose, written so that no program takes them for more than names."""

from __future__ import annotations

import re

# a spreadsheet computes what begins so (OWASP, "CSV Injection")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# a "<" before a space begins no HTML, and "p < 0.001" stays legible
_MARKDOWN = re.compile(r"[&>\\`*|]|<(?! )|\](?=[(\[])")


def visible(text: str) -> str:
    """One line, with escapes such as \\x1b for control characters, which a terminal would obey."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def terminal_text(text: str) -> str:
    """`visible` text for rich, whose own markup it is not."""
    from rich.markup import escape  # noqa: PLC0415 - agents' processes need not load it

    return escape(visible(text))


def markdown_text(text: str) -> str:
    """`visible` text for a paragraph or a table's cell of Markdown: no HTML, no links, no emphasis."""
    return _MARKDOWN.sub(lambda found: _HTML.get(found.group(), "\\" + found.group()), visible(text))


def csv_text(text: str) -> str:
    """Text for a cell of CSV; what a spreadsheet would compute gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def shortened(text: str, max_length: int = 80) -> str:
    """At most ``max_length`` characters of what somebody wrote, in one line, to be quoted in a message."""
    printable = visible(text[: max_length + 1])
    return printable if len(printable) <= max_length else f"{printable[: max_length - 1]}…"
