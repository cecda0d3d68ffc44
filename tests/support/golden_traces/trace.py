"""Golden trace files: ``.json.gz``, one short drive each.

``{"about": {...}, "steps": [{"given": {...}, "gave": {...}}, ...]}``, records in the form of `codec`.
``given`` is what came from the world, ``gave`` what each stage made of it: a stage's input is what the
stages before it are recorded to have given, so that a change in one shows in that one alone.
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
class Given:
    """One step's inputs that no replayed stage made."""

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
class Gave:
    """One step's outputs, stage by stage; of the plan all but the rejected candidates."""

    lifter: tuple[LiftedObject, ...]
    tracker: tuple[Track, ...]
    predictor: tuple[Prediction, ...]
    planner: Plan
    lateral: float  # steering [rad]
    longitudinal: float  # [m/s²]


@dataclass(frozen=True, slots=True)
class Step:
    """One instant."""

    given: Given
    gave: Gave


@dataclass(frozen=True, slots=True)
class About:
    """Where a trace comes from; its stages were reset at its first step."""

    scenario: str
    seed: int
    first_step: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A short drive."""

    about: About
    steps: tuple[Step, ...]


def read_trace(path: Path) -> Trace:
    """Read a file. Raises `ConfigError` where it does not fit the present records."""
    try:
        return decode(Trace, json.loads(gzip.decompress(path.read_bytes())))
    except (TypeError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path}: not a golden trace of these records: {error}") from error


def write_trace(path: Path, trace: Trace) -> None:
    """Write a file; the same trace gives the same bytes."""
    text = json.dumps(encode(trace), separators=(",", ":"), allow_nan=False)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
