"""Numbered messages over a socket; reading has a deadline and a maximum size.

A message is a header and bytes. The simulator never unpickles data from an agent's process.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from enum import IntEnum

from drive_stack.support.file_reading import parse_json

MAX_REPLY = 8 << 20  # of a message from an agent's process [bytes]
MAX_REQUEST = 64 << 20  # of a message to an agent's process [bytes]
MAX_JSON = 1 << 20  # of JSON in a reply; parsed JSON needs many times its size [bytes]
_HEADER = struct.Struct("<IIB")  # length of the body, number, kind
_CHUNK_SIZE = 1 << 18  # of one read from the socket [bytes]

Buffer = bytes | bytearray | memoryview


class Kind(IntEnum):
    """Kind of a message; the first four are requests."""

    DESCRIBE = 1
    BUILD = 2
    RESET = 3
    ACT = 4
    DONE = 5
    PRIVILEGED = 6  # the class needs the truth, which this process does not have
    FAILED = 7


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    kind: Kind
    number: int  # a reply has the number of its request
    body: bytearray


class MessageError(Exception):
    """The received data is no valid message. The error's text is one line."""


def send(connection: socket.socket, kind: Kind, number: int, *parts: Buffer) -> None:
    """Write one message; the parts are its body."""
    connection.settimeout(None)
    length = sum(memoryview(part).nbytes for part in parts)
    connection.sendall(_HEADER.pack(length, number, kind))
    for part in parts:
        connection.sendall(part)


def send_within(
    connection: socket.socket, kind: Kind, number: int, *parts: Buffer, deadline: float | None
) -> None:
    """Write one message as `send` does.

    Raises:
        TimeoutError: The other end has not read the message by ``deadline`` (monotonic clock).
    """
    length = sum(memoryview(part).nbytes for part in parts)
    for part in (_HEADER.pack(length, number, kind), *parts):
        connection.settimeout(_remaining_time(deadline))
        connection.sendall(part)


def receive(connection: socket.socket, *, max_length: int, deadline: float | None = None) -> Message:
    """Read one message.

    Raises:
        TimeoutError: The monotonic clock has reached ``deadline``.
        EOFError: The other end is closed.
        MessageError: The message is longer than ``max_length`` or of an unknown kind.
    """
    length, number, kind = _HEADER.unpack(_receive_exactly(connection, _HEADER.size, deadline))
    if length > max_length:
        raise MessageError(f"a message of {length} bytes, at most {max_length} are allowed")
    try:
        known = Kind(kind)
    except ValueError:
        raise MessageError(f"a message of the unknown kind {kind}") from None
    return Message(known, number, _receive_exactly(connection, length, deadline))


def read_json(body: Buffer) -> object:
    """The JSON in a body. Raises `MessageError` if it is too long or invalid."""
    if memoryview(body).nbytes > MAX_JSON:
        raise MessageError(f"{memoryview(body).nbytes} bytes of JSON, at most {MAX_JSON} are allowed")
    try:
        return parse_json(bytes(body).decode())
    except ValueError as error:
        raise MessageError(f"no valid JSON: {type(error).__name__}") from None


def _receive_exactly(connection: socket.socket, length: int, deadline: float | None) -> bytearray:
    data = bytearray()
    while len(data) < length:  # grows with the received data, since the stated length may be wrong
        connection.settimeout(_remaining_time(deadline))
        chunk = connection.recv(min(length - len(data), _CHUNK_SIZE))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _remaining_time(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    remaining = deadline - time.monotonic()
    if remaining <= 0.0:
        raise TimeoutError
    return remaining
