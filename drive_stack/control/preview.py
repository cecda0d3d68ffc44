"""The planned path relative to the pose that the car has when its actuators have followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_local
from drive_stack.types import FloatArray, Plan


@dataclass(frozen=True, slots=True)
class PlannedPath:
    """The plan's path in the frame of the predicted rear axle."""

    xy: FloatArray  # (T, 2) [m]
    heading: FloatArray  # (T,) [rad]
    curvature: FloatArray  # (T,) [1/m]
    arc: FloatArray  # (T,) length along the path from its first point [m]

    def nearest(self) -> tuple[float, float, float, float]:
        """The point of the path next to the axle.

        Returns:
            Its arc length [m], the lateral error [m] (axle left of the path), the heading error [rad] (axle
            minus path) and the curvature [1/m].
        """
        index = int(np.argmin(np.sum(self.xy**2, axis=1)))
        index = min(index, len(self.xy) - 1)
        heading = float(self.heading[index])
        cos, sin = np.cos(heading), np.sin(heading)
        x, y = self.xy[index]
        step = float(-x * cos - y * sin)
        lateral = float(x * sin - y * cos)
        kappa = float(self.curvature[index])
        arc = float(self.arc[index]) + step
        return arc, lateral - 0.5 * kappa * step**2, -(heading + kappa * step), self.curvature_at(arc)

    def curvature_at(self, arc: float) -> float:
        """Curvature [1/m] at an arc length along the path [m]."""
        return float(np.interp(arc, self.arc, self.curvature))

    def point_at_distance(self, distance: float, from_arc: float) -> FloatArray | None:
        """First point ``(2,)`` beyond ``from_arc`` [m] at ``distance`` [m] from the axle, or None."""
        distances = np.hypot(self.xy[:, 0], self.xy[:, 1])
        beyond = np.flatnonzero((self.arc >= from_arc) & (distances >= distance))
        if len(beyond) == 0:
            return None
        index = int(beyond[0])
        if index == 0:
            return np.asarray(self.xy[0], dtype=np.float64)
        first = self.xy[index - 1]
        step = self.xy[index] - first
        # |first + fraction·step| = distance
        a, b, c = float(step @ step), float(first @ step), float(first @ first) - distance**2
        root = max(b * b - a * c, 0.0)
        fraction = (-b + np.sqrt(root)) / a if a > 1e-12 else 0.0
        return np.asarray(first + float(np.clip(fraction, 0.0, 1.0)) * step, dtype=np.float64)


def preview_path(plan: Plan, speed: float, yaw_rate: float, delay: float, min_length: float) -> PlannedPath:
    """The plan's path from the pose the car reaches in ``delay`` [s] at its present yaw rate.

    The path is extended with its last heading and curvature by at least ``min_length`` [m].
    """
    xy, heading, curvature = _extended(plan, min_length)
    turned = yaw_rate * delay
    chord = speed * delay * float(np.sinc(turned / (2.0 * np.pi)))
    pose = np.array([chord * np.cos(turned / 2.0), chord * np.sin(turned / 2.0)])
    steps = np.hypot(*np.diff(xy, axis=0).T)
    return PlannedPath(
        xy=to_local(xy, pose, turned),
        heading=heading - turned,
        curvature=curvature,
        arc=np.concatenate([[0.0], np.cumsum(steps)]),
    )


def _extended(plan: Plan, min_length: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    heading = np.unwrap(plan.headings)
    along = np.arange(2.0, min_length + 4.0, 2.0)
    kappa = float(plan.curvatures[-1])
    turned = kappa * along
    chord = along * np.sinc(turned / (2.0 * np.pi))
    direction = heading[-1] + turned / 2.0
    beyond = plan.positions[-1] + np.stack([chord * np.cos(direction), chord * np.sin(direction)], axis=1)
    return (
        np.concatenate([plan.positions, beyond]),
        np.concatenate([heading, heading[-1] + turned]),
        np.concatenate([plan.curvatures, np.full(len(along), kappa)]),
    )
