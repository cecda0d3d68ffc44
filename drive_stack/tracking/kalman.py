"""A Kalman filter for one object with constant velocity over ground, in the ego frame.

State (x, y, vx, vy, s): the position that the lifter measures, which is the centre of a vehicle's nearest
face and the feet of a pedestrian [m]; the velocity over ground in the present ego axes [m/s]; the logarithm
of the object's size (see `measurement`). Process noise: piecewise constant white acceleration (Bar-Shalom, Li
& Kirubarajan, 2001, §6.3.2).
"""

from __future__ import annotations

import copy
import math

import numpy as np

from drive_stack.tracking.classes import STATIONARY, ClassModel, VelocityPrior
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kernels import Measurement, predict_state, update_state

INITIAL_SIGMA = 1.0  # of the position before the first measurement, as a fraction of the distance


class KalmanState:
    """Mean (5,) and covariance (5, 5). Updates replace both arrays and never change them in place."""

    def __init__(self, measurement: Measurement, ego_speed: float, prior: VelocityPrior) -> None:
        """Start at the measured position with the velocity of ``prior``; ``ego_speed`` is in m/s."""
        x, y = measurement.position
        self.mean = np.array([x, y, prior.speed_fraction * ego_speed, 0.0, 0.0])
        # a prior without knowledge of the position: the first update then correlates position and size
        variance = (INITIAL_SIGMA * math.hypot(x, y)) ** 2
        self.covariance = np.diag(
            [variance, variance, prior.longitudinal_sigma**2, prior.lateral_sigma**2, 0.0]
        )
        self._has_size = False
        self.update(measurement)

    def stopped(self) -> KalmanState:
        """A copy of the state in which the object is stationary at its position."""
        other = copy.copy(self)
        other.mean, other.covariance = self.mean.copy(), self.covariance.copy()
        other.mean[2:4] = 0.0
        other.covariance[2:4, :] = other.covariance[:, 2:4] = 0.0
        other.covariance[2, 2] = STATIONARY.longitudinal_sigma**2
        other.covariance[3, 3] = STATIONARY.lateral_sigma**2
        return other

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Propagate the object by ``dt`` [s] and transform the state to the ego frame after ``step``."""
        self.mean, self.covariance = predict_state(
            self.mean,
            self.covariance,
            step.shift,
            step.turn,
            dt,
            model.longitudinal_acceleration,
            model.lateral_acceleration,
        )

    def update(self, measurement: Measurement) -> float:
        """Update the state with a measurement; returns its log-likelihood."""
        if not self._has_size and not math.isnan(measurement.log_size):
            self._has_size = True
            self._set_size(measurement.log_size, measurement.log_size_variance)
        self.mean, self.covariance, likelihood = update_state(self.mean, self.covariance, measurement)
        return float(likelihood)

    def _set_size(self, log_size: float, variance: float) -> None:
        """Set the size to the typical one of the class, at the first measurement that depends on it."""
        self.mean, self.covariance = self.mean.copy(), self.covariance.copy()
        self.mean[4], self.covariance[4, 4] = log_size, variance
