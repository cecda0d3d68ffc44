"""Agents for tests that write invalid messages to the connection to the simulator."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import numpy as np
from hostile_agents import COAST, Hostile

from drive_stack.types import Observation


def own_connection() -> object:
    """The socket over which the agent's process replies."""
    import socket  # noqa: PLC0415

    return next(entry for entry in gc.get_objects() if isinstance(entry, socket.socket))


class Sends(Hostile):
    """Sends ``raw`` over the connection instead of a reply."""

    raw: Callable[[], bytes] = staticmethod(lambda: b"")

    def act(self, observation: Observation) -> object:
        own_connection().sendall(type(self).raw())  # type: ignore[attr-defined]
        time.sleep(600)
        return COAST


def message(body: bytes, number: int = 3, kind: int = 5, length: int | None = None) -> bytes:
    import struct  # noqa: PLC0415

    return struct.pack("<IIB", len(body) if length is None else length, number, kind) + body


class SendsTooMuch(Sends):
    raw = staticmethod(lambda: message(b"", length=200_000_000))


class SendsHalf(Sends):
    raw = staticmethod(lambda: message(b"half", length=5_000_000))


class SendsNoKind(Sends):
    raw = staticmethod(lambda: message(b"", kind=99))


class SendsAnOldNumber(Sends):
    raw = staticmethod(lambda: message(bytes(16), number=1))


class SendsNotANumber(Sends):
    raw = staticmethod(lambda: message(np.array([np.nan, 0.0]).tobytes()))


class SendsNothing(Sends):
    raw = staticmethod(lambda: message(b""))


class SendsDeepJson(Sends):
    raw = staticmethod(lambda: message(b"[" * 500_000, kind=7))


class SendsADeepTrace(Sends):
    raw = staticmethod(lambda: message(bytes(16) + (500_000).to_bytes(4, "little") + b"[" * 500_000))


class SendsAPickle(Sends):
    raw = staticmethod(lambda: message(b"cos\nsystem\n(S'touch unpickled'\ntR.", kind=7))
