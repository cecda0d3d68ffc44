"""One object under several suppositions of how fast it goes, weighed by how well they foretell it.

Whether something ahead stands or drives decides everything, and a single Gaussian about a usual speed
needs seconds to tell. So a vehicle begins both as standing and as driving, each with a Kalman filter
of its own, weighed by likelihood until they agree or one is left (static multiple models: Bar-Shalom,
Li & Kirubarajan, 2001, §11.6.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.tracking.classes import ClassModel
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kalman import KalmanState
from drive_stack.types import FloatArray, LiftedObject

BELIEF = 0.6  # of each likelihood: errors of neighbouring images resemble each other
LEAST_WEIGHT = 0.02  # of a supposition; below, it is dropped, but not before
PATIENCE = 25  # sightings, as a few bad boxes prove nothing
ALIKE = 1.5  # suppositions whose speeds differ by less are one [m/s]


@dataclass(slots=True)
class _Supposition:
    state: KalmanState
    weight: float


class Bank:
    """The suppositions about one object."""

    def __init__(self, seen: LiftedObject, ego_speed: float, model: ClassModel) -> None:
        """Begin with the class's starts."""
        self._all = [_Supposition(KalmanState(seen, ego_speed, s), s.probability) for s in model.starts]
        self._sightings = 1

    @property
    def mean(self) -> FloatArray:
        """Of the state, (5,)."""
        return np.asarray(sum(one.weight * one.state.mean for one in self._all))

    @property
    def covariance(self) -> FloatArray:
        """Of the state, (5, 5): of each supposition, and of their means about the whole mean."""
        mean = self.mean
        parts = [
            one.weight * (one.state.covariance + np.outer(one.state.mean - mean, one.state.mean - mean))
            for one in self._all
        ]
        return np.asarray(sum(parts))

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Carry all on to the present image."""
        for one in self._all:
            one.state.predict(step, dt, model)

    def distance(self, seen: LiftedObject) -> tuple[float, float]:
        """As `KalmanState.distance`, of the supposition that the sighting fits best."""
        return min(one.state.distance(seen) for one in self._all)

    def update(self, seen: LiftedObject) -> None:
        """Take in a sighting and weigh the suppositions by it."""
        logs = [math.log(one.weight) + BELIEF * one.state.update(seen) for one in self._all]
        most = max(logs)
        for one, value in zip(self._all, logs, strict=True):
            one.weight = max(math.exp(value - most), LEAST_WEIGHT)
        self._sightings += 1
        self._settle()

    def _settle(self) -> None:
        """Drop the unlikely; make those one that agree."""
        patient = self._sightings < PATIENCE
        kept = [one for one in self._all if patient or one.weight > LEAST_WEIGHT]
        speeds = [one.state.mean[2] for one in kept]
        if max(speeds) - min(speeds) < ALIKE:
            kept = [max(kept, key=lambda one: one.weight)]
        total = sum(one.weight for one in kept)
        for one in kept:
            one.weight /= total
        self._all = kept
