"""Termination signals: handled like Ctrl-C, and deferred during writes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drive_stack.support.interrupts import (
    TERMINATION,
    Terminated,
    defer_interrupts,
    preserve_termination_handlers,
    raise_on_termination,
)

ROOT = Path(__file__).resolve().parents[2]
WAITING = """
import sys, time
import run_sim
def wait():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)
run_sim.COMMANDS["report"] = lambda *_: wait
sys.exit(run_sim.main(["report"]))
"""


@pytest.fixture(autouse=True)
def default_handlers() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in TERMINATION}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("sent_signal", TERMINATION)
def test_the_command_line_cleans_up_and_names_the_signal(sent_signal: signal.Signals) -> None:
    command = [sys.executable, "-c", WAITING]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as run:
        try:
            assert run.stdout is not None and run.stdout.readline() == "ready\n"
            run.send_signal(sent_signal)
            output, error = run.communicate(timeout=30)
        finally:
            run.kill()
    assert (output, error) == ("cleaned up\n", f"run_sim.py: stopped by {sent_signal.name}\n")
    assert run.returncode == 128 + sent_signal


@pytest.mark.parametrize("sent_signal", TERMINATION)
def test_a_signal_waits_until_a_write_is_complete(sent_signal: signal.Signals) -> None:
    written = []
    with pytest.raises(Terminated, match=sent_signal.name), raise_on_termination(), defer_interrupts():
        signal.raise_signal(sent_signal)
        written.append(True)
    assert written == [True] and signal.getsignal(sent_signal) is signal.SIG_DFL


def test_processes_started_meanwhile_can_be_ended() -> None:
    with raise_on_termination(), defer_interrupts():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    child.terminate()
    assert child.wait(timeout=30) == -signal.SIGTERM


def test_ignored_or_handled_signals_stay_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    with raise_on_termination():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert callable(signal.getsignal(signal.SIGTERM))
        with defer_interrupts():
            signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_the_signal_is_known_even_if_a_library_raises_its_own_interrupt() -> None:
    """Ray does so if a handler raises while Ray waits."""
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"), raise_on_termination():
        with suppress(Terminated):
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt) as caught, raise_on_termination():
        raise KeyboardInterrupt
    assert not isinstance(caught.value, Terminated)


def test_ctrl_c_is_handled_even_if_it_would_end_the_process_by_default() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), raise_on_termination():
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a background job of a shell
        with raise_on_termination():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc to see what is imported")
def test_ctrl_c_during_the_imports_leaves_no_traceback() -> None:
    command = [sys.executable, "run_sim.py", "--list"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        try:
            while "numpy" not in Path(f"/proc/{run.pid}/maps").read_text():
                assert run.poll() is None
            run.send_signal(signal.SIGINT)
            messages = run.communicate(timeout=30)[1]
        finally:
            run.kill()
    assert (run.returncode, messages) == (-signal.SIGINT, "")


def test_a_library_does_not_keep_its_own_handler() -> None:
    with raise_on_termination():
        before = signal.getsignal(signal.SIGTERM)
        with preserve_termination_handlers():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) == before
