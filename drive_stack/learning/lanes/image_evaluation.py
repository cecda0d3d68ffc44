"""Errors of the lane network on single images, and the reliability of its confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.interfaces import LaneDetector
from drive_stack.learning.lanes.batches import Labels
from drive_stack.learning.lanes.card_fields import ImageErrors
from drive_stack.perception.ground_shape import GroundView
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LINES_RANGE, LaneMeasurement, LaneNetwork
from drive_stack.perception.lanes_shape import CURVATURES, HEADING, OFFSET
from drive_stack.types import Image

REPEATED = 8  # times that an image is shown before its confidence is read
GOOD = 0.3  # maximum error of a good offset [m]
MISSED = 1.8  # error of a line that is not found: half a lane [m]


def evaluate_confidence(lanes: LaneDetector, frames: Sequence[StoredFrame]) -> dict[str, dict[str, float]]:
    """Evaluate the confidence on still images that are increasingly blurred, and on black ones.

    Returns, for each degradation, the 5 %, 50 % and 95 % quantiles of the confidence and the fraction of
    offsets within `GOOD`, which the confidence should approximate.
    """
    table: dict[str, dict[str, float]] = {}
    for name, degrade in DEGRADATIONS.items():
        rows = [_estimate_still(lanes, degrade(frame.image()), frame.lanes) for frame in frames]
        confidence, good = np.array(rows).T
        low, median, high = np.quantile(confidence, [0.05, 0.5, 0.95])
        table[name] = {
            "p05": round(float(low), 3),
            "median": round(float(median), 3),
            "p95": round(float(high), 3),
            "good_offsets": round(float(good.mean()), 3),
        }
    return table


def _estimate_still(lanes: LaneDetector, image: Image, truth: Labels) -> tuple[float, bool]:
    """Confidence after a still image was shown `REPEATED` times, and whether the offset is good."""
    lanes.reset()
    estimate = [lanes.estimate(image, 0.0, 0.0) for _ in range(REPEATED)][-1]
    return estimate.confidence, abs(_lateral_error(estimate.offset, truth)) < GOOD


def _lateral_error(offset: float, truth: Labels) -> float:
    """Error of an offset [m], relative to the nearest lane."""
    error, width = offset - float(truth["offset"]), float(truth["width"])
    return error - round(error / width) * width


def _blurred(image: Image, pixels: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), pixels), dtype=np.uint8)


DEGRADATIONS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda image: image,
    "blurred by 6 px": partial(_blurred, pixels=6.0),
    "blurred by 12 px": partial(_blurred, pixels=12.0),
    "blurred by 20 px": partial(_blurred, pixels=20.0),
    "blurred by 30 px": partial(_blurred, pixels=30.0),
    "black": np.zeros_like,
}


def evaluate_images(network: LaneNetwork, frames: Sequence[StoredFrame]) -> ImageErrors:
    """Errors on single images without memory: of the fitted shape of the road, and of each boundary.

    The fit takes the road for level and the camera for mounted as it should be. Boundaries are compared where
    the image shows them.
    """
    grid = network.grid
    errors: list[tuple[float, float, float]] = []
    boundary: list[NDArray[np.float64]] = []
    for frame in frames:
        measurement, truth = network.measure(frame.image()), frame.lanes
        shape = ShapeFilter(GroundView.of(CameraModel()))
        shape.update(grid.anchors, measurement.y, measurement.sigma, rounds=8)
        lateral = _lateral_error(float(shape.mean[OFFSET]), truth)
        heading = float(shape.mean[HEADING]) - float(truth["heading"])
        errors.append((lateral, np.degrees(heading), float(shape.mean[CURVATURES][0] - truth["curvature"])))
        clear = truth["clear_image"].astype(np.bool_) & np.isfinite(measurement.y)
        boundary.append(np.abs(measurement.y - truth["y_image"].astype(np.float64))[clear])
    quantiles = np.quantile(np.abs(np.array(errors)), [0.5, 0.95], axis=0)
    lines = np.concatenate([*boundary, np.full(1, np.nan)])  # an untrained network may find no line
    return {
        "images": len(frames),
        "lateral_m": round(float(quantiles[0, 0]), 4),
        "lateral_m_p95": round(float(quantiles[1, 0]), 4),
        "heading_deg": round(float(quantiles[0, 1]), 4),
        "heading_deg_p95": round(float(quantiles[1, 1]), 4),
        "curvature_per_m": round(float(quantiles[0, 2]), 6),
        "curvature_per_m_p95": round(float(quantiles[1, 2]), 6),
        "boundary_m": round(float(np.nanmedian(lines)), 4),
        "boundary_m_p95": round(float(np.nanquantile(lines, 0.95)), 4),
    }


class LineMeasurer(Protocol):
    """Finds lane lines in single images; `LaneNetwork` is one."""

    def measure(self, image: Image) -> LaneMeasurement:
        """Laterals of the lines at the anchors, NaN where there is none."""
        ...


def mean_line_error(network: LineMeasurer, frames: Sequence[StoredFrame]) -> float | None:
    """Mean lateral error of all lines within `LINES_RANGE` that the images show [m]; None if there is none.

    Errors are cut off at `MISSED`, which is also that of a line that is not found. A network that finds
    nothing has the largest error, unlike in `evaluate_images`, where the fit then keeps to its prior.
    """
    errors, near = [], GroundGrid().anchors <= LINES_RANGE
    for frame in frames:
        shown = frame.lanes["clear_image"].astype(np.bool_) & near
        error = np.abs(network.measure(frame.image()).y - frame.lanes["y_image"].astype(np.float64))[shown]
        errors.append(np.minimum(np.nan_to_num(error, nan=MISSED), MISSED))
    every = np.concatenate(errors)
    return float(every.mean()) if len(every) else None
