"""Second kind of hint while the policy learns: how near the first thing of each kind is, column by column.

A person 50 m off is five pixels wide, and braking for one is a thousandth of all driving: from pedals alone
nobody learns to see that. Each column of the picture's strip about the horizon is asked how near the nearest
vehicle, person and obstacle in it are, after the layers that keep columns apart (compare the "stixels" of
Badino et al., 2009, and LBC's and TransFuser's auxiliary tasks). Nothing of it is exported.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.types import FloatArray, ObjectClass

COLUMNS = 40  # across the picture
KINDS = 3  # vehicle, person, obstacle
NEAR = 20.0  # so far off is half as near as can be [m]
_KIND = {
    ObjectClass.CAR: 0,
    ObjectClass.LARGE_VEHICLE: 0,
    ObjectClass.PEDESTRIAN: 1,
    ObjectClass.OBSTACLE: 2,
}
_CLOSEST = 1.0  # before the camera [m]
_COVERED = 0.3  # of a column, for a thing to be in it; a narrower one is in that of its middle
_SOFT = 0.1
_FEW = 20.0  # columns with something in a batch weigh as one that has so many more


def nearness(distance: FloatArray) -> FloatArray:
    """1 at hand, 1/2 at `NEAR`, 0 far off."""
    return 1.0 / (1.0 + np.maximum(distance, 0.0) / NEAR)


def columns_of(others: OtherActors, rows: int, camera: CameraModel) -> NDArray[np.float16]:
    """(rows, `KINDS`, `COLUMNS`) nearness; 0 where nothing is, NaN behind a vehicle, where nobody can see."""
    depth, first, last = _spans(others, camera)
    seen = np.flatnonzero(last >= first)
    counts = (last - first + 1)[seen]
    thing = np.repeat(seen, counts)
    column = (
        np.repeat(first[seen], counts) + np.arange(len(thing)) - np.repeat(np.cumsum(counts) - counts, counts)
    )
    kind = np.array([_KIND[one] for one in ObjectClass])[others.label]
    found = np.zeros((rows, KINDS, COLUMNS), dtype=np.float32)
    np.maximum.at(found, (others.row[thing], kind[thing], column), nearness(depth)[thing].astype(np.float32))
    behind = found < found[:, :1]
    behind &= found > 0.0
    found[behind] = np.nan
    return found.astype(np.float16)


def columns_loss(answers: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Huber's loss, (B, `KINDS`, `COLUMNS`) both; of each kind, where something is counts as much as where
    nothing is."""
    known = torch.isfinite(columns)
    target = torch.nan_to_num(columns)
    each = functional.smooth_l1_loss(answers, target, beta=_SOFT, reduction="none") * known
    there = target > 0.0
    full = (each * there).sum(dim=(0, 2)) / (there.sum(dim=(0, 2)) + _FEW)
    free = (each * ~there).sum(dim=(0, 2)) / (known & ~there).sum(dim=(0, 2)).clamp(min=1)
    return (full + free).mean()


def _spans(
    others: OtherActors, camera: CameraModel
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Distance before the camera of each thing's near side [m], and the columns from first to last that it
    is in; an empty span for one that is not in the picture."""
    cos, sin = np.cos(others.heading), np.sin(others.heading)
    corners = [(along, across) for along in (-0.5, 0.5) for across in (-0.5, 0.5)]
    ahead, left = (
        np.stack([start + x * others.length * turn + y * others.width * other for x, y in corners])
        for start, turn, other in ((others.x, cos, -sin), (others.y, sin, cos))
    )
    depth = np.maximum(ahead - camera.mount_x, _CLOSEST)
    across = (camera.width / 2.0 - camera.focal_px * left / depth) * COLUMNS / camera.width
    low, high = across.min(axis=0), across.max(axis=0)
    middle = np.floor((low + high) / 2.0)
    first = np.minimum(np.floor(low + _COVERED), middle)
    last = np.maximum(np.ceil(high - _COVERED) - 1.0, middle)
    outside = (high <= 0.0) | (low >= COLUMNS) | ((ahead - camera.mount_x).max(axis=0) <= _CLOSEST)
    first = np.clip(first, 0, COLUMNS - 1).astype(np.int64)
    last = np.where(outside, -1, np.clip(last, 0, COLUMNS - 1)).astype(np.int64)
    return depth.min(axis=0), first, last
