"""The paths on which controllers are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.types import FloatArray

STEP = 0.25  # between samples of a path [m]
RUN_UP = 20.0  # straight, before the first curve [m]


@dataclass(frozen=True, slots=True)
class StudyPath:
    """A path with its speed and the start of the car."""

    name: str
    speed: float  # [m/s]
    line: ReferenceLine
    start_offset: float = 0.0  # lateral position of the car at the start, left of the path [m]


def study_paths() -> tuple[StudyPath, ...]:
    """All paths.

    Arcs start at full curvature, like those of the simulator's roads; the S-bend has clothoids.
    """
    return (
        StudyPath("lateral offset 1 m, 25 m/s", 25.0, _straight(25.0), start_offset=1.0),
        StudyPath("radius 500 m, 30 m/s", 30.0, _arc(500.0, 400.0, 30.0)),
        StudyPath("radius 250 m, 22 m/s", 22.0, _arc(250.0, 300.0, 22.0)),
        StudyPath("S-bend 250 m, 22 m/s", 22.0, _s_bend(250.0, 22.0)),
        StudyPath("lane change, 25 m/s", 25.0, double_lane_change(25.0)),
        StudyPath("lane change, 33 m/s", 33.0, double_lane_change(33.0)),
        StudyPath("tight turn 12 m, 5 m/s", 5.0, _tight_turn(12.0, 5.0)),
    )


def curvature_path(pieces: Sequence[tuple[float, float, float]]) -> ReferenceLine:
    """A path from the origin of ``pieces`` (length [m], curvature at the start and at the end [1/m])."""
    ends = np.cumsum([0.0, *(length for length, _, _ in pieces)])
    station = np.arange(0.0, ends[-1], STEP)
    piece = np.clip(np.searchsorted(ends, station, side="right") - 1, 0, len(pieces) - 1)
    length, start, end = np.array(pieces)[piece].T
    curvature = start + (end - start) * (station - ends[piece]) / length
    heading = _integral(curvature)
    centre = (heading[1:] + heading[:-1]) / 2.0
    xy = np.zeros((len(station), 2))
    xy[1:] = np.cumsum(STEP * np.stack([np.cos(centre), np.sin(centre)], axis=1), axis=0)
    return ReferenceLine(station, xy, heading, curvature)


def double_lane_change(speed: float, offset: float = 3.5, ramp: float = 60.0) -> ReferenceLine:
    """Double lane change with the shape of ISO 3888-1.

    The path changes by ``offset`` [m] to the left over a length ``ramp`` [m], runs straight for 25 m, and
    returns. The ramps are quintic polynomials. They are longer than the 30 m and 25 m of the standard, for
    which the tyres would be insufficient.
    """
    x = np.arange(0.0, RUN_UP + 2.0 * ramp + 25.0 + 8.0 * speed, STEP)
    outward, back = (x - RUN_UP) / ramp, (x - RUN_UP - ramp - 25.0) / ramp
    y, slope, second_derivative = (
        offset * (first - second) / ramp**order
        for order, (first, second) in enumerate(zip(_smooth_step(outward), _smooth_step(back), strict=True))
    )
    station = _integral(np.sqrt(1.0 + slope**2))
    curvature = second_derivative / (1.0 + slope**2) ** 1.5
    return ReferenceLine(station, np.stack([x, y], axis=1), np.arctan(slope), curvature)


def _straight(speed: float) -> ReferenceLine:
    return curvature_path([(14.0 * speed, 0.0, 0.0)])


def _arc(radius: float, length: float, speed: float) -> ReferenceLine:
    curvature = 1.0 / radius
    return curvature_path([(RUN_UP, 0.0, 0.0), (length, curvature, curvature), (8.0 * speed, 0.0, 0.0)])


def _s_bend(radius: float, speed: float) -> ReferenceLine:
    curvature, clothoid, arc = 1.0 / radius, 50.0, 60.0
    left, right = (arc, curvature, curvature), (arc, -curvature, -curvature)
    return curvature_path(
        [
            (RUN_UP, 0.0, 0.0),
            (clothoid, 0.0, curvature),
            left,
            (2.0 * clothoid, curvature, -curvature),
            right,
            (clothoid, -curvature, 0.0),
            (8.0 * speed, 0.0, 0.0),
        ]
    )


def _tight_turn(radius: float, speed: float) -> ReferenceLine:
    curvature, clothoid = 1.0 / radius, 4.0
    arc = radius * np.pi / 2.0 - clothoid
    turn = [(clothoid, 0.0, curvature), (arc, curvature, curvature), (clothoid, curvature, 0.0)]
    return curvature_path([(RUN_UP, 0.0, 0.0), *turn, (8.0 * speed, 0.0, 0.0)])


def _integral(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) * STEP / 2.0)])


def _smooth_step(fraction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A step from 0 to 1 without slope or curvature at its ends, and its first and second derivatives."""
    s = np.clip(fraction, 0.0, 1.0)
    return (
        s**3 * (10.0 - 15.0 * s + 6.0 * s**2),
        30.0 * s**2 * (1.0 - s) ** 2,
        60.0 * s * (1.0 - s) * (1.0 - 2.0 * s),
    )
