"""Handling of Ctrl-C and termination signals, deferred while an operation must not be interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

# sent by schedulers, containers and closed terminals; Windows has no SIGHUP
TERMINATION = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)


class Terminated(KeyboardInterrupt):
    """The process received a termination signal; handled wherever Ctrl-C is."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that shells report for a process that the signal ended."""
        return 128 + self.number


@contextmanager
def raise_on_termination() -> Iterator[None]:
    """Raise `Terminated` at a signal of `TERMINATION` within this context.

    Results are then saved and processes stopped as for Ctrl-C.

    Ctrl-C raises `KeyboardInterrupt`, even if it would end the process outside this context. Signals that are
    ignored (as by nohup) or already handled are not changed. Outside the main thread no signal is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def terminate(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise Terminated(number)

    handlers = {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(TERMINATION, terminate)}
    changed = [number for number in handlers if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, handlers[number])
    try:
        yield
    except KeyboardInterrupt as error:
        if received and not isinstance(error, Terminated):  # Ray replaces the handler's exception by its own
            raise Terminated(received[0]) from None
        raise
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def preserve_termination_handlers() -> Iterator[None]:
    """Restore the handlers of `TERMINATION` after this context, where a library such as Ray may set them."""
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in TERMINATION if main}
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Defer Ctrl-C and `TERMINATION` to the end of this context.

    Processes that are started in it never receive Ctrl-C, because they inherit the blocked SIGINT. Blocking
    alone does not defer it in this process: it applies to one thread, and the threads of libraries can still
    receive the signal. `TERMINATION` is not blocked, because `multiprocessing` ends processes with SIGTERM.
    Windows blocks no signals; there the handlers alone defer them.
    """
    can_block = hasattr(signal, "pthread_sigmask")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else set()
    try:
        main = threading.current_thread() is threading.main_thread()
        with _deferred_handlers() if main else nullcontext():  # signals interrupt only the main thread
            yield
    finally:
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _deferred_handlers() -> Iterator[None]:
    received: list[tuple[int, FrameType | None]] = []
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, *TERMINATION)
        if callable(signal.getsignal(number))  # the others have no handler to call later
    }
    for number in before:
        signal.signal(number, lambda number, frame: received.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            handler = before[signal.Signals(received[0][0])]
            if callable(handler):
                handler(*received[0])
