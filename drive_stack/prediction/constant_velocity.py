"""The simplest predictor: every object keeps its velocity."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import PlanHorizon, TimeStep
from drive_stack.config import StrictModel
from drive_stack.types import FloatArray, Hypothesis, LaneEstimate, Prediction, Track


class Horizon(StrictModel):
    """Length and time step of predictions [s]."""

    seconds: PlanHorizon = 4.0
    step: TimeStep = 0.25

    def times(self) -> FloatArray:
        """Times from now ``(T,)`` [s]; the first one is a step ahead."""
        count = round(self.seconds / self.step)
        return np.linspace(self.step, count * self.step, count)


def constant_velocity(track: Track, times: FloatArray, name: str, probability: float) -> Hypothesis:
    """Hypothesis ``name`` that the track keeps its velocity, at the times ``(T,)`` [s]."""
    positions = track.position + times[:, None] * track.velocity
    return Hypothesis(name, probability, positions, np.full(len(times), track.heading))


class ConstantVelocityPredictor:
    """A `Predictor` with one hypothesis for each track: it keeps its velocity."""

    def __init__(self, horizon: Horizon | None = None) -> None:
        self._times = (horizon or Horizon()).times()

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:  # noqa: ARG002 - required by the protocol
        """One prediction for each track, in the same order."""
        return tuple(
            Prediction(track, self._times, (constant_velocity(track, self._times, "keeps going", 1.0),))
            for track in tracks
        )
