"""Golden trace files: ``.json.gz``, one short drive each.

``{"scene": {...}, "steps": [{"inputs": {...}, "outputs": {...}}, ...]}``, records in the form of `codec`.
``inputs`` holds the data from the world, ``outputs`` the output of each stage. A replayed stage receives the
recorded outputs of the stages before it, so a change in one stage shows in that stage alone.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.types import (
    Detection,
    LaneEstimate,
    LiftedObject,
    NavigationCommand,
    Plan,
    Prediction,
    Track,
)
from golden_traces.codec import decode, encode


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of one step that come from the world: sensor values, detections and lanes."""

    speed: float
    acceleration: float
    yaw_rate: float
    speed_limit: float
    command: NavigationCommand
    blind_spot_left: bool
    blind_spot_right: bool
    detections: tuple[Detection, ...]
    lanes: LaneEstimate
    rain: bool = False


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs of every stage in one step. The rejected candidates of the plan are left out."""

    lifter: tuple[LiftedObject, ...]
    tracker: tuple[Track, ...]
    predictor: tuple[Prediction, ...]
    planner: Plan
    lateral: float  # steering [rad]
    longitudinal: float  # [m/s²]


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step."""

    inputs: Inputs
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Scene:
    """The drive that a trace is taken from. The stages are reset at its first step."""

    scenario: str
    seed: int
    first_step: int


@dataclass(frozen=True, slots=True)
class Trace:
    """The recorded steps of a short drive."""

    scene: Scene
    steps: tuple[Step, ...]


def read_trace(path: Path) -> Trace:
    """Read a file. Raises `ConfigError` where it does not match the present records."""
    try:
        return decode(Trace, json.loads(gzip.decompress(path.read_bytes())))
    except (TypeError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path}: not a golden trace of these records: {error}") from error


def write_trace(path: Path, trace: Trace) -> None:
    """Write a file. Equal traces give equal bytes."""
    text = json.dumps(encode(trace), separators=(",", ":"), allow_nan=False)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
