"""The recorded motion of the ego and of the road user that it collided with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene
from drive_stack.types import FloatArray

MIN_VEHICLE_LENGTH = 2.0  # shorter actors (pedestrians, cones) occlude nothing and keep no lane [m]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Recorded motion of one actor over T instants, in stations and laterals."""

    centre: FloatArray  # (T, 2) [m]
    velocity: FloatArray  # (T, 2) [m/s]
    heading: FloatArray  # (T,) relative to the road's direction, unwrapped [rad]
    length: float
    width: float

    @property
    def is_vehicle(self) -> bool:
        """Whether it is longer than a pedestrian or a cone."""
        return self.length > MIN_VEHICLE_LENGTH


@dataclass(frozen=True, slots=True)
class Encounter:
    """The last unbroken sequence of instants at which the other actor is on record: T rows."""

    time: FloatArray  # (T,) [s]
    ego: Trajectory
    other: Trajectory
    visible: NDArray[np.bool_]  # (T,) whether nothing occludes the other from the ego
    speed_limit: FloatArray  # (T,) [m/s]
    grip: float  # [m/s²]
    curvature: float  # greatest absolute curvature of the road driven [1/m]
    lanes: FloatArray  # (L,) laterals of the lane centres at the end [m]

    @property
    def clearance(self) -> FloatArray:
        """(T, 2) longitudinal and lateral gap between the boxes [m], negative where their extents overlap."""
        sizes = np.array([self.ego.length + self.other.length, self.ego.width + self.other.width])
        return np.asarray(np.abs(self.offset) - sizes / 2.0, dtype=np.float64)

    @property
    def offset(self) -> FloatArray:
        """(T, 2) longitudinal and lateral offset of the other's centre from the ego's [m]."""
        return self.other.centre - self.ego.centre


def build_encounter(scenes: Sequence[RoadScene], actor: int) -> Encounter | None:
    """Extract the motion of ``actor`` and the ego from the scenes; None where no scene holds the actor."""
    rows = [np.flatnonzero(scene.ids == actor) for scene in scenes]
    present = [len(row) > 0 for row in rows]
    if not any(present):
        return None
    end = len(scenes) - present[::-1].index(True)
    length = next((back for back, is_present in enumerate(present[:end][::-1]) if not is_present), end)
    selected = scenes[end - length : end]
    index = [int(row[0]) for row in rows[end - length : end]]
    return Encounter(
        time=np.array([scene.time for scene in selected]),
        ego=_trajectory([scene.ego for scene in selected], [0] * len(selected)),
        other=_trajectory([scene.others for scene in selected], index),
        visible=np.array([not _is_occluded(scene, row) for scene, row in zip(selected, index, strict=True)]),
        speed_limit=np.array([scene.speed_limit for scene in selected]),
        grip=selected[-1].grip,
        curvature=max(abs(scene.curvature) for scene in selected),
        lanes=selected[-1].lanes,
    )


def _trajectory(boxes: Sequence[MovingBoxes], rows: Sequence[int]) -> Trajectory:
    pairs = list(zip(boxes, rows, strict=True))
    return Trajectory(
        centre=np.array([box.centre[row] for box, row in pairs]),
        velocity=np.array([box.velocity[row] for box, row in pairs]),
        heading=np.unwrap([box.heading[row] for box, row in pairs]),
        length=float(boxes[-1].length[rows[-1]]),
        width=float(boxes[-1].width[rows[-1]]),
    )


def _is_occluded(scene: RoadScene, row: int) -> bool:
    """Whether another vehicle's box crosses the line from the ego's centre to that of ``row`` (plan view)."""
    others = scene.others
    if len(others.heading) < 2:
        return False
    start, target = scene.ego.centre[0], others.centre[row]
    axes = others.axes()  # of each box: forward, left
    origin = np.einsum("nkd,nd->nk", axes, start - others.centre)
    direction = np.einsum("nkd,d->nk", axes, target - start)
    half = np.stack([others.length, others.width], axis=1) / 2.0
    safe = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
    enter = np.minimum((-half - origin) / safe, (half - origin) / safe).max(axis=1)
    leave = np.maximum((-half - origin) / safe, (half - origin) / safe).min(axis=1)
    between = (enter <= leave) & (enter > 0.0) & (leave < 1.0)
    between[row] = False
    return bool(np.any(between & (others.length > MIN_VEHICLE_LENGTH)))
