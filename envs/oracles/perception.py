"""Boxes from the camera's labels, and where their objects are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.interfaces import TruthSource
from drive_stack.types import Detection, FloatArray, FrameLabels, Image, LabelBox, LiftedObject, ObjectClass
from drive_stack.world_state import EgoState, WorldState

SEEN = 0.25  # share visible from which a box counts
SAME = 0.3  # overlap (IoU) from which a detection is that of a label
SURE = 0.05  # standard deviation of a true position [m]


class TrueDetector:
    """What a perfect detector would find."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def detect(self, image: Image) -> tuple[Detection, ...]:  # noqa: ARG002
        """Every labelled box that is visible enough, with confidence 1."""
        boxes = self._truth.labels().boxes
        return tuple(Detection(box.box, box.label, 1.0) for box in boxes if box.visible >= SEEN)


class TrueLifter:
    """Places each detection at the object whose label it overlaps; others are dropped."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def lift(self, detections: tuple[Detection, ...]) -> tuple[LiftedObject, ...]:
        """Objects in the order of their detections."""
        if not detections:
            return ()
        state, labels = self._truth.world_state(), self._truth.labels()
        found = []
        for detection in detections:
            label = _same(detection, labels)
            place = None if label is None else _place(state, label)
            if place is not None:
                position, width = place
                found.append(
                    LiftedObject(
                        position, np.eye(2) * SURE**2, detection.label, detection.confidence, width, detection
                    )
                )
        return tuple(found)


def _same(detection: Detection, labels: FrameLabels) -> LabelBox | None:
    best = max(labels.boxes, key=lambda label: overlap(detection.box, label.box), default=None)
    return best if best is not None and overlap(detection.box, best.box) >= SAME else None


def overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0.0 or high <= 0.0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return wide * high / (sum(areas) - wide * high)


def _place(state: WorldState, label: LabelBox) -> tuple[FloatArray, float] | None:
    """Nearest face's centre (feet of a person) in the ego frame, and width; None when it is gone."""
    ego = state.ego
    origin = np.array([ego.x, ego.y])
    if label.label is ObjectClass.PEDESTRIAN:
        people = state.pedestrians
        return _upright(label, ego, people.id, people.x, people.y, 2.0 * people.radius)
    if label.label is ObjectClass.OBSTACLE:
        things = state.obstacles
        return _upright(label, ego, things.id, things.x, things.y, things.width)
    vehicles = state.vehicles
    row = _row_of(label, vehicles.id)
    if row is None:
        return None
    centre = to_local(np.array([vehicles.x[row], vehicles.y[row]]), origin, ego.yaw)
    yaw = wrap_angle(float(vehicles.yaw[row]) - ego.yaw)
    half = np.array([np.cos(yaw), np.sin(yaw)]) * float(vehicles.length[row]) / 2.0
    faces = (centre - half, centre + half)
    return min(faces, key=lambda face: float(np.hypot(*face))), float(vehicles.width[row])


def _upright(
    label: LabelBox,
    ego: EgoState,
    ids: NDArray[np.int64],
    x: FloatArray,
    y: FloatArray,
    width: FloatArray,
) -> tuple[FloatArray, float] | None:
    """The same of a thing that stands on one spot."""
    row = _row_of(label, ids)
    if row is None:
        return None
    foot = to_local(np.array([x[row], y[row]]), np.array([ego.x, ego.y]), ego.yaw)
    return foot, float(width[row])


def _row_of(label: LabelBox, ids: NDArray[np.int64]) -> int | None:
    """Where the labelled actor stands among ``ids``; None when it is gone."""
    rows = np.flatnonzero(ids == label.actor_id)
    return int(rows[0]) if len(rows) else None
