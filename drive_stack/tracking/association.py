"""Assignment of detected objects to targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.tracking.kernels import Measurement, closest_distances
from drive_stack.tracking.track_lifecycle import Target
from drive_stack.types import FloatArray, LiftedObject

GATE = 4.6  # squared Mahalanobis distance of each dimension: 99 % of a chi-squared with two
WIDE_GATE = 12.5  # where the boxes overlap as well
MIN_OVERLAP = 0.4  # IoU of the boxes for the wide gate
IOU_COST = 2.0  # of no overlap, in the same measure
OTHER_CLASS_COST = 1.5  # of a car taken for a lorry, or the reverse
FORBIDDEN = 1e6

Box = tuple[float, float, float, float]


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return width * height / (areas[0] + areas[1] - width * height)


def assignment_cost(target: Target, detected: LiftedObject, distance: float, uncertainty: float) -> float:
    """Cost of assigning an object to a target; `FORBIDDEN` where they cannot be the same object.

    ``distance`` and ``uncertainty`` are those of `closest_distances`.
    """
    if distance > WIDE_GATE or not target.is_compatible(detected):
        return FORBIDDEN
    overlap = box_iou(target.box, detected.detection.box)
    if distance > GATE and overlap <= MIN_OVERLAP:
        return FORBIDDEN
    # the uncertainty keeps an uncertain target from taking every object (likelihood, not distance alone)
    other_class = target.label != detected.label
    return distance + uncertainty + IOU_COST * (1.0 - overlap) + OTHER_CLASS_COST * other_class


def associate(
    targets: Sequence[Target], objects: Sequence[LiftedObject], measurements: Sequence[Measurement]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Assign objects to targets with minimum total cost (Hungarian method: Kuhn, 1955).

    Args:
        targets: all targets, in the present ego frame.
        objects: of the present image.
        measurements: one for each object.

    Returns:
        The pairs (index of the target, index of the object), and the indices of the unassigned objects.
    """
    if not targets or not objects:
        return [], list(range(len(objects)))
    cost = _costs(targets, objects, measurements)
    rows, columns = linear_sum_assignment(cost)
    pairs = [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < FORBIDDEN
    ]
    assigned = {column for _, column in pairs}
    return pairs, [column for column in range(len(objects)) if column not in assigned]


def _costs(
    targets: Sequence[Target], objects: Sequence[LiftedObject], measurements: Sequence[Measurement]
) -> FloatArray:
    """`assignment_cost` (T, O) of every target with every object."""
    states_of_targets = [target.motion.states for target in targets]
    states = [state for states in states_of_targets for state in states]
    means, covariances = np.array([s.mean for s in states]), np.array([s.covariance for s in states])
    ends = np.cumsum([len(states) for states in states_of_targets])
    columns = []
    for detected, measurement in zip(objects, measurements, strict=True):
        distances = closest_distances(measurement, means, covariances, ends).tolist()
        columns.append(
            [
                assignment_cost(target, detected, distance, uncertainty)
                for target, (distance, uncertainty) in zip(targets, distances, strict=True)
            ]
        )
    return np.array(columns).T
