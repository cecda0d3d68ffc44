"""The Chromium of the system, driven by Playwright: opens pages and notes what goes wrong in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES = ("google-chrome", "chromium", "chromium-browser")  # builds with H.264 first
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")  # groups of rules of axe-core


def chromium() -> str | None:
    """The browser of the system; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a display. Without it, tests are skipped, or, where .ci/run requires it, fail."""
    path = chromium()
    if path is None and os.environ.get("DRIVE_STACK_BROWSER") == "required":
        pytest.fail("no Chromium to open pages in")
    if path is None:
        pytest.skip("no Chromium here; .ci/run installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """An open page and what it said and asked for."""

    page: Page
    problems: list[str] = field(default_factory=list)  # messages of the console, errors, failed requests
    external: list[str] = field(default_factory=list)  # requests that leave the folder

    def violations(self, *more: str) -> Sequence[str]:
        """What breaks WCAG 2.2 AA, and rules of ``more`` groups, as axe-core finds it."""
        found = (
            Axe().run(self.page, options={"runOnly": [*WCAG, *more], "preload": False}).response["violations"]
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found
            for node in rule["nodes"]
        ]


def _failure(request: Request) -> list[str]:
    """What failed; the browser itself ends requests for pieces of a film that it needs no more."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}: {request.failure}"]


@contextmanager
def visit(browser: Browser, page_file: Path, *, width: int = 1200, scheme: str = "light") -> Iterator[Visit]:
    """Open a page from the disk, with a window of ``width`` and the colours of ``scheme``."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    seen = Visit(context.new_page())
    seen.page.on("console", lambda message: seen.problems.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.problems.append(str(error)))
    seen.page.on("requestfailed", lambda request: seen.problems.extend(_failure(request)))
    seen.page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("file:", "data:", "blob:")) else seen.external.append(request.url)
        ),
    )
    seen.page.goto(page_file.as_uri())
    yield seen
    context.close()
