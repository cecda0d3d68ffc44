"""One object followed by a Kalman filter with constant velocity over ground, in the ego's frame.

State (x, y, vx, vy): what the lifter measures, which is the nearest face's centre of a vehicle and
the feet of a person; velocity over ground along the ego's present axes. Noise: piecewise constant
white acceleration (Bar-Shalom, Li & Kirubarajan, 2001, §6.3.2).
"""

from __future__ import annotations

import numpy as np

from drive_stack.tracking.classes import ClassModel
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.types import FloatArray

LEAST_VARIANCE = 0.03**2  # of a measured position [m²]


class KalmanState:
    """Mean (4,) and covariance (4, 4)."""

    def __init__(
        self, position: FloatArray, covariance: FloatArray, ego_speed: float, model: ClassModel
    ) -> None:
        """Begin at a measured position; the velocity is the class's usual one."""
        self.mean = np.array([position[0], position[1], model.first_speed_share * ego_speed, 0.0])
        self.covariance = np.zeros((4, 4))
        self.covariance[:2, :2] = covariance + LEAST_VARIANCE * np.eye(2)
        self.covariance[2, 2], self.covariance[3, 3] = model.first_along**2, model.first_across**2

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Let the object move for ``dt`` [s] and look at it from where the ego is then."""
        moved = np.eye(4)
        moved[0, 2] = moved[1, 3] = dt
        gain = np.array([[0.5 * dt * dt, 0.0], [0.0, 0.5 * dt * dt], [dt, 0.0], [0.0, dt]])
        noise = gain @ np.diag([model.along**2, model.across**2]) @ gain.T
        turned = np.kron(np.eye(2), step.into_new)
        self.mean = moved @ self.mean
        self.mean[:2] -= step.shift
        self.mean = turned @ self.mean
        covariance = turned @ (moved @ self.covariance @ moved.T + noise) @ turned.T
        self.covariance = 0.5 * (covariance + covariance.T)

    def innovation(self, position: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Difference (2,) of a measured position to the expected one, and its covariance (2, 2)."""
        return position - self.mean[:2], self.covariance[:2, :2] + covariance + LEAST_VARIANCE * np.eye(2)

    def distance(self, position: FloatArray, covariance: FloatArray) -> float:
        """Squared Mahalanobis distance of a measured position."""
        difference, spread = self.innovation(position, covariance)
        return float(difference @ np.linalg.solve(spread, difference))

    def update(self, position: FloatArray, covariance: FloatArray) -> None:
        """Take in a measured position (Joseph's form keeps the covariance positive definite)."""
        difference, spread = self.innovation(position, covariance)
        gain = np.linalg.solve(spread, self.covariance[:2, :]).T
        self.mean = self.mean + gain @ difference
        kept = np.eye(4)
        kept[:, :2] -= gain
        noise = covariance + LEAST_VARIANCE * np.eye(2)
        joseph = kept @ self.covariance @ kept.T + gain @ noise @ gain.T
        self.covariance = 0.5 * (joseph + joseph.T)
