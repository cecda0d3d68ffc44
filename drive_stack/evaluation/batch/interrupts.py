"""Ctrl-C at a moment when nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C comes a moment later here, and never to processes started meanwhile.

    Blocking the signal is what such processes inherit. It does not suffice here: it blocks for one
    thread, and libraries have others that may take the signal.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        main = threading.current_thread() is threading.main_thread()
        with _noted() if main else nullcontext():  # only the main thread is ever interrupted
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _noted() -> Iterator[None]:
    came: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came and callable(before):
            before(*came[0])
