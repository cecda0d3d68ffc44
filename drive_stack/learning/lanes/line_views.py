"""Where a line of the road appears in the bird's-eye view of the lane network.

The view takes the road for level and the camera for mounted as it should be. With a camera pitched farther
down by δ, and a road that is z higher, a point d ahead of a camera at height h appears at

    d' = h · d / (h − z − δ · d),    y' = y · d' / d

to first order in δ. Here positions are projected exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class LineView:
    """A line at the anchors of the view; NaN where it does not appear."""

    lateral: FloatArray  # (R,) at which it appears [m]
    points: FloatArray  # (R, 2) ground points that appear there: x, y in the level frame [m]


def view_line(line: FloatArray, actual: CameraModel, nominal: CameraModel, grid: GroundGrid) -> LineView:
    """Locate a line in the view.

    Args:
        line: (S, 3) points in the level frame of `true_camera`, in order of increasing distance [m]; y is NaN
            where the line does not exist.
        actual: the camera as it is, in that frame.
        nominal: the camera that the view assumes.
        grid: of the view.
    """
    pixels = actual.project(np.nan_to_num(line))
    # parts behind a crest are hidden: they are no higher in the image than a nearer part
    row = np.where(np.isfinite(pixels[:, 1]), pixels[:, 1], np.inf)
    highest_before = np.minimum.accumulate(np.concatenate([[np.inf], row[:-1]]))
    apparent = nominal.to_ground(pixels[:, :2])
    inside = (pixels[:, 0] >= 0) & (pixels[:, 0] < nominal.width)
    inside &= (pixels[:, 1] >= 0) & (pixels[:, 1] < nominal.height)
    ahead = np.isfinite(apparent[:, 0]) & (row < highest_before) & (line[:, 0] > actual.mount_x)
    exists = ahead & inside & np.isfinite(line[:, 1])
    x = apparent[ahead, 0]
    if len(x) < 2:
        return LineView(np.full(grid.rows, np.nan), np.full((grid.rows, 2), np.nan))
    columns = np.stack([apparent[:, 1], line[:, 0], line[:, 1]], axis=1)
    columns[~exists] = np.nan
    lateral, true_x, true_y = (
        np.interp(grid.anchors, x, column, left=np.nan, right=np.nan) for column in columns[ahead].T
    )
    lateral = np.where(np.abs(lateral) < grid.half_width, lateral, np.nan)
    return LineView(lateral, np.stack([true_x, true_y], axis=1))
