"""Platform, observation and control as bytes."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, fields
from typing import cast

import numpy as np

from agents.foreign.isolated.messages import Buffer, MessageError
from drive_stack.camera_model import CameraModel
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Image, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

_LENGTH = struct.Struct("<I")
CONTROL = struct.Struct("<dd")


def platform_fields(platform: Platform) -> dict[str, object]:
    """A platform as JSON can hold it."""
    return asdict(platform)


def platform_of(found: dict[str, object]) -> Platform:
    """The platform that `platform_fields` made ``found`` of."""
    car, camera = cast(dict[str, float], found["car"]), cast(dict[str, float], found["camera"])
    return Platform(VehicleParameters(**car), CameraModel(**camera), cast(float, found["dt"]))  # type: ignore[arg-type]


def observation_parts(observation: Observation) -> tuple[Buffer, ...]:
    """An observation as the parts of a message: all fields but the picture as JSON, then the picture."""
    image = np.ascontiguousarray(observation.image)
    found = {one.name: getattr(observation, one.name) for one in fields(observation) if one.name != "image"}
    head = json.dumps(found | {"image": image.shape}).encode()
    return _LENGTH.pack(len(head)), head, image.data.cast("B")


def observation_of(body: bytearray) -> Observation:
    """The observation whose parts ``body`` holds; its picture is a view of ``body``."""
    (length,) = _LENGTH.unpack_from(body)
    begin = _LENGTH.size + length
    found = json.loads(bytes(body[_LENGTH.size : begin]))
    image: Image = np.frombuffer(body, dtype=np.uint8, offset=begin).reshape(found["image"])
    return Observation(**(found | {"image": image, "command": NavigationCommand(found["command"])}))


def control_of(body: Buffer) -> Control:
    """The control at the beginning of a reply; raises `MessageError` where it is too short."""
    if memoryview(body).nbytes < CONTROL.size:
        raise MessageError("no control")
    return Control(*CONTROL.unpack_from(body))
