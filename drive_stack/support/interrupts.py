"""Ctrl-C and requests to terminate, at a moment when nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

TERMINATION = (signal.SIGTERM, signal.SIGHUP)  # of schedulers, containers and closed terminals


class Terminated(KeyboardInterrupt):
    """The process was asked to end; handled wherever Ctrl-C is."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that shells give a process ended by the signal."""
        return 128 + self.number


@contextmanager
def raise_on_termination() -> Iterator[None]:
    """Here `TERMINATION` raises `Terminated`, so that results are kept and processes ended as after Ctrl-C.

    Ctrl-C raises `KeyboardInterrupt`, also where it would end the process outside of this block. A signal
    that is ignored (as by nohup) or handled already is left as it is, and so are all of them outside the
    main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def terminate(number: int, _: FrameType | None) -> None:
        came.append(number)
        raise Terminated(number)

    handlers = {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(TERMINATION, terminate)}
    taken = [one for one in handlers if signal.getsignal(one) is signal.SIG_DFL]
    for one in taken:
        signal.signal(one, handlers[one])
    try:
        yield
    except KeyboardInterrupt as error:
        if came and not isinstance(error, Terminated):  # Ray raises its own in place of what a handler raises
            raise Terminated(came[0]) from None
        raise
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


@contextmanager
def preserve_termination_handlers() -> Iterator[None]:
    """Here a library may set a handler of `TERMINATION`, as Ray does; afterwards the present one counts."""
    main = threading.current_thread() is threading.main_thread()
    before = {one: signal.getsignal(one) for one in TERMINATION if main}
    try:
        yield
    finally:
        for one, handler in before.items():
            if callable(handler):
                signal.signal(one, handler)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Ctrl-C and `TERMINATION` come a moment later here, and Ctrl-C never to processes started meanwhile.

    Blocking the signal is what such processes inherit. It does not suffice here: it blocks for one
    thread, and libraries have others that may take the signal. Processes started meanwhile must not block
    `TERMINATION`: that is how `multiprocessing` ends them.
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
    before = {
        one: signal.getsignal(one)
        for one in (signal.SIGINT, *TERMINATION)
        if callable(signal.getsignal(one))  # others have no handler that could be called late
    }
    for one in before:
        signal.signal(one, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if came:
            handler = before[signal.Signals(came[0][0])]
            if callable(handler):
                handler(*came[0])
