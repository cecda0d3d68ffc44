"""Lets the pages of the repository become pages of the site as they are, with links that work in both places.

mkdocs publishes the folder ``docs/`` alone, and reads Markdown a little differently from a code host:

- README, the guide for contributors and the changelog become pages of the site, and so does every page
  outside ``docs/`` that a page links to. Other linked files, such as a plan in YAML, are copied.
- Links are rewritten where a file lies elsewhere in the site.
- A list need not follow an empty line, and text between ``<details>`` tags is Markdown.
- Every page ``reference/MODULE.md`` of the navigation is made from the docstrings of the module.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs"
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
REFERENCE = "reference"
OTHERS = "repository"  # folder of the site for all other files outside docs/
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
FENCE = re.compile(r"^(```.*?^```)", flags=re.M | re.S)
ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files outside ``docs/``, and a page for each module of the reference."""
    for source in _outside(files):
        files.append(File.generated(config, site_path(source), abs_src_path=str(ROOT / source)))
    for path, title in reference_pages(config.nav or []):
        module = path.removeprefix(f"{REFERENCE}/").removesuffix(".md")
        files.append(File.generated(config, path, content=f"# {title}\n\n::: {module}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Rewrite the links of a page, and what mkdocs would read differently."""
    source = source_path(page.file.src_uri)
    return outside_fences(markdown, lambda text: as_commonmark(relink(text, source, page.file.src_uri)))


def reference_pages(entries: Sequence[object]) -> Iterator[tuple[str, str]]:
    """Find the pages of the reference in a navigation: path and title of each."""
    for entry in entries:
        if isinstance(entry, dict):
            for title, target in entry.items():
                if isinstance(target, list):
                    yield from reference_pages(target)
                elif str(target).startswith(f"{REFERENCE}/"):
                    yield str(target), str(title)


def site_path(source: str) -> str:
    """Return where a file of the repository lies in the site's source."""
    if source.startswith(f"{DOCS}/"):
        return source.removeprefix(f"{DOCS}/")
    return PAGES.get(source, f"{OTHERS}/{source}")


def source_path(path: str) -> str:
    """Return the file of the repository for a path of the site's source; the inverse of `site_path`."""
    pages = {target: source for source, target in PAGES.items()}
    if path.startswith(f"{OTHERS}/"):
        return path.removeprefix(f"{OTHERS}/")
    return pages.get(path, f"{DOCS}/{path}")


def relink(text: str, source: str, path: str) -> str:
    """Rewrite the relative links of ``source``, which lies at ``path`` in the site's source."""

    def rewritten(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        return posixpath.relpath(site_path(target), posixpath.dirname(path) or ".") + link[2]

    return LINK.sub(rewritten, text)


def as_commonmark(text: str) -> str:
    """Let Python-Markdown read lists and folded parts as CommonMark does."""
    lines: list[str] = []
    for line in (
        text.replace("<details>", "<details markdown>")
        .replace("<details open>", "<details open markdown>")
        .split("\n")
    ):
        before = lines[-1] if lines else ""
        if ITEM.match(line) and before.strip() and not ITEM.match(before) and not before.startswith(" "):
            lines.append("")
        # two spaces nest a list in CommonMark, four in Python-Markdown
        lines.append(re.sub(r"^  (?=(?:[-*]|\d+\.) )", "    ", line))
    return "\n".join(lines)


def outside_fences(text: str, change: Callable[[str], str]) -> str:
    """Change a page except for its blocks of code."""
    return "".join(part if part.startswith("```") else change(part) for part in FENCE.split(text))


def _outside(files: Files) -> Iterator[str]:
    """The files outside ``docs/`` that belong to the site, each once."""
    known, new = dict[str, None](), list(PAGES)
    pages = [file.src_uri for file in files.documentation_pages()]
    new += [target for page in pages for target in _linked(f"{DOCS}/{page}")]
    while new:
        source = new.pop(0)
        if source in known or source.startswith(f"{DOCS}/") or not (ROOT / source).is_file():
            continue
        known[source] = None
        if source.endswith(".md"):
            new += _linked(source)
    yield from known


def _linked(source: str) -> list[str]:
    text = FENCE.sub("", (ROOT / source).read_text(encoding="utf-8"))
    folder = posixpath.dirname(source)
    return [posixpath.normpath(posixpath.join(folder, link[1])) for link in LINK.finditer(text)]
