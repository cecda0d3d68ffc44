"""One browser for all pages of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import chromium, started_browser
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here; .ci/run installs it")
    with started_browser(path) as started:
        yield started
