"""Encoding of platform, observation and control as bytes."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, fields

import numpy as np
from pydantic import TypeAdapter

from drive_stack.interfaces import Platform
from drive_stack.types import Control, Image, NavigationCommand, Observation

from .messages import Buffer, MessageError

_LENGTH = struct.Struct("<I")
CONTROL = struct.Struct("<dd")


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A request to build an agent."""

    spec: str
    platform: Platform
    overrides: tuple[str, ...]  # settings such as "step_limit=5"
    trusted: bool  # whether code in the agent's file may be executed

    def encode(self) -> bytes:
        """The request as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, body: Buffer) -> BuildRequest:
        """The inverse of `encode`."""
        return _BUILD_REQUEST.validate_json(bytes(body))


_BUILD_REQUEST = TypeAdapter(BuildRequest)


def observation_parts(observation: Observation) -> tuple[Buffer, ...]:
    """An observation as the parts of a message: all fields but the image as JSON, then the image."""
    image = np.ascontiguousarray(observation.image)
    values = {
        entry.name: getattr(observation, entry.name) for entry in fields(observation) if entry.name != "image"
    }
    head = json.dumps(values | {"image": image.shape}).encode()
    return _LENGTH.pack(len(head)), head, image.data.cast("B")


def observation_of(body: bytearray) -> Observation:
    """The inverse of `observation_parts`; the image is a view of ``body``."""
    (length,) = _LENGTH.unpack_from(body)
    start = _LENGTH.size + length
    values = json.loads(bytes(body[_LENGTH.size : start]))
    image: Image = np.frombuffer(body, dtype=np.uint8, offset=start).reshape(values["image"])
    return Observation(**(values | {"image": image, "command": NavigationCommand(values["command"])}))


def control_of(body: Buffer) -> Control:
    """The control at the start of a reply. Raises `MessageError` if the reply is too short."""
    if memoryview(body).nbytes < CONTROL.size:
        raise MessageError("no control")
    return Control(*CONTROL.unpack_from(body))
