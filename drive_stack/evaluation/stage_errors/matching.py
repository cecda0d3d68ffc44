"""Matching of boxes with labels, and errors split along and across the line of sight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.evaluation.detection.metrics import iou_matrix
from drive_stack.types import FloatArray, LabelBox

MIN_IOU = 0.5  # from which a box matches a label

Box = tuple[float, float, float, float]


def match_labels(boxes: Sequence[Box | None], labels: Sequence[LabelBox]) -> list[LabelBox | None]:
    """The label of each box; None where no label matches or the box is None.

    The assignment is one to one and maximises the sum of the overlaps.
    """
    matches: list[LabelBox | None] = [None] * len(boxes)
    present = [index for index, box in enumerate(boxes) if box is not None]
    overlaps = iou_matrix(
        np.array([boxes[index] for index in present], dtype=np.float64).reshape(-1, 4),
        np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4),
    )
    rows, columns = linear_sum_assignment(np.where(overlaps >= MIN_IOU, overlaps, 0.0), maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if overlaps[row, column] >= MIN_IOU:
            matches[present[int(row)]] = labels[int(column)]
    return matches


def radial_transverse(vector: FloatArray, line_of_sight: FloatArray) -> tuple[float, float]:
    """Components of ``vector`` (2,) along and across ``line_of_sight`` (2,).

    The transverse component is positive to the left.
    """
    radial = line_of_sight / max(float(np.hypot(*line_of_sight)), 1e-9)
    return float(vector @ radial), float(radial[0] * vector[1] - radial[1] * vector[0])


def radial_transverse_sigma(covariance: FloatArray, line_of_sight: FloatArray) -> tuple[float, float]:
    """Standard deviations of a position covariance (2, 2) along and across ``line_of_sight`` (2,)."""
    radial = line_of_sight / max(float(np.hypot(*line_of_sight)), 1e-9)
    transverse = np.array([-radial[1], radial[0]])
    return float(np.sqrt(radial @ covariance @ radial)), float(np.sqrt(transverse @ covariance @ transverse))


def normalised_squared_error(error: FloatArray, covariance: FloatArray) -> float:
    """Squared Mahalanobis length of an error (N,), divided by N.

    It is 1 on average where the covariance (N, N) is correct (Bar-Shalom, Li & Kirubarajan, 2001, §5.4).
    """
    return float(error @ np.linalg.solve(covariance, error)) / len(error)
