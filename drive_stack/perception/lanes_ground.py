"""The input grid of the lane network: a bird's-eye view of the level ground ahead.

The view is an inverse perspective mapping of the image. The distances of the rows grow geometrically, because
the resolution of the image falls with the distance. The columns are evenly spaced. On this grid a line has
the same width everywhere, lanes run at right angles to the rows, and the view does not depend on the mounting
of the camera.
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
    """The grid in the ego frame; lengths in m."""

    min_distance: float = 7.5
    max_distance: float = 160.0
    rows: int = 40  # anchors: distances ahead at which boundaries are located
    half_width: float = 16.0  # lateral extent to each side of the ego
    bins: int = 128  # lateral bins in which a boundary is located
    pixels_per_cell: int = 2  # of the view, for each row and for each bin

    @property
    def anchors(self) -> FloatArray:
        """Distances ahead of the rear axle ``(rows,)`` [m], increasing."""
        return np.asarray(np.geomspace(self.min_distance, self.max_distance, self.rows), dtype=np.float64)

    @property
    def bin_width(self) -> float:
        """Width of a bin [m]."""
        return 2.0 * self.half_width / self.bins

    @property
    def bin_centres(self) -> FloatArray:
        """Laterals ``(bins,)`` [m], positive to the left, so decreasing."""
        return np.asarray(self.half_width - self.bin_width * (np.arange(self.bins) + 0.5), dtype=np.float64)

    @property
    def view_shape(self) -> tuple[int, int]:
        """Height and width of the view [px]."""
        return self.rows * self.pixels_per_cell, self.bins * self.pixels_per_cell


class BirdsEyeView:
    """Warps camera images to the bird's-eye view. Its rows follow the anchors, nearest first."""

    def __init__(self, camera: CameraModel, grid: GroundGrid, samples: int = 2) -> None:
        """Each pixel of the view is the mean of ``samples``² points of the image."""
        self._shape = grid.view_shape
        height, width = self._shape[0] * samples, self._shape[1] * samples
        ratio = (grid.max_distance / grid.min_distance) ** (1.0 / (grid.rows - 1))
        # fractional anchor index of each sample row, so that a view row pair is centred on its anchor
        index = (np.arange(height) + 0.5) / (samples * grid.pixels_per_cell) - 0.5
        distance = grid.min_distance * ratio**index
        lateral = grid.half_width - (np.arange(width) + 0.5) * 2.0 * grid.half_width / width
        x, y = np.meshgrid(distance, lateral, indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        pixels = camera.project(points)
        # cv2 counts from the centre of the first pixel, the camera model from its corner
        self._map_u = (pixels[:, 0] - 0.5).reshape(height, width).astype(np.float32)
        self._map_v = (pixels[:, 1] - 0.5).reshape(height, width).astype(np.float32)

    def warp(self, image: Image) -> NDArray[np.uint8]:
        """The view ``(rows·pixels_per_cell, bins·pixels_per_cell, 3)``; black outside the image."""
        dense = cv2.remap(image, self._map_u, self._map_v, cv2.INTER_LINEAR, borderValue=(0, 0, 0))
        view = cv2.resize(dense, self._shape[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(view, dtype=np.uint8)
