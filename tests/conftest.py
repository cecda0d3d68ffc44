"""Options of the test suite."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# The first call of a compiled kernel exceeds the deadline of hypothesis, and no property is a timing test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted: a background job of a shell ignores Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("golden traces (tests/driving/test_golden.py)")
    group.addoption(
        "--accept-golden", action="store_true", help="show what changed and record it as right from now on"
    )
    group.addoption(
        "--record-golden", action="store_true", help="drive the recorded scenes again, then accept"
    )
