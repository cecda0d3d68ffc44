"""The documentation as a site: it is built without a warning, needs no other host, and can be read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from browser import visit
from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
LOADED = re.compile(
    r"<(?:script|img|source|video|iframe|link)\b[^>]*?\b(?:src|href)=[\"']?(?:https?:)?//", re.I
)


def load_hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks" / "repository_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = load_hooks()


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; a broken link, a page without a place in the navigation or an unknown heading fails here."""
    target = tmp_path_factory.mktemp("manual")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return target


@pytest.mark.parametrize("source", ["README.md", "CHANGELOG.md", "docs/guides/race.md", "configs/study.yaml"])
def test_every_file_has_one_place_in_the_site(source: str) -> None:
    assert HOOKS.source_path(HOOKS.site_path(source)) == source


@pytest.mark.parametrize(
    ("source", "link", "expected"),
    [
        ("README.md", "docs/guides/race.md", "guides/race.md"),
        ("docs/guides/race.md", "../images/race.png", "../images/race.png"),
        ("docs/study/protocol.md", "../../configs/study.yaml", "../repository/configs/study.yaml"),
        (
            "docs/development/security.md",
            "../../CONTRIBUTING.md#security-advisories",
            "../contributing.md#security-advisories",
        ),
        ("docs/guides/race.md", "#names", "#names"),
        ("docs/guides/race.md", "https://www.ray.io", "https://www.ray.io"),
    ],
)
def test_links_lead_to_the_same_file_in_the_site(source: str, link: str, expected: str) -> None:
    assert HOOKS.relink(f"[a]({link})", source, HOOKS.site_path(source)) == f"[a]({expected})"


def test_lists_and_folded_parts_are_read_as_on_a_code_host() -> None:
    text = "**Added**\n- a\n- b\n  - c\n\n<details open>\n"
    assert HOOKS.as_commonmark(text) == "**Added**\n\n- a\n- b\n    - c\n\n<details open markdown>\n"
    block = "```\n<details>\n```"
    assert HOOKS.outside_fences(block, HOOKS.as_commonmark) == block


def test_the_site_loads_nothing_from_other_hosts(manual: Path) -> None:
    pages = [page for page in manual.rglob("*.html") if page.name != "standard.html"]
    assert len(pages) > 50
    assert not [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))]
    styles = [style.read_text(encoding="utf-8") for style in manual.rglob("*.css")]
    assert styles and not [style for style in styles if re.search(r"url\([\"']?(?:https?:)?//", style)]


def test_docstrings_become_the_reference(manual: Path) -> None:
    page = (manual / "reference" / "drive_stack.interfaces.html").read_text(encoding="utf-8")
    assert 'id="drive_stack.interfaces.Agent.act"' in page
    assert 'id="drive_stack.interfaces.Detector"' in page


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("index", 390, "light"),
        ("guides/evaluation", 1200, "dark"),
        ("reference/drive_stack.types", 1200, "dark"),
    ],
)
def test_a_browser_shows_pages_that_everybody_can_read(
    manual: Path, browser: Browser, name: str, width: int, scheme: str
) -> None:
    with visit(browser, manual / f"{name}.html", width=width, scheme=scheme) as seen:
        for image in seen.page.locator(".md-content img").all():
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert not seen.violations()
    assert not seen.external and not seen.problems
