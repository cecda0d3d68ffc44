"""Options of the test suite."""

from __future__ import annotations

import pytest
from hypothesis import settings

# The first call of a compiled kernel exceeds the deadline of hypothesis, and no property is a timing test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("golden traces (tests/test_golden.py)")
    group.addoption(
        "--accept-golden", action="store_true", help="show what changed and record it as right from now on"
    )
    group.addoption(
        "--record-golden", action="store_true", help="drive the recorded scenes again, then accept"
    )
