"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("golden traces (tests/test_golden.py)")
    group.addoption(
        "--accept-golden", action="store_true", help="show what changed and record it as right from now on"
    )
    group.addoption(
        "--record-golden", action="store_true", help="drive the recorded scenes again, then accept"
    )
