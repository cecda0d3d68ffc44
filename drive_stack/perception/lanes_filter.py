"""The road's shape over time: an iterated extended Kalman filter with robust weights.

The update minimises the prior's and the sightings' squared errors by Gauss-Newton, with Huber's
weights for what disagrees (Bell & Cathey, 1993, on the iterated filter; Huber, 1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.perception.lanes_shape import (
    CURVATURES,
    HEADING,
    KNOTS,
    LEFT_WIDTH,
    OFFSET,
    RIGHT_WIDTH,
    SIZE,
    WIDTH,
    jacobian,
    motion,
)
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class ShapeNoise:
    """Standard deviations of the prior and of what the motion model leaves out."""

    offset: float = 1.2  # [m]
    heading: float = 0.12  # [rad]
    curvature: float = 3e-3  # [1/m]
    width: float = 0.25  # [m]
    usual_width: float = 3.7  # [m]
    slip: float = 0.01  # offset gained per step unseen [m]
    slip_per_metre: float = 0.006
    turn: float = 0.001  # heading per step [rad]
    turn_per_metre: float = 0.0008
    bend_per_root_metre: float = 2.5e-4  # curvature of the road to come [1/m]
    first_reach: float = 250.0  # over which curvature is alike, at first [m]
    bend_reach: float = 50.0  # and what is added to it [m]
    width_per_root_metre: float = 0.01
    repeated: float = 2.5  # neighbouring sightings of a line share their error: each counts 1/r²
    floor: float = 0.04  # of a sighting [m]
    outlier: float = 2.0  # sightings farther off than so many sigma lose weight


class ShapeFilter:
    """Mean and covariance of the shape; see `lanes_shape` for the state."""

    def __init__(self, noise: ShapeNoise | None = None) -> None:
        self._noise = noise or ShapeNoise()
        self.reset()

    def reset(self) -> None:
        """Forget everything: a straight road, the ego somewhere in its lane."""
        noise = self._noise
        self.mean = np.zeros(SIZE)
        self.mean[WIDTH:] = noise.usual_width
        self.covariance = np.zeros((SIZE, SIZE))
        self.covariance[OFFSET, OFFSET] = noise.offset**2
        self.covariance[HEADING, HEADING] = noise.heading**2
        self.covariance[CURVATURES, CURVATURES] = noise.curvature**2 * _alike(noise.first_reach)
        self.covariance[WIDTH:, WIDTH:] = noise.width**2 * np.eye(3)

    def predict(self, travelled: float, turned: float) -> None:
        """Move on by ``travelled`` [m] while the ego turns by ``turned`` [rad]."""
        noise = self._noise
        self.mean, gain = motion(self.mean, travelled, turned)
        far = max(travelled, 0.0)
        added = np.zeros((SIZE, SIZE))
        added[OFFSET, OFFSET] = (noise.slip + noise.slip_per_metre * far) ** 2
        added[HEADING, HEADING] = (noise.turn + noise.turn_per_metre * far) ** 2
        added[CURVATURES, CURVATURES] = noise.bend_per_root_metre**2 * far * _alike(noise.bend_reach)
        added[WIDTH:, WIDTH:] = noise.width_per_root_metre**2 * far * np.eye(3)
        self.covariance = gain @ self.covariance @ gain.T + added

    def update(self, anchors: FloatArray, y: FloatArray, sigma: FloatArray, rounds: int = 3) -> float:
        """Take in sightings ``y`` (4, R) [m] of the boundaries at ``anchors`` [m], NaN where unseen.

        ``sigma`` (4, R) are their standard deviations [m]. Returns the share that agrees, 0 … 1;
        nothing changes where nothing is seen.
        """
        seen = np.isfinite(y)
        if not seen.any():
            return 0.0
        noise, prior = self._noise, self.mean
        information = np.linalg.inv(self.covariance)
        spread = np.hypot(sigma, noise.floor)[seen]
        mean, agreeing = prior, 0.0
        normal = information
        for _ in range(rounds):
            lines, slopes = jacobian(mean, anchors)
            residual, slope = (y - lines)[seen], slopes[seen]
            far_off = np.abs(residual) / spread
            trust = np.minimum(1.0, noise.outlier / np.maximum(far_off, 1e-9))
            weight = trust / (noise.repeated * spread) ** 2
            normal = information + slope.T @ (weight[:, None] * slope)
            pull = slope.T @ (weight * residual) - information @ (mean - prior)
            mean = mean + np.linalg.solve(normal, pull)
            agreeing = float(np.mean(far_off < 2.0 * noise.outlier))
        covariance = np.linalg.inv(normal)
        self.mean, self.covariance = mean, 0.5 * (covariance + covariance.T)
        return agreeing

    def bend_on(self, from_here: float) -> None:
        """Take the road beyond ``from_here`` [m] to bend as it does up to there.

        Bends farther on are hardly known while new pictures come, and there is no correcting them later.
        """
        knots = self.mean[CURVATURES]
        knots[from_here < KNOTS] = knots[from_here >= KNOTS].mean()

    def enter(self, side: int) -> None:
        """Count from the lane on the left (+1) or right (−1) from now on."""
        moved = np.eye(SIZE)
        gone, entered = (RIGHT_WIDTH, LEFT_WIDTH) if side > 0 else (LEFT_WIDTH, RIGHT_WIDTH)
        moved[OFFSET, [WIDTH, entered]] = -0.5 * side
        moved[[WIDTH, gone, entered]] = 0.0
        moved[WIDTH, entered] = moved[gone, WIDTH] = 1.0
        self.mean = moved @ self.mean
        self.covariance = moved @ self.covariance @ moved.T
        self.mean[entered] = self.mean[WIDTH]
        self.covariance[entered, entered] = self._noise.width**2


def _alike(reach: float) -> FloatArray:
    """Correlation of the curvatures at the knots."""
    return np.asarray(np.exp(-np.abs(KNOTS[:, None] - KNOTS[None, :]) / reach), dtype=np.float64)
