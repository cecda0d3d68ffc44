"""Oracle detector and lifter, which read the camera's labels and the true positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.interfaces import TruthSource
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import (
    Detection,
    FloatArray,
    FrameLabels,
    GroundEstimate,
    Image,
    LabelBox,
    LiftedObject,
    Observation,
)
from drive_stack.world_state import EgoState, WorldState

MIN_VISIBLE_FRACTION = 0.25  # of a labelled object that is detected
MIN_IOU = 0.3  # of a detection and the label that it is matched with
POSITION_STD = 0.05  # standard deviation of a position [m]


class TrueDetector:
    """Detects every sufficiently visible object."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def detect(self, image: Image) -> tuple[Detection, ...]:  # noqa: ARG002
        """Return the labelled boxes with a visible fraction of at least 0.25, with confidence 1."""
        boxes = self._truth.labels().boxes
        return tuple(
            Detection(box.box, box.label, 1.0) for box in boxes if box.visible >= MIN_VISIBLE_FRACTION
        )


class TrueLifter:
    """Places each detection at the true position of the object whose label it overlaps."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def lift(
        self,
        detections: tuple[Detection, ...],
        ground: GroundEstimate | None = None,  # noqa: ARG002 - required by the protocol
    ) -> tuple[LiftedObject, ...]:
        """Return the objects in the order of their detections; detections without a label are dropped."""
        if not detections:
            return ()
        state, labels = self._truth.world_state(), self._truth.labels()
        lifted = []
        for detection in detections:
            label = _matching_label(detection, labels)
            located = None if label is None else _locate(state, label)
            if located is not None:
                position, width = located
                lifted.append(
                    LiftedObject(
                        position,
                        np.eye(2) * POSITION_STD**2,
                        detection.label,
                        detection.confidence,
                        width,
                        detection,
                    )
                )
        return tuple(lifted)


def _matching_label(detection: Detection, labels: FrameLabels) -> LabelBox | None:
    best = max(labels.boxes, key=lambda label: iou(detection.box, label.box), default=None)
    return best if best is not None and iou(detection.box, best.box) >= MIN_IOU else None


def iou(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> float:
    """Return the intersection over union, 0 to 1, of two boxes (left, top, right, bottom) [px]."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return width * height / (sum(areas) - width * height)


def _locate(state: WorldState, label: LabelBox) -> tuple[FloatArray, float] | None:
    """Position in the ego frame [m], (2,), and width [m] of a labelled object; None if it no longer exists.

    The position of a vehicle is the centre of its nearest end, that of a pedestrian or obstacle its foot.
    """
    ego = state.ego
    origin = np.array([ego.x, ego.y])
    if GROUPS[label.label] is not ClassGroup.VEHICLES:
        is_static = GROUPS[label.label] is ClassGroup.OBSTACLES
        group = state.obstacles if is_static else state.pedestrians
        return _locate_foot(label, ego, group.id, group.x, group.y, group.width)
    vehicles, background = state.vehicles, state.background_vehicles
    row = _row_of(label, vehicles.id)
    if row is None and background is not None:
        vehicles, row = background, _row_of(label, background.id)
    if row is None:
        return None
    centre = to_local(np.array([vehicles.x[row], vehicles.y[row]]), origin, ego.yaw)
    yaw = wrap_angle(float(vehicles.yaw[row]) - ego.yaw)
    half = np.array([np.cos(yaw), np.sin(yaw)]) * float(vehicles.length[row]) / 2.0
    faces = (centre - half, centre + half)
    return min(faces, key=lambda face: float(np.hypot(*face))), float(vehicles.width[row])


def _locate_foot(
    label: LabelBox,
    ego: EgoState,
    ids: NDArray[np.int64],
    x: FloatArray,
    y: FloatArray,
    width: FloatArray,
) -> tuple[FloatArray, float] | None:
    """`_locate` for a pedestrian or an obstacle."""
    row = _row_of(label, ids)
    if row is None:
        return None
    foot = to_local(np.array([x[row], y[row]]), np.array([ego.x, ego.y]), ego.yaw)
    return foot, float(width[row])


def _row_of(label: LabelBox, ids: NDArray[np.int64]) -> int | None:
    """Row of the labelled actor in ``ids``; None if it no longer exists."""
    rows = np.flatnonzero(ids == label.actor_id)
    return int(rows[0]) if len(rows) else None


class TrueGrip:
    """A `GripEstimator` that knows the surface of the road."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def estimate(self, observation: Observation) -> float:  # noqa: ARG002 - the truth is used
        """Return the grip of the road [m/s²]."""
        return self._truth.world_state().conditions.grip
