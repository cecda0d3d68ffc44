"""Quintic and quartic polynomials through boundary values, many at once.

Werling, Ziegler, Kammel, Thrun 2010, "Optimal trajectory generation for dynamic street scenarios in
a Frenet frame": a quintic joins two full states with minimum jerk; a quartic leaves the end position free.
Coefficients are ``(..., N)``, lowest power first.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray


def quintic(start: tuple[float, float, float], end: FloatArray, length: FloatArray) -> FloatArray:
    """Coefficients ``(K, 6)`` from ``start`` (x, x', x'') to ``end`` (K,) after ``length`` (K,).

    There x' = x'' = 0.
    """
    x, v, a = start
    t = length
    gap = end - (x + v * t + 0.5 * a * t**2)
    slope = -(v + a * t)
    bend = np.full_like(t, -a)
    c3 = (10.0 * gap - 4.0 * slope * t + 0.5 * bend * t**2) / t**3
    c4 = (-15.0 * gap + 7.0 * slope * t - bend * t**2) / t**4
    c5 = (6.0 * gap - 3.0 * slope * t + 0.5 * bend * t**2) / t**5
    ones = np.ones_like(t)
    return np.stack([x * ones, v * ones, 0.5 * a * ones, c3, c4, c5], axis=1)


def quartic(speed: float, acceleration: float, end_speed: FloatArray, duration: FloatArray) -> FloatArray:
    """Coefficients ``(K, 5)`` of position from 0 at ``speed`` and ``acceleration`` to ``end_speed``
    (K,) with no acceleration after ``duration`` (K,) [s]."""
    t = duration
    slope = end_speed - speed - acceleration * t
    bend = -acceleration
    c3 = (3.0 * slope - bend * t) / (3.0 * t**2)
    c4 = (bend * t - 2.0 * slope) / (4.0 * t**3)
    ones = np.ones_like(t)
    return np.stack([0.0 * ones, speed * ones, 0.5 * acceleration * ones, c3, c4], axis=1)


def derivative(coefficients: FloatArray) -> FloatArray:
    """Coefficients of the derivative, one fewer along the last axis."""
    return np.asarray(coefficients[..., 1:] * np.arange(1, coefficients.shape[-1]), dtype=np.float64)


def evaluate(coefficients: FloatArray, at: FloatArray) -> FloatArray:
    """Values of ``K`` polynomials (K, N) at ``at`` (K, ...), each at its own row (Horner)."""
    value = np.empty(at.shape)
    flat = len(at), math.prod(at.shape[1:])
    _horner(np.ascontiguousarray(coefficients), at.reshape(flat), value.reshape(flat))
    return value


@kernel()
def _horner(coefficients, at, value):  # type: ignore[no-untyped-def]
    last = coefficients.shape[1] - 1
    for row in range(at.shape[0]):
        for column in range(at.shape[1]):
            result = coefficients[row, last]
            for power in range(last - 1, -1, -1):
                result = result * at[row, column] + coefficients[row, power]
            value[row, column] = result
