"""Golden outputs for single images: a JPEG file, and next to it the outputs of detector and lanes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.pipeline.driving import Stages
from drive_stack.support import jpeg
from drive_stack.types import Detection, Image, LaneEstimate
from golden_traces.codec import decode, encode

QUALITY = 85
SPEED = 20.0  # at which the lanes are propagated [m/s]


@dataclass(frozen=True, slots=True)
class ImageOutputs:
    """Outputs for one image."""

    detector: tuple[Detection, ...]
    lanes: LaneEstimate  # from this image alone
    lanes_later: LaneEstimate  # one step later, without another image


def run_networks(stages: Stages, image: Image) -> ImageOutputs:
    """Run detector and lanes on one image, after a reset."""
    stages.lanes.reset()
    return ImageOutputs(
        detector=stages.detector.detect(image),
        lanes=stages.lanes.estimate(image, SPEED, 0.0),
        lanes_later=stages.lanes.estimate(None, SPEED, 0.0),
    )


def read_image(path: Path) -> Image:
    """Read an (H, W, 3) RGB image. Raises `ConfigError` where it cannot be read."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    try:
        return jpeg.decode(np.frombuffer(path.read_bytes(), dtype=np.uint8))
    except ValueError:
        raise ConfigError(f"{path}: not an image") from None


def write_image(path: Path, image: Image) -> None:
    """Write a JPEG."""
    path.write_bytes(jpeg.encode(image, QUALITY, full_colour=False).tobytes())


def read_outputs(path: Path) -> ImageOutputs:
    """Read the outputs. Raises `ConfigError` where they do not match the present records."""
    try:
        return decode(ImageOutputs, json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path}: not golden outputs of these records: {error}") from error


def write_outputs(path: Path, outputs: ImageOutputs) -> None:
    """Write the outputs."""
    path.write_text(json.dumps(encode(outputs), separators=(",", ":"), allow_nan=False), encoding="utf-8")
