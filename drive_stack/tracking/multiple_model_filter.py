"""Several hypotheses about the speed of one object, weighted by the likelihood of its measurements.

Planning depends on whether an object ahead is stationary or moving, and a single Gaussian about a mean speed
takes seconds to decide that. A vehicle therefore starts with a stationary and a moving hypothesis. Each has
its own Kalman filter, and the likelihoods give their weights (static multiple models: Bar-Shalom, Li &
Kirubarajan, 2001, §11.6.2). Errors of distant boxes are correlated for seconds and may reject the correct
hypothesis. The stationary hypothesis is therefore added again from time to time, at the present position.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.tracking.classes import ClassModel
from drive_stack.tracking.ego_motion import EgoStep
from drive_stack.tracking.kalman import KalmanState
from drive_stack.tracking.kernels import Measurement
from drive_stack.types import FloatArray

LIKELIHOOD_EXPONENT = 0.6  # errors in consecutive images are correlated
MIN_WEIGHT = 0.02  # of a hypothesis; one at this weight is rejected and does not contribute
RENEWAL_INTERVAL = 15  # measurements after which the stationary hypothesis is added again
MERGE_DIFFERENCE = 1.5  # hypotheses whose speeds differ by less are merged [m/s]


@dataclass(slots=True)
class ModelHypothesis:
    """One hypothesis with its weight."""

    state: KalmanState
    weight: float


@dataclass(frozen=True, slots=True)
class _Moments:
    """Mean (5,) and covariance (5, 5)."""

    mean: FloatArray
    covariance: FloatArray


class MultipleModelFilter:
    """The hypotheses about one object."""

    def __init__(self, measurement: Measurement, ego_speed: float, model: ClassModel) -> None:
        """Start with the velocity priors of the class; ``ego_speed`` is in m/s."""
        priors = model.velocity_priors_at_side if measurement.truncated_at_side else model.velocity_priors
        self._hypotheses = [
            ModelHypothesis(KalmanState(measurement, ego_speed, prior), prior.probability) for prior in priors
        ]
        self._may_move = len(priors) > 1
        self._measurements = 1
        self._moments: _Moments | None = None  # of the present hypotheses, once they have been computed

    @property
    def states(self) -> list[KalmanState]:
        """The states of all hypotheses."""
        return [hypothesis.state for hypothesis in self._hypotheses]

    @property
    def mean(self) -> FloatArray:
        """Mean of the state, (5,)."""
        return self._mixture().mean

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the state, (5, 5): within the hypotheses and between their means."""
        return self._mixture().covariance

    def _mixture(self) -> _Moments:
        if self._moments is None:
            self._moments = _mixture(self._accepted())
        return self._moments

    def predict(self, step: EgoStep, dt: float, model: ClassModel) -> None:
        """Propagate all hypotheses by ``dt`` [s] to the present image."""
        for hypothesis in self._hypotheses:
            hypothesis.state.predict(step, dt, model)
        self._moments = None

    def stop(self) -> None:
        """Retain only the hypothesis that the object is stationary."""
        best = self._most_likely()
        self._hypotheses = [ModelHypothesis(best.state.stopped(), 1.0)]
        self._moments = None

    def update(self, measurement: Measurement) -> None:
        """Update all hypotheses and their weights with a measurement."""
        logs = [
            math.log(hypothesis.weight) + LIKELIHOOD_EXPONENT * hypothesis.state.update(measurement)
            for hypothesis in self._hypotheses
        ]
        highest = max(logs)
        for hypothesis, value in zip(self._hypotheses, logs, strict=True):
            hypothesis.weight = max(math.exp(value - highest), MIN_WEIGHT)
        self._measurements += 1
        if self._may_move and self._measurements % RENEWAL_INTERVAL == 0:
            self._renew_stationary()
        self._merge()
        self._moments = None

    def _most_likely(self) -> ModelHypothesis:
        return max(self._hypotheses, key=lambda hypothesis: hypothesis.weight)

    def _accepted(self) -> list[tuple[ModelHypothesis, float]]:
        """The hypotheses that are not rejected, with weights that add up to 1."""
        accepted = [hypothesis for hypothesis in self._hypotheses if hypothesis.weight > MIN_WEIGHT]
        total = sum(hypothesis.weight for hypothesis in accepted)
        return [(hypothesis, hypothesis.weight / total) for hypothesis in accepted]

    def _renew_stationary(self) -> None:
        """Where only one hypothesis is accepted, add that the object is stationary at its position."""
        best = self._most_likely()
        others = [item for item in self._hypotheses if item is not best and item.weight > MIN_WEIGHT]
        best.weight = 1.0
        self._hypotheses = [best, *(others or [ModelHypothesis(best.state.stopped(), MIN_WEIGHT)])]

    def _merge(self) -> None:
        """Retain only the most likely hypothesis where the speeds agree."""
        speeds = [hypothesis.state.mean[2] for hypothesis in self._hypotheses]
        if max(speeds) - min(speeds) < MERGE_DIFFERENCE:
            best = self._most_likely()
            best.weight = 1.0
            self._hypotheses = [best]


def _mixture(hypotheses: list[tuple[ModelHypothesis, float]]) -> _Moments:
    """Moments of weighted hypotheses."""
    if len(hypotheses) == 1:
        state = hypotheses[0][0].state
        return _Moments(state.mean, state.covariance)
    mean = np.asarray(sum(weight * hypothesis.state.mean for hypothesis, weight in hypotheses))
    parts = []
    for hypothesis, weight in hypotheses:
        deviation = hypothesis.state.mean - mean
        parts.append(weight * (hypothesis.state.covariance + np.outer(deviation, deviation)))
    return _Moments(mean, np.asarray(sum(parts)))
