"""Curves of failure probability against the number of rows, and their derivatives.

All three families fall with the number of rows N, and are written with the probability p0 at a reference
size N0, which keeps their parameters of the same order:

- shifted power: p = c + a·N^−b = p0·(g + (1 − g)·(N/N0)^−b), with the floor c = p0·g;
- power: the same with g = 0;
- logistic: logit p = logit p0 − s·ln(N/N0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import expit

from drive_stack.types import FloatArray

Bounds = tuple[float, float]
_LOGIT_BOUNDS: Bounds = (-8.0, 8.0)
_EXPONENT_BOUNDS: Bounds = (0.0, 3.0)


class FamilyName(StrEnum):
    """The families of curves."""

    SHIFTED_POWER = "shifted_power"
    POWER = "power"
    LOGISTIC = "logistic"


class Slope(NamedTuple):
    """Failure probabilities (T,) and their derivatives by each parameter (P, T)."""

    probability: FloatArray
    by_parameter: FloatArray


class Family(Protocol):
    """A family of curves with P parameters."""

    @property
    def bounds(self) -> tuple[Bounds, ...]:
        """The range of each parameter, P pairs."""
        ...

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Where a search for the best parameters may start, each without the first parameter, logit p0."""
        ...

    def probability(self, parameters: FloatArray, log_ratio: FloatArray) -> FloatArray:
        """Failure probability for parameters (…, P) at ln(N/N0) (G,), shape (…, G)."""
        ...

    def slope(self, parameters: FloatArray, log_ratio: FloatArray) -> Slope:
        """Probability and derivatives for parameters (P,) at ln(N/N0) (T,)."""
        ...


class _ShiftedPower:
    """Parameters: logit p0, g (the floor as a fraction of p0), b."""

    bounds = (_LOGIT_BOUNDS, (0.0, 1.0), _EXPONENT_BOUNDS)
    starts = ((0.0, 0.05), (0.0, 0.5), (0.3, 0.7), (0.7, 1.5))

    def probability(self, parameters: FloatArray, log_ratio: FloatArray) -> FloatArray:
        first, floor, exponent = (parameters[..., index, None] for index in range(3))
        return np.asarray(expit(first) * (floor + (1.0 - floor) * np.exp(-exponent * log_ratio)))

    def slope(self, parameters: FloatArray, log_ratio: FloatArray) -> Slope:
        first, floor, exponent = parameters
        start = expit(first)
        decay = np.exp(-exponent * log_ratio)
        relative = floor + (1.0 - floor) * decay
        return Slope(
            start * relative,
            np.stack(
                [
                    start * (1.0 - start) * relative,
                    start * (1.0 - decay),
                    -start * (1.0 - floor) * log_ratio * decay,
                ]
            ),
        )


class _Power:
    """Parameters: logit p0, b."""

    bounds = (_LOGIT_BOUNDS, _EXPONENT_BOUNDS)
    starts = ((0.05,), (0.3,), (1.0,))

    def probability(self, parameters: FloatArray, log_ratio: FloatArray) -> FloatArray:
        first, exponent = (parameters[..., index, None] for index in range(2))
        return np.asarray(expit(first) * np.exp(-exponent * log_ratio))

    def slope(self, parameters: FloatArray, log_ratio: FloatArray) -> Slope:
        start = expit(parameters[0])
        decay = np.exp(-parameters[1] * log_ratio)
        return Slope(start * decay, np.stack([start * (1.0 - start) * decay, -start * log_ratio * decay]))


class _Logistic:
    """Parameters: logit p0, s."""

    bounds = (_LOGIT_BOUNDS, _EXPONENT_BOUNDS)
    starts = ((0.05,), (0.5,), (1.5,))

    def probability(self, parameters: FloatArray, log_ratio: FloatArray) -> FloatArray:
        first, exponent = (parameters[..., index, None] for index in range(2))
        return np.asarray(expit(first - exponent * log_ratio))

    def slope(self, parameters: FloatArray, log_ratio: FloatArray) -> Slope:
        probability = expit(parameters[0] - parameters[1] * log_ratio)
        by_logit = probability * (1.0 - probability)
        return Slope(probability, np.stack([by_logit, -log_ratio * by_logit]))


FAMILIES: Mapping[FamilyName, Family] = {
    FamilyName.SHIFTED_POWER: _ShiftedPower(),
    FamilyName.POWER: _Power(),
    FamilyName.LOGISTIC: _Logistic(),
}


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve, or B curves of one family: parameters of shape (P,) or (B, P)."""

    family: FamilyName
    parameters: FloatArray
    reference: float  # N0 [rows]

    def failure(self, sizes: FloatArray) -> FloatArray:
        """Failure probability at ``sizes`` (G,), shape (G,) or (B, G); at most 1 below the reference size."""
        log_ratio = np.log(np.asarray(sizes, dtype=np.float64) / self.reference)
        return np.minimum(FAMILIES[self.family].probability(self.parameters, log_ratio), 1.0)

    def success(self, sizes: FloatArray) -> FloatArray:
        """Success probability, see `failure`."""
        return 1.0 - self.failure(sizes)
