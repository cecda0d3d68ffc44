"""The lines about compiling are logged where a kernel is compiled, and only there."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.event import Event, EventStatus

from envs import compiling
from envs.compiling import COMPILATION_NOTICE, REPORT_PERIOD, CompilationLog

ROOT = Path(__file__).resolve().parents[2]
KERNELS = """
import numba

@numba.njit(cache=True)
def inner(x):
    return x + 1

@numba.njit(cache=True)
def outer(x):
    return inner(x) * 2
"""
RUN = """
from envs.compiling import log_compilation
from kernels import outer
log_compilation()
log_compilation()
assert outer(1) == 4 and outer(1.5) == 5.0
"""


def run(folder: Path) -> str:
    """The standard error of a new process that keeps its kernels in ``folder``."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(folder)])
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr


def test_a_notice_is_logged_once_where_kernels_are_compiled_and_not_where_they_are_loaded(
    tmp_path: Path,
) -> None:
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    assert run(tmp_path).splitlines() == [COMPILATION_NOTICE]
    assert run(tmp_path) == ""


def test_progress_is_reported_by_the_time_spent_compiling(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 100.0
    monkeypatch.setattr(compiling.time, "monotonic", lambda: now)
    log = CompilationLog()

    def compile_one(seconds: float, *, inner: float = 0.0) -> None:
        nonlocal now
        log.on_start(Event("numba:compile", EventStatus.START))
        if inner:
            compile_one(inner)
        now += seconds
        log.on_end(Event("numba:compile", EventStatus.END))

    with caplog.at_level(logging.WARNING):
        compile_one(REPORT_PERIOD - 4.0)
        now += 1000.0  # driving is not compiling
        compile_one(2.0, inner=3.0)  # 11 s after the inner and outer function
        compile_one(REPORT_PERIOD - 3.0)
    assert caplog.messages == [COMPILATION_NOTICE, "compiled 3 functions so far, in 11 seconds"]
