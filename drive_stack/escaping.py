"""Escaping of untrusted text for terminals, Markdown, CSV and messages."""

from __future__ import annotations

import re

# a spreadsheet reads a cell that starts with one of these as a formula (OWASP, "CSV Injection")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# a "<" before a space does not start an HTML tag, and "p < 0.001" stays readable
_MARKDOWN = re.compile(r"[&>\\`*|]|<(?! )|\](?=[(\[])")


def visible(text: str) -> str:
    """``text`` in one line, with control characters, which a terminal would execute, escaped as in \\x1b."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def terminal_text(text: str) -> str:
    """`visible` text for rich, with characters escaped that rich would read as markup."""
    from rich.markup import escape  # noqa: PLC0415 - agent processes do not need it

    return escape(visible(text))


def markdown_text(text: str) -> str:
    """`visible` text for a Markdown paragraph or table cell: it cannot contain HTML, links or emphasis."""
    return _MARKDOWN.sub(lambda match: _HTML.get(match.group(), "\\" + match.group()), visible(text))


def csv_text(text: str) -> str:
    """Text for a CSV cell; an apostrophe is prepended if a spreadsheet would read it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def shortened(text: str, max_length: int = 80) -> str:
    """Untrusted text in one line of at most ``max_length`` characters, to be quoted in a message."""
    printable = visible(text[: max_length + 1])
    return printable if len(printable) <= max_length else f"{printable[: max_length - 1]}…"
