"""How well the lane network does on single images, and whether its confidence tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.interfaces import LaneDetector
from drive_stack.learning.lanes.batches import Labels
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.perception.lanes_shape import CURVATURES, HEADING, OFFSET
from drive_stack.types import Image

REPEATED = 8  # times a picture is shown until the confidence in it is read
GOOD = 0.3  # an offset within so much is [m]


def judge_confidence(lanes: LaneDetector, frames: Sequence[StoredFrame]) -> dict[str, dict[str, float]]:
    """Confidence in standing pictures, ever more blurred, and in black: its 5 %, 50 % and 95 % quantiles,
    and the share of offsets that are `GOOD`, which it should be near."""
    found: dict[str, dict[str, float]] = {}
    for name, spoil in SPOILT.items():
        rows = [_stand_before(lanes, spoil(frame.image()), frame.lanes) for frame in frames]
        confidence, good = np.array(rows).T
        low, middle, high = np.quantile(confidence, [0.05, 0.5, 0.95])
        found[name] = {
            "p05": round(float(low), 3),
            "median": round(float(middle), 3),
            "p95": round(float(high), 3),
            "good_offsets": round(float(good.mean()), 3),
        }
    return found


def _stand_before(lanes: LaneDetector, image: Image, truth: Labels) -> tuple[float, bool]:
    """Confidence once a picture has been looked at for a while, and whether the offset is good."""
    lanes.reset()
    estimate = [lanes.estimate(image, 0.0, 0.0) for _ in range(REPEATED)][-1]
    return estimate.confidence, abs(_lateral_error(estimate.offset, truth)) < GOOD


def _lateral_error(offset: float, truth: Labels) -> float:
    """Error of an offset [m], to the same lane."""
    error, width = offset - float(truth["offset"]), float(truth["width"])
    return error - round(error / width) * width


def _blurred(image: Image, pixels: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), pixels), dtype=np.uint8)


SPOILT: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda image: image,
    "blurred by 6 px": partial(_blurred, pixels=6.0),
    "blurred by 12 px": partial(_blurred, pixels=12.0),
    "blurred by 20 px": partial(_blurred, pixels=20.0),
    "blurred by 30 px": partial(_blurred, pixels=30.0),
    "black": np.zeros_like,
}


def judge_images(network: LaneNetwork, frames: Sequence[StoredFrame]) -> dict[str, float]:
    """Errors from single images, with no memory: the road's shape fitted once, and each boundary."""
    grid = network.grid
    errors: list[tuple[float, float, float]] = []
    boundary: list[NDArray[np.float64]] = []
    for frame in frames:
        measurement, truth = network.measure(frame.image()), frame.lanes
        shape = ShapeFilter()
        shape.update(grid.anchors, measurement.y, measurement.sigma, rounds=8)
        lateral = _lateral_error(float(shape.mean[OFFSET]), truth)
        heading = float(shape.mean[HEADING]) - float(truth["heading"])
        errors.append((lateral, np.degrees(heading), float(shape.mean[CURVATURES][0] - truth["curvature"])))
        clear = truth["clear"].astype(np.bool_) & np.isfinite(measurement.y)
        boundary.append(np.abs(measurement.y - truth["y"].astype(np.float64))[clear])
    spread = np.quantile(np.abs(np.array(errors)), [0.5, 0.95], axis=0)
    lines = np.concatenate([*boundary, np.full(1, np.nan)])  # a network hardly taught may see no line
    return {
        "images": len(frames),
        "lateral_m": round(float(spread[0, 0]), 4),
        "lateral_m_p95": round(float(spread[1, 0]), 4),
        "heading_deg": round(float(spread[0, 1]), 4),
        "heading_deg_p95": round(float(spread[1, 1]), 4),
        "curvature_per_m": round(float(spread[0, 2]), 6),
        "curvature_per_m_p95": round(float(spread[1, 2]), 6),
        "boundary_m": round(float(np.nanmedian(lines)), 4),
        "boundary_m_p95": round(float(np.nanquantile(lines, 0.95)), 4),
    }
