"""The paths that controllers are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.types import FloatArray

STEP = 0.25  # between samples of a path [m]
RUN_UP = 20.0  # straight, before anything happens [m]


@dataclass(frozen=True, slots=True)
class StudyPath:
    """A path, the speed it is driven at, and where the car starts beside it."""

    name: str
    speed: float  # [m/s]
    line: ReferenceLine
    aside: float = 0.0  # start left of the path [m]


def study_paths() -> tuple[StudyPath, ...]:
    """All of them. The arcs begin at once, as those of the simulator's roads; the S-bend has clothoids."""
    return (
        StudyPath("1 m aside, 25 m/s", 25.0, _straight(25.0), aside=1.0),
        StudyPath("radius 500 m, 30 m/s", 30.0, _arc(500.0, 400.0, 30.0)),
        StudyPath("radius 250 m, 22 m/s", 22.0, _arc(250.0, 300.0, 22.0)),
        StudyPath("S-bend 250 m, 22 m/s", 22.0, _s_bend(250.0, 22.0)),
        StudyPath("lane change, 25 m/s", 25.0, double_lane_change(25.0)),
        StudyPath("lane change, 33 m/s", 33.0, double_lane_change(33.0)),
        StudyPath("tight turn 12 m, 5 m/s", 5.0, _tight_turn(12.0, 5.0)),
    )


def curvature_path(pieces: Sequence[tuple[float, float, float]]) -> ReferenceLine:
    """A path of ``pieces`` (length [m], curvature at its begin and at its end [1/m]), from the origin."""
    ends = np.cumsum([0.0, *(length for length, _, _ in pieces)])
    station = np.arange(0.0, ends[-1], STEP)
    piece = np.clip(np.searchsorted(ends, station, side="right") - 1, 0, len(pieces) - 1)
    length, begin, end = np.array(pieces)[piece].T
    curvature = begin + (end - begin) * (station - ends[piece]) / length
    heading = _integral(curvature)
    middle = (heading[1:] + heading[:-1]) / 2.0
    xy = np.zeros((len(station), 2))
    xy[1:] = np.cumsum(STEP * np.stack([np.cos(middle), np.sin(middle)], axis=1), axis=0)
    return ReferenceLine(station, xy, heading, curvature)


def double_lane_change(speed: float, aside: float = 3.5, ramp: float = 60.0) -> ReferenceLine:
    """Out by ``aside`` over ``ramp`` [m], 25 m there, and back: the shape of ISO 3888-1's double lane change.

    The ramps are quintics, longer than the standard's 30 and 25 m, where the tyres would not do.
    """
    x = np.arange(0.0, RUN_UP + 2.0 * ramp + 25.0 + 8.0 * speed, STEP)
    out, back = (x - RUN_UP) / ramp, (x - RUN_UP - ramp - 25.0) / ramp
    y, slope, bend = (
        aside * (first - second) / ramp**order
        for order, (first, second) in enumerate(zip(_smooth_step(out), _smooth_step(back), strict=True))
    )
    station = _integral(np.sqrt(1.0 + slope**2))
    return ReferenceLine(station, np.stack([x, y], axis=1), np.arctan(slope), bend / (1.0 + slope**2) ** 1.5)


def _straight(speed: float) -> ReferenceLine:
    return curvature_path([(14.0 * speed, 0.0, 0.0)])


def _arc(radius: float, length: float, speed: float) -> ReferenceLine:
    bend = 1.0 / radius
    return curvature_path([(RUN_UP, 0.0, 0.0), (length, bend, bend), (8.0 * speed, 0.0, 0.0)])


def _s_bend(radius: float, speed: float) -> ReferenceLine:
    bend, clothoid, arc = 1.0 / radius, 50.0, 60.0
    there, back = (arc, bend, bend), (arc, -bend, -bend)
    return curvature_path(
        [
            (RUN_UP, 0.0, 0.0),
            (clothoid, 0.0, bend),
            there,
            (2.0 * clothoid, bend, -bend),
            back,
            (clothoid, -bend, 0.0),
            (8.0 * speed, 0.0, 0.0),
        ]
    )


def _tight_turn(radius: float, speed: float) -> ReferenceLine:
    bend, clothoid = 1.0 / radius, 4.0
    arc = radius * np.pi / 2.0 - clothoid
    turn = [(clothoid, 0.0, bend), (arc, bend, bend), (clothoid, bend, 0.0)]
    return curvature_path([(RUN_UP, 0.0, 0.0), *turn, (8.0 * speed, 0.0, 0.0)])


def _integral(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) * STEP / 2.0)])


def _smooth_step(share: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """0 to 1 with no slope and no bend at either end, and its first and second derivative."""
    s = np.clip(share, 0.0, 1.0)
    return (
        s**3 * (10.0 - 15.0 * s + 6.0 * s**2),
        30.0 * s**2 * (1.0 - s) ** 2,
        60.0 * s * (1.0 - s) * (1.0 - 2.0 * s),
    )
