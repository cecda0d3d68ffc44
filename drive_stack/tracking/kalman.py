"""One object followed by a Kalman filter with constant velocity over ground, in the ego's frame.

State (x, y, vx, vy, s): what the lifter measures, which is the nearest face's centre of a vehicle and
the feet of a person; velocity over ground along the ego's present axes; the logarithm of the object's
size (see `reading`). Noise: piecewise constant white acceleration (Bar-Shalom, Li & Kirubarajan, 2001,
§6.3.2).
"""

from __future__ import annotations

import copy
import math

import numpy as np

from drive_stack.tracking.classes import STANDS, ClassModel, Start
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kernels import STATES
from drive_stack.tracking.measurement import Distance, Reading, distance_of, read, usual_log_size
from drive_stack.types import FloatArray, LiftedObject

SIZE_DRIFT = 0.005  # of the logarithm of the size with each image: it is seen from ever new sides
UNKNOWN = 1.0  # of the distance: standard deviation of the place before the first sighting


class KalmanState:
    """Mean (5,) and covariance (5, 5)."""

    def __init__(self, seen: LiftedObject, ego_speed: float, start: Start) -> None:
        """Begin where it is seen; the velocity is what ``start`` expects."""
        self.mean = np.array([*seen.position, start.speed_share * ego_speed, 0.0, 0.0])
        self.covariance = np.zeros((STATES, STATES))
        # nothing is known of the place before it is seen: then place and size err together, as they must
        self.covariance[:2, :2] = (UNKNOWN * np.hypot(*seen.position)) ** 2 * np.eye(2)
        self.covariance[2, 2], self.covariance[3, 3] = start.along**2, start.across**2
        self._sized = False
        self.update(seen)

    def stopped(self) -> KalmanState:
        """The same object, standing where it is."""
        other = copy.deepcopy(self)
        other.mean[2:4] = 0.0
        other.covariance[2:4, :] = other.covariance[:, 2:4] = 0.0
        other.covariance[2, 2], other.covariance[3, 3] = STANDS.along**2, STANDS.across**2
        return other

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Let the object move for ``dt`` [s] and look at it from where the ego is then."""
        moved, turned = np.eye(STATES), np.eye(STATES)
        moved[0, 2] = moved[1, 3] = dt
        turned[:2, :2] = turned[2:4, 2:4] = step.into_new
        gain = np.array([[0.5 * dt * dt, 0.0], [0.0, 0.5 * dt * dt], [dt, 0.0], [0.0, dt]])
        noise = np.zeros((STATES, STATES))
        noise[:4, :4] = gain @ np.diag([model.along**2, model.across**2]) @ gain.T
        noise[4, 4] = SIZE_DRIFT**2
        self.mean = moved @ self.mean
        self.mean[:2] -= step.shift
        self.mean = turned @ self.mean
        covariance = turned @ (moved @ self.covariance @ moved.T + noise) @ turned.T
        self.covariance = 0.5 * (covariance + covariance.T)

    def distance(self, seen: LiftedObject, cues: FloatArray) -> Distance:
        """Squared Mahalanobis distance of a sighting for each of its dimensions, and how vague the
        expectation is (logarithm of the innovation covariance's determinant, also for each)."""
        return distance_of(seen, cues, self.mean, self.covariance)

    def update(self, seen: LiftedObject) -> float:
        """Take in a sighting; returns its log-likelihood.

        Joseph's form keeps the covariance positive definite.
        """
        self._begin_size(seen)
        reading = read(seen, self.mean).doubted(self.covariance)
        spread = reading.innovation_covariance(self.covariance)
        likelihood = _log_likelihood(reading, spread)
        gain = np.linalg.solve(spread, reading.rows @ self.covariance).T
        self.mean = self.mean + gain @ reading.difference
        kept = np.eye(STATES) - gain @ reading.rows
        joseph = kept @ self.covariance @ kept.T + gain @ reading.noise @ gain.T
        self.covariance = 0.5 * (joseph + joseph.T)
        return likelihood

    def _begin_size(self, seen: LiftedObject) -> None:
        """With the first sighting whose size counts, take the class's usual one."""
        usual = None if self._sized else usual_log_size(seen)
        if usual is not None:
            self._sized = True
            self.mean[4], self.covariance[4, 4] = usual


def _log_likelihood(reading: Reading, spread: FloatArray) -> float:
    squared, log_determinant = reading.fit(spread)
    return -0.5 * (squared + log_determinant + len(reading.difference) * math.log(2.0 * math.pi))
