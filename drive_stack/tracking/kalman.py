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
from drive_stack.tracking.kernels import STATES
from drive_stack.tracking.measurement import Distance, Measurement, distance_of, measure, typical_log_size
from drive_stack.types import FloatArray, LiftedObject

SIZE_DRIFT = 0.005  # std of the logarithm of the size for each step: the object is seen from new sides
INITIAL_SIGMA = 1.0  # of the position before the first measurement, as a fraction of the distance


class KalmanState:
    """Mean (5,) and covariance (5, 5)."""

    def __init__(self, detected: LiftedObject, ego_speed: float, prior: VelocityPrior) -> None:
        """Start at the detected position with the velocity of ``prior``; ``ego_speed`` is in m/s."""
        self.mean = np.array([*detected.position, prior.speed_fraction * ego_speed, 0.0, 0.0])
        self.covariance = np.zeros((STATES, STATES))
        # a prior without knowledge of the position: the first update then correlates position and size
        self.covariance[:2, :2] = (INITIAL_SIGMA * np.hypot(*detected.position)) ** 2 * np.eye(2)
        self.covariance[2, 2], self.covariance[3, 3] = prior.longitudinal_sigma**2, prior.lateral_sigma**2
        self._has_size = False
        self.update(detected)

    def stopped(self) -> KalmanState:
        """A copy of the state in which the object is stationary at its position."""
        other = copy.deepcopy(self)
        other.mean[2:4] = 0.0
        other.covariance[2:4, :] = other.covariance[:, 2:4] = 0.0
        other.covariance[2, 2] = STATIONARY.longitudinal_sigma**2
        other.covariance[3, 3] = STATIONARY.lateral_sigma**2
        return other

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Propagate the object by ``dt`` [s] and transform the state to the ego frame after ``step``."""
        moved, turned = np.eye(STATES), np.eye(STATES)
        moved[0, 2] = moved[1, 3] = dt
        turned[:2, :2] = turned[2:4, 2:4] = step.into_new
        gain = np.array([[0.5 * dt * dt, 0.0], [0.0, 0.5 * dt * dt], [dt, 0.0], [0.0, dt]])
        noise = np.zeros((STATES, STATES))
        variances = np.diag([model.longitudinal_acceleration**2, model.lateral_acceleration**2])
        noise[:4, :4] = gain @ variances @ gain.T
        noise[4, 4] = SIZE_DRIFT**2
        self.mean = moved @ self.mean
        self.mean[:2] -= step.shift
        self.mean = turned @ self.mean
        covariance = turned @ (moved @ self.covariance @ moved.T + noise) @ turned.T
        self.covariance = 0.5 * (covariance + covariance.T)

    def distance(self, detected: LiftedObject, cues: FloatArray) -> Distance:
        """Squared Mahalanobis distance of an object, and the logarithm of the determinant of the innovation
        covariance, both divided by the number of dimensions of the measurement."""
        return distance_of(detected, cues, self.mean, self.covariance)

    def update(self, detected: LiftedObject) -> float:
        """Update the state with a detected object; returns the log-likelihood of the measurement.

        Joseph's form keeps the covariance positive definite.
        """
        self._initialise_size(detected)
        measurement = measure(detected, self.mean).robust(self.covariance)
        innovation = measurement.innovation_covariance(self.covariance)
        likelihood = _log_likelihood(measurement, innovation)
        gain = np.linalg.solve(innovation, measurement.rows @ self.covariance).T
        self.mean = self.mean + gain @ measurement.difference
        remaining = np.eye(STATES) - gain @ measurement.rows
        joseph = remaining @ self.covariance @ remaining.T + gain @ measurement.noise @ gain.T
        self.covariance = 0.5 * (joseph + joseph.T)
        return likelihood

    def _initialise_size(self, detected: LiftedObject) -> None:
        """Set the size to the typical one of the class at the first measurement that depends on it."""
        typical = None if self._has_size else typical_log_size(detected)
        if typical is not None:
            self._has_size = True
            self.mean[4], self.covariance[4, 4] = typical


def _log_likelihood(measurement: Measurement, innovation: FloatArray) -> float:
    squared, log_determinant = measurement.mahalanobis(innovation)
    return -0.5 * (squared + log_determinant + len(measurement.difference) * math.log(2.0 * math.pi))
