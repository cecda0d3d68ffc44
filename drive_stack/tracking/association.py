"""Which target was seen as which object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.tracking.measurement import cues_of
from drive_stack.tracking.track_lifecycle import Target
from drive_stack.types import FloatArray, LiftedObject

GATE = 4.6  # squared Mahalanobis distance of each dimension: 99 % of a chi-squared with two
WIDE_GATE = 12.5  # where the boxes overlap as well
OVERLAP = 0.4
IOU_WORTH = 2.0  # of a full overlap, in the same measure
OTHER_CLASS = 1.5  # a car taken for a lorry costs so much
FORBIDDEN = 1e6

Box = tuple[float, float, float, float]


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0.0 or high <= 0.0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return wide * high / (areas[0] + areas[1] - wide * high)


def cost_of(target: Target, seen: LiftedObject, cues: FloatArray) -> float:
    """Cost of the pair; `FORBIDDEN` where they cannot be the same object. ``cues`` are those of ``seen``."""
    if not target.may_be(seen):
        return FORBIDDEN
    distance, vagueness = target.motion.distance(seen, cues)
    overlap = box_iou(target.box, seen.detection.box)
    if distance > (WIDE_GATE if overlap > OVERLAP else GATE):
        return FORBIDDEN
    # vagueness keeps a vague target from taking every object (likelihood, not distance alone)
    return distance + vagueness + IOU_WORTH * (1.0 - overlap) + OTHER_CLASS * (target.label != seen.label)


def associate(
    targets: Sequence[Target], objects: Sequence[LiftedObject]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs (target, object) of least total cost (Kuhn, 1955), and the objects left over."""
    if not targets or not objects:
        return [], list(range(len(objects)))
    measurements = [(seen, cues_of(seen.line_of_sight)) for seen in objects]
    cost = np.array([[cost_of(target, *measurement) for measurement in measurements] for target in targets])
    rows, columns = linear_sum_assignment(cost)
    pairs = [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < FORBIDDEN
    ]
    taken = {column for _, column in pairs}
    return pairs, [column for column in range(len(objects)) if column not in taken]
