"""The pinhole front camera: conversion between pixels, rays and the ground, in the ego frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A forward pinhole camera without distortion.

    It is mounted at ``(mount_x, 0, mount_z)`` in the ego frame, faces along x, is pitched down and then
    rolled about its optical axis. Pixel (0, 0) is the corner of the top left pixel, so the principal point is
    (W/2, H/2).
    """

    width: int = 640
    height: int = 256
    fov_x_deg: float = 60.0
    mount_x: float = 1.7  # ahead of the rear axle [m]
    mount_z: float = 1.4  # above the ground [m]
    pitch_down_deg: float = 2.0
    roll_deg: float = 0.0  # positive to the right

    @property
    def focal_px(self) -> float:
        """Focal length [px], the same along both axes."""
        return self.width / 2.0 / float(np.tan(np.radians(self.fov_x_deg) / 2.0))

    @property
    def horizon_px(self) -> float:
        """Row of the horizon on a level road in the image's middle column [px], without roll."""
        return self.height / 2.0 - self.focal_px * float(np.tan(np.radians(self.pitch_down_deg)))

    def _axes(self) -> FloatArray:
        """Rows: the camera's right, down and forward axes in the ego frame, (3, 3)."""
        pitch = np.radians(self.pitch_down_deg)
        cos, sin = np.cos(pitch), np.sin(pitch)
        axes = np.array([[0.0, -1.0, 0.0], [-sin, 0.0, -cos], [cos, 0.0, -sin]])
        if self.roll_deg == 0.0:
            return axes
        roll = np.radians(self.roll_deg)
        (right, down, forward), cos, sin = axes, np.cos(roll), np.sin(roll)
        return np.array([cos * right + sin * down, cos * down - sin * right, forward])

    def project(self, points: FloatArray) -> FloatArray:
        """Project ego-frame points ``(N, 3)`` [m] to ``(N, 3)``: u [px], v [px], depth [m].

        Depth is along the optical axis; where it is not positive, u and v are NaN.
        """
        mount = np.array([self.mount_x, 0.0, self.mount_z])
        right, down, depth = ((points - mount) @ self._axes().T).T
        ahead = depth > 1e-6
        safe = np.where(ahead, depth, 1.0)
        u = np.where(ahead, self.width / 2.0 + self.focal_px * right / safe, np.nan)
        v = np.where(ahead, self.height / 2.0 + self.focal_px * down / safe, np.nan)
        return np.stack([u, v, depth], axis=1)

    def rays(self, pixels: FloatArray) -> FloatArray:
        """Unit directions ``(N, 3)`` in the ego frame through pixels ``(N, 2)`` (u, v)."""
        right = (pixels[:, 0] - self.width / 2.0) / self.focal_px
        down = (pixels[:, 1] - self.height / 2.0) / self.focal_px
        local = np.stack([right, down, np.ones_like(right)], axis=1)
        directions = local @ self._axes()
        return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))

    def to_ground(self, pixels: FloatArray) -> FloatArray:
        """Intersect the rays through pixels ``(N, 2)`` with a level road: ``(N, 2)`` ego x, y [m].

        The result is NaN at or above the horizon.
        """
        directions = self.rays(pixels)
        downward = directions[:, 2] < -1e-9
        scale = np.where(downward, -self.mount_z / np.where(downward, directions[:, 2], 1.0), np.nan)
        return np.stack([self.mount_x + scale * directions[:, 0], scale * directions[:, 1]], axis=1)
