"""The part of the road that the lane network looks at: a grid on the level ground, seen from above.

Rows lie at distances that grow geometrically, as the picture's own resolution falls with the
distance; columns are evenly spaced across. On this grid every line is equally wide everywhere, lanes
run along the rows' normal, and nothing depends on how the camera is mounted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, Image


@dataclass(frozen=True, slots=True)
class GroundGrid:
    """Where the network looks, in the ego frame [m]."""

    nearest: float = 7.5
    farthest: float = 160.0
    rows: int = 40  # anchors, at which boundaries are located
    reach: float = 16.0  # to either side
    bins: int = 128  # across, in which a boundary is located
    fineness: int = 2  # pixels of the view for each row and for each bin

    @property
    def anchors(self) -> FloatArray:
        """Distances ahead ``(rows,)`` [m], increasing."""
        return np.asarray(np.geomspace(self.nearest, self.farthest, self.rows), dtype=np.float64)

    @property
    def bin_width(self) -> float:
        """[m]."""
        return 2.0 * self.reach / self.bins

    @property
    def bin_centres(self) -> FloatArray:
        """Laterals ``(bins,)`` [m], positive to the left, so decreasing."""
        return np.asarray(self.reach - self.bin_width * (np.arange(self.bins) + 0.5), dtype=np.float64)

    @property
    def view_shape(self) -> tuple[int, int]:
        """Height and width of the view [px]."""
        return self.rows * self.fineness, self.bins * self.fineness


class GroundView:
    """Cuts the view from above out of camera images; its rows run with the anchors, nearest first."""

    def __init__(self, camera: CameraModel, grid: GroundGrid, samples: int = 2) -> None:
        """Each pixel of the view is the mean of ``samples``² points of the image."""
        self._shape = grid.view_shape
        height, width = self._shape[0] * samples, self._shape[1] * samples
        ratio = (grid.farthest / grid.nearest) ** (1.0 / (grid.rows - 1))
        # fractional anchor index of each sample row, so that a view row pair is centred on its anchor
        index = (np.arange(height) + 0.5) / (samples * grid.fineness) - 0.5
        ahead = grid.nearest * ratio**index
        left = grid.reach - (np.arange(width) + 0.5) * 2.0 * grid.reach / width
        x, y = np.meshgrid(ahead, left, indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        pixels = camera.project(points)
        # cv2 counts from the centre of the first pixel, the camera model from its corner
        self._map_u = (pixels[:, 0] - 0.5).reshape(height, width).astype(np.float32)
        self._map_v = (pixels[:, 1] - 0.5).reshape(height, width).astype(np.float32)

    def cut(self, image: Image) -> NDArray[np.uint8]:
        """The view ``(rows·fineness, bins·fineness, 3)``; black where the image does not reach."""
        dense = cv2.remap(image, self._map_u, self._map_v, cv2.INTER_LINEAR, borderValue=(0, 0, 0))
        view = cv2.resize(dense, self._shape[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(view, dtype=np.uint8)
