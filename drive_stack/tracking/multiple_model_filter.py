"""One object under several suppositions of how fast it goes, weighed by how well they foretell it.

Whether something ahead stands or drives decides everything, and a single Gaussian about a usual speed
needs seconds to tell. So a vehicle begins both as standing and as driving, each with a Kalman filter
of its own, weighed by likelihood (static multiple models: Bar-Shalom, Li & Kirubarajan, 2001,
§11.6.2). Boxes far off err alike for seconds and may condemn the right supposition, so from time to
time that it stands is supposed anew, from where it is by then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.tracking.classes import ClassModel
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kalman import KalmanState
from drive_stack.tracking.measurement import Distance
from drive_stack.types import FloatArray, LiftedObject

BELIEF = 0.6  # of each likelihood: errors of neighbouring images resemble each other
LEAST_WEIGHT = 0.02  # of a supposition; one that has no more counts for nothing
TERM = 15  # sightings between two times at which it is supposed anew that the object stands
ALIKE = 1.5  # suppositions whose speeds differ by less are one [m/s]


@dataclass(slots=True)
class _Supposition:
    state: KalmanState
    weight: float


class Bank:
    """The suppositions about one object."""

    def __init__(self, seen: LiftedObject, ego_speed: float, model: ClassModel) -> None:
        """Begin with the class's starts."""
        starts = model.starts_at_side if seen.truncated_at_side else model.starts
        self._all = [_Supposition(KalmanState(seen, ego_speed, s), s.probability) for s in starts]
        self._may_drive = len(starts) > 1
        self._sightings = 1

    @property
    def mean(self) -> FloatArray:
        """Of the state, (5,)."""
        return np.asarray(sum(weight * one.state.mean for one, weight in self._counted()))

    @property
    def covariance(self) -> FloatArray:
        """Of the state, (5, 5): of each supposition, and of their means about the whole mean."""
        mean = self.mean
        parts = [
            weight * (one.state.covariance + np.outer(one.state.mean - mean, one.state.mean - mean))
            for one, weight in self._counted()
        ]
        return np.asarray(sum(parts))

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Carry all on to the present image."""
        for one in self._all:
            one.state.predict(step, dt, model)

    def stop(self) -> None:
        """Suppose alone that it stands."""
        best = max(self._all, key=lambda one: one.weight)
        self._all = [_Supposition(best.state.stopped(), 1.0)]

    def distance(self, seen: LiftedObject, cues: FloatArray) -> Distance:
        """As `KalmanState.distance`, of the supposition that the sighting fits best."""
        return min(one.state.distance(seen, cues) for one in self._all)

    def update(self, seen: LiftedObject) -> None:
        """Take in a sighting and weigh the suppositions by it."""
        logs = [math.log(one.weight) + BELIEF * one.state.update(seen) for one in self._all]
        most = max(logs)
        for one, value in zip(self._all, logs, strict=True):
            one.weight = max(math.exp(value - most), LEAST_WEIGHT)
        self._sightings += 1
        if self._may_drive and self._sightings % TERM == 0:
            self._suppose_anew()
        self._unite()

    def _counted(self) -> list[tuple[_Supposition, float]]:
        """Those that are not condemned, with weights that add up to 1."""
        heard = [one for one in self._all if one.weight > LEAST_WEIGHT]
        total = sum(one.weight for one in heard)
        return [(one, one.weight / total) for one in heard]

    def _suppose_anew(self) -> None:
        """Let the likeliest stay, and beside it that the object stands where it says."""
        best = max(self._all, key=lambda one: one.weight)
        others = [one for one in self._all if one is not best and one.weight > LEAST_WEIGHT]
        best.weight = 1.0
        self._all = [best, *(others or [_Supposition(best.state.stopped(), LEAST_WEIGHT)])]

    def _unite(self) -> None:
        """Make those one that agree."""
        speeds = [one.state.mean[2] for one in self._all]
        if max(speeds) - min(speeds) < ALIKE:
            best = max(self._all, key=lambda one: one.weight)
            best.weight = 1.0
            self._all = [best]
