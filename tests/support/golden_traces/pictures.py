"""Golden answers to single pictures: a JPEG each, and beside it what detector and lanes made of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.pipeline import Stages
from drive_stack.support import jpeg
from drive_stack.types import Detection, Image, LaneEstimate
from golden_traces.codec import decode, encode

QUALITY = 85
SPEED = 20.0  # with which the lanes are carried on [m/s]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is made of one picture."""

    detector: tuple[Detection, ...]
    lanes: LaneEstimate  # from this picture alone
    lanes_later: LaneEstimate  # one step on, without a further picture


def look(stages: Stages, image: Image) -> Sight:
    """What the stages make of a picture, with nothing remembered."""
    stages.lanes.reset()
    return Sight(
        detector=stages.detector.detect(image),
        lanes=stages.lanes.estimate(image, SPEED, 0.0),
        lanes_later=stages.lanes.estimate(None, SPEED, 0.0),
    )


def read_picture(path: Path) -> Image:
    """An (H, W, 3) RGB picture. Raises `ConfigError` where it cannot be read."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    try:
        return jpeg.decode(np.frombuffer(path.read_bytes(), dtype=np.uint8))
    except ValueError:
        raise ConfigError(f"{path}: not a picture") from None


def write_picture(path: Path, image: Image) -> None:
    """Write a JPEG."""
    path.write_bytes(jpeg.encode(image, QUALITY, full_colour=False).tobytes())


def read_sight(path: Path) -> Sight:
    """Read the answers. Raises `ConfigError` where they do not fit the present records."""
    try:
        return decode(Sight, json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path}: not golden answers of these records: {error}") from error


def write_sight(path: Path, sight: Sight) -> None:
    """Write the answers."""
    path.write_text(json.dumps(encode(sight), separators=(",", ":"), allow_nan=False), encoding="utf-8")
