"""Which label a box is of, and where an error lies as seen from the camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.evaluation.detection.metrics import iou_matrix
from drive_stack.types import FloatArray, LabelBox

SAME = 0.5  # overlap (IoU) from which a box is that of a label

Box = tuple[float, float, float, float]


def labels_of(boxes: Sequence[Box | None], labels: Sequence[LabelBox]) -> list[LabelBox | None]:
    """The label of each box, one to one, so that the overlaps add up to the most; None without one."""
    found: list[LabelBox | None] = [None] * len(boxes)
    there = [index for index, box in enumerate(boxes) if box is not None]
    overlaps = iou_matrix(
        np.array([boxes[index] for index in there], dtype=np.float64).reshape(-1, 4),
        np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4),
    )
    rows, columns = linear_sum_assignment(np.where(overlaps >= SAME, overlaps, 0.0), maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if overlaps[row, column] >= SAME:
            found[there[int(row)]] = labels[int(column)]
    return found


def along_across(vector: FloatArray, sight: FloatArray) -> tuple[float, float]:
    """Parts of ``vector`` (2,) along a line of sight (2,) and across it, positive to the left."""
    along = sight / max(float(np.hypot(*sight)), 1e-9)
    return float(vector @ along), float(along[0] * vector[1] - along[1] * vector[0])


def spreads(covariance: FloatArray, sight: FloatArray) -> tuple[float, float]:
    """Standard deviations of a position's covariance (2, 2) along a line of sight (2,) and across it."""
    along = sight / max(float(np.hypot(*sight)), 1e-9)
    across = np.array([-along[1], along[0]])
    return float(np.sqrt(along @ covariance @ along)), float(np.sqrt(across @ covariance @ across))


def normalised_square(error: FloatArray, covariance: FloatArray) -> float:
    """Squared Mahalanobis length of an error (N,) for each dimension: 1 on average where the
    covariance (N, N) is right (Bar-Shalom, Li & Kirubarajan, 2001, §5.4)."""
    return float(error @ np.linalg.solve(covariance, error)) / len(error)
