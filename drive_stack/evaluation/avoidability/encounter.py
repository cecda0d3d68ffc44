"""The ego and the road user that it hit, as the record has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.on_road import MovingBoxes, OnRoad
from drive_stack.types import FloatArray

SEEN_OVER = 2.0  # shorter things, such as people and cones, hide nobody, and have no lane to wander in [m]


@dataclass(frozen=True, slots=True)
class Course:
    """One body over T instants, in stations and laterals."""

    centre: FloatArray  # (T, 2) [m]
    velocity: FloatArray  # (T, 2) [m/s]
    heading: FloatArray  # (T,) from the road's direction, unwrapped [rad]
    length: float
    width: float

    @property
    def is_vehicle(self) -> bool:
        """Whether it is too long for a person or a cone."""
        return self.length > SEEN_OVER


@dataclass(frozen=True, slots=True)
class Encounter:
    """The instants at which the other is on record, without a gap up to the last of them: T rows."""

    time: FloatArray  # (T,) [s]
    ego: Course
    other: Course
    in_sight: NDArray[np.bool_]  # (T,) nothing stands between the two
    speed_limit: FloatArray  # (T,) [m/s]
    grip: float  # [m/s²]
    curvature: float  # of the sharpest bend driven, ≥ 0 [1/m]
    lanes: FloatArray  # laterals of the lanes' centres at the end [m]

    @property
    def clearance(self) -> FloatArray:
        """(T, 2) gaps along and across the road, negative where the boxes' shadows overlap [m]."""
        sizes = np.array([self.ego.length + self.other.length, self.ego.width + self.other.width])
        return np.asarray(np.abs(self.apart) - sizes / 2.0, dtype=np.float64)

    @property
    def apart(self) -> FloatArray:
        """(T, 2) from the ego's centre to the other's [m]."""
        return self.other.centre - self.ego.centre


def encounter_of(scenes: Sequence[OnRoad], actor: int) -> Encounter | None:
    """Read ``actor`` and the ego from the scenes; None where it is in none of them."""
    rows = [np.flatnonzero(scene.ids == actor) for scene in scenes]
    present = [len(row) > 0 for row in rows]
    if not any(present):
        return None
    end = len(scenes) - present[::-1].index(True)
    begin = end - next((back for back, there in enumerate(present[:end][::-1]) if not there), end)
    kept = scenes[begin:end]
    index = [int(row[0]) for row in rows[begin:end]]
    return Encounter(
        time=np.array([scene.time for scene in kept]),
        ego=_course([scene.ego for scene in kept], [0] * len(kept)),
        other=_course([scene.others for scene in kept], index),
        in_sight=np.array([not _hidden(scene, row) for scene, row in zip(kept, index, strict=True)]),
        speed_limit=np.array([scene.speed_limit for scene in kept]),
        grip=kept[-1].grip,
        curvature=max(abs(scene.curvature) for scene in kept),
        lanes=kept[-1].lanes,
    )


def _course(boxes: Sequence[MovingBoxes], rows: Sequence[int]) -> Course:
    pairs = list(zip(boxes, rows, strict=True))
    return Course(
        centre=np.array([box.centre[row] for box, row in pairs]),
        velocity=np.array([box.velocity[row] for box, row in pairs]),
        heading=np.unwrap([box.heading[row] for box, row in pairs]),
        length=float(boxes[-1].length[rows[-1]]),
        width=float(boxes[-1].width[rows[-1]]),
    )


def _hidden(scene: OnRoad, row: int) -> bool:
    """Whether another box stands between the ego's centre and that of ``row``, seen from above."""
    others = scene.others
    if len(others.heading) < 2:
        return False
    eye, target = scene.ego.centre[0], others.centre[row]
    axes = others.axes()  # of each box: forward, left
    begin = np.einsum("nkd,nd->nk", axes, eye - others.centre)
    way = np.einsum("nkd,d->nk", axes, target - eye)
    half = np.stack([others.length, others.width], axis=1) / 2.0
    safe = np.where(np.abs(way) < 1e-9, 1e-9, way)
    enter = np.minimum((-half - begin) / safe, (half - begin) / safe).max(axis=1)
    leave = np.maximum((-half - begin) / safe, (half - begin) / safe).min(axis=1)
    between = (enter <= leave) & (enter > 0.0) & (leave < 1.0)
    between[row] = False
    return bool(np.any(between & (others.length > SEEN_OVER)))
