"""Auxiliary targets by image column: the proximity of the first actor of each kind.

A pedestrian 50 m away is five pixels wide, and braking for one is a thousandth of all driving, so a policy
does not learn from pedals alone to detect it. From the features of each column of the image strip around the
horizon, the network predicts how near the nearest vehicle, pedestrian and obstacle in that column are
(compare the "stixels" of Badino et al., 2009, and the auxiliary tasks of LBC and TransFuser). The predicting
layers are not exported.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import FloatArray, ObjectClass

COLUMNS = 40  # over the width of the image
KINDS = 3  # vehicle, pedestrian, obstacle
HALF_DISTANCE = 20.0  # at which the proximity is 1/2 [m]
_KINDS = {ClassGroup.VEHICLES: 0, ClassGroup.PEDESTRIANS: 1, ClassGroup.OBSTACLES: 2}
_MIN_DEPTH = 1.0  # [m]
_MIN_COVERAGE = 0.3  # of a column by an actor; a narrower actor is in the column of its centre
_HUBER_DELTA = 0.1
_PRIOR_COUNT = 20.0  # added to the count of occupied columns, so that a few do not dominate a batch


def proximity(distance: FloatArray) -> FloatArray:
    """Proximity of a distance [m]: 1 at 0 m, 1/2 at `HALF_DISTANCE`, 0 at infinity."""
    return 1.0 / (1.0 + np.maximum(distance, 0.0) / HALF_DISTANCE)


def column_proximities(others: OtherActors, rows: int, camera: CameraModel) -> NDArray[np.float16]:
    """Proximity (rows, `KINDS`, `COLUMNS`); 0 in an empty column, NaN behind a nearer vehicle."""
    depth, first, last = _spans(others, camera)
    visible = np.flatnonzero(last >= first)
    counts = (last - first + 1)[visible]
    actor = np.repeat(visible, counts)
    column = (
        np.repeat(first[visible], counts)
        + np.arange(len(actor))
        - np.repeat(np.cumsum(counts) - counts, counts)
    )
    kind = np.array([_KINDS[GROUPS[label]] for label in ObjectClass])[others.label]
    proximities = np.zeros((rows, KINDS, COLUMNS), dtype=np.float32)
    np.maximum.at(
        proximities, (others.row[actor], kind[actor], column), proximity(depth)[actor].astype(np.float32)
    )
    hidden = proximities < proximities[:, :1]
    hidden &= proximities > 0.0
    proximities[hidden] = np.nan
    return proximities.astype(np.float16)


def heights_in_view(others: OtherActors, camera: CameraModel) -> FloatArray:
    """Height (M,) of each actor in the image [px], as if nothing hid it; 0 outside the image."""
    depth, first, last = _spans(others, camera)
    return np.where(last >= first, camera.focal_px * others.height / depth, 0.0)


def column_loss(predicted: torch.Tensor, proximities: torch.Tensor) -> torch.Tensor:
    """Huber loss; both arguments are (B, `KINDS`, `COLUMNS`).

    For each kind, occupied and empty columns have equal weight.
    """
    known = torch.isfinite(proximities)
    target = torch.nan_to_num(proximities)
    each = functional.smooth_l1_loss(predicted, target, beta=_HUBER_DELTA, reduction="none") * known
    is_occupied = target > 0.0
    occupied = (each * is_occupied).sum(dim=(0, 2)) / (is_occupied.sum(dim=(0, 2)) + _PRIOR_COUNT)
    empty = (each * ~is_occupied).sum(dim=(0, 2)) / (known & ~is_occupied).sum(dim=(0, 2)).clamp(min=1)
    return (occupied + empty).mean()


def _spans(
    others: OtherActors, camera: CameraModel
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Depth [m] of each actor's near side, and its first and last column; last < first outside the image."""
    cos, sin = np.cos(others.heading), np.sin(others.heading)
    corners = [(x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]
    ahead, left = (
        np.stack([origin + x * others.length * along + y * others.width * across for x, y in corners])
        for origin, along, across in ((others.x, cos, -sin), (others.y, sin, cos))
    )
    depth = np.maximum(ahead - camera.mount_x, _MIN_DEPTH)
    column = (camera.width / 2.0 - camera.focal_px * left / depth) * COLUMNS / camera.width
    low, high = column.min(axis=0), column.max(axis=0)
    centre = np.floor((low + high) / 2.0)
    first = np.minimum(np.floor(low + _MIN_COVERAGE), centre)
    last = np.maximum(np.ceil(high - _MIN_COVERAGE) - 1.0, centre)
    outside = (high <= 0.0) | (low >= COLUMNS) | ((ahead - camera.mount_x).max(axis=0) <= _MIN_DEPTH)
    first = np.clip(first, 0, COLUMNS - 1).astype(np.int64)
    last = np.where(outside, -1, np.clip(last, 0, COLUMNS - 1)).astype(np.int64)
    return depth.min(axis=0), first, last
