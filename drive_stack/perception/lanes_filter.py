"""Filter of the road shape over time: an iterated extended Kalman filter with robust weights.

The update minimises the squared errors of the prior and of the measurements by Gauss-Newton, with Huber's
weights for outliers (Bell & Cathey, 1993, on the iterated filter; Huber, 1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.perception.ground_shape import VERTICAL_KNOTS, GroundView
from drive_stack.perception.lanes_shape import (
    CURVATURES,
    HEADING,
    KNOTS,
    LEFT_WIDTH,
    LEVEL_SIZE,
    OFFSET,
    PITCH,
    RIGHT_WIDTH,
    SIZE,
    VERTICAL,
    WIDTH,
    jacobian,
    motion,
)
from drive_stack.types import FloatArray

START_PITCHES = tuple(np.radians(np.arange(-3.0, 3.1, 0.75)).tolist())  # [rad]
START_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class ShapeNoise:
    """Standard deviations of the prior, of the process noise and of the measurements."""

    offset: float = 1.2  # [m]
    heading: float = 0.12  # [rad]
    curvature: float = 3e-3  # [1/m]
    width: float = 0.25  # [m]
    typical_width: float = 3.7  # [m]
    offset_per_step: float = 0.01  # of the offset, for each step [m]
    offset_per_metre: float = 0.006
    heading_per_step: float = 0.001  # of the heading, for each step [rad]
    heading_per_metre: float = 0.0008
    curvature_per_root_metre: float = 2.5e-4  # of the curvatures [1/m]
    initial_correlation_length: float = 250.0  # of the curvatures in the prior [m]
    correlation_length: float = 50.0  # of the process noise of the curvatures [m]
    width_per_root_metre: float = 0.01
    pitch: float = 0.02  # of the camera relative to the road [rad]
    pitch_per_step: float = 0.0002  # beyond the predicted change, for each step [rad]
    vertical_curvature: float = 1.5e-4  # [1/m]
    vertical_curvature_per_root_metre: float = 1.5e-5
    vertical_correlation_length: float = 60.0  # of the vertical curvatures [m]
    repetition: float = 2.5  # r: errors at adjacent anchors are correlated, so each measurement counts 1/r²
    min_sigma: float = 0.04  # of a measurement [m]
    outlier_threshold: float = 2.0  # standard deviations from which a measurement loses weight


@dataclass(frozen=True, slots=True)
class _Fit:
    """A state fitted to measured boundaries."""

    mean: FloatArray  # (SIZE,)
    covariance: FloatArray  # of the estimated part of the state
    agreement: float  # fraction of measurements that agree with the state
    cost: float  # before the last round


class ShapeFilter:
    """Mean (SIZE,) and covariance (SIZE, SIZE) of the state that `lanes_shape` describes.

    Unless ``estimates_ground``, the state of the ground stays that of a level road and a camera mounted as it
    should be.
    """

    def __init__(
        self, view: GroundView, noise: ShapeNoise | None = None, *, estimates_ground: bool = False
    ) -> None:
        self._noise, self._view = noise or ShapeNoise(), view
        self._size = SIZE if estimates_ground else LEVEL_SIZE  # the first numbers of the state are estimated
        self.reset()

    def reset(self) -> None:
        """Restart with the prior: a straight road, and the ego anywhere in its lane."""
        noise = self._noise
        self.mean = np.zeros(SIZE)
        self.mean[WIDTH:LEVEL_SIZE] = noise.typical_width
        self.covariance = np.zeros((SIZE, SIZE))
        self.covariance[OFFSET, OFFSET] = noise.offset**2
        self.covariance[HEADING, HEADING] = noise.heading**2
        correlation = _correlation(KNOTS, noise.initial_correlation_length)
        self.covariance[CURVATURES, CURVATURES] = noise.curvature**2 * correlation
        self.covariance[WIDTH:LEVEL_SIZE, WIDTH:LEVEL_SIZE] = noise.width**2 * np.eye(3)
        if self._size > LEVEL_SIZE:
            vertical = _correlation(VERTICAL_KNOTS, noise.vertical_correlation_length)
            self.covariance[PITCH, PITCH] = noise.pitch**2
            self.covariance[VERTICAL, VERTICAL] = noise.vertical_curvature**2 * vertical

    def predict(self, travelled: float, turned: float, pitched: float = 0.0) -> None:
        """Propagate the state while the ego drives ``travelled`` [m] and turns by ``turned`` [rad].

        Its body pitches by ``pitched``, positive nose down [rad].
        """
        noise = self._noise
        self.mean, gain = motion(self.mean, travelled, turned)
        if self._size > LEVEL_SIZE:
            self.mean[PITCH] += pitched
        distance = max(travelled, 0.0)
        added = np.zeros((SIZE, SIZE))
        added[OFFSET, OFFSET] = (noise.offset_per_step + noise.offset_per_metre * distance) ** 2
        added[HEADING, HEADING] = (noise.heading_per_step + noise.heading_per_metre * distance) ** 2
        correlation = _correlation(KNOTS, noise.correlation_length)
        added[CURVATURES, CURVATURES] = noise.curvature_per_root_metre**2 * distance * correlation
        added[WIDTH:LEVEL_SIZE, WIDTH:LEVEL_SIZE] = noise.width_per_root_metre**2 * distance * np.eye(3)
        if self._size > LEVEL_SIZE:
            vertical = _correlation(VERTICAL_KNOTS, noise.vertical_correlation_length)
            added[PITCH, PITCH] = noise.pitch_per_step**2
            added[VERTICAL, VERTICAL] = noise.vertical_curvature_per_root_metre**2 * distance * vertical
        self.covariance = gain @ self.covariance @ gain.T + added

    def start(self, anchors: FloatArray, y: FloatArray, sigma: FloatArray) -> float:
        """Update the prior with the first measured boundaries; see `update`.

        A camera pitched by degrees makes the problem too nonlinear for one initial value, so each of
        `START_PITCHES` is tried, and the best fit stays.
        """
        fits = [self._fit(anchors, y, sigma, START_ROUNDS, pitch) for pitch in self._start_pitches()]
        return self._take(min(fits, key=lambda fit: fit.cost))

    def _start_pitches(self) -> tuple[float, ...]:
        return START_PITCHES if self._size > LEVEL_SIZE else (0.0,)

    def update(self, anchors: FloatArray, y: FloatArray, sigma: FloatArray, rounds: int = 3) -> float:
        """Update the state with measured boundaries.

        Args:
            anchors: (R,) distances ahead of the ego [m].
            y: (4, R) laterals of the boundaries at the anchors [m], NaN where not detected.
            sigma: (4, R) standard deviations of ``y`` [m].
            rounds: iterations of Gauss-Newton.

        Returns:
            The fraction of measurements that agree with the state, 0 … 1; it is 0, and the state does not
            change, where no boundary is detected.
        """
        return self._take(self._fit(anchors, y, sigma, rounds, float(self.mean[PITCH])))

    def _take(self, fit: _Fit) -> float:
        size = self._size
        self.mean = fit.mean
        self.covariance[:size, :size] = fit.covariance
        return fit.agreement

    def _fit(self, anchors: FloatArray, y: FloatArray, sigma: FloatArray, rounds: int, pitch: float) -> _Fit:
        """Fit the state to measured boundaries, from the present mean with another ``pitch`` [rad]."""
        detected = np.isfinite(y)
        noise, prior, size = self._noise, self.mean, self._size
        if not detected.any():
            return _Fit(prior, self.covariance[:size, :size], 0.0, 0.0)
        information = np.linalg.inv(self.covariance[:size, :size])
        std = np.hypot(sigma, noise.min_sigma)
        mean, agreement, cost = prior.copy(), 0.0, 0.0
        mean[PITCH] = pitch
        normal = information
        for _ in range(rounds):
            lines, slopes = jacobian(mean, anchors, self._view, size)
            used = detected & np.isfinite(lines) & np.isfinite(slopes).all(axis=-1)
            residual, slope = (y - lines)[used], slopes[used]
            normalised = np.abs(residual) / std[used]
            robust_weight = np.minimum(1.0, noise.outlier_threshold / np.maximum(normalised, 1e-9))
            weight = robust_weight / (noise.repetition * std[used]) ** 2
            normal = information + slope.T @ (weight[:, None] * slope)
            moved = (mean - prior)[:size]
            # boundaries that the state does not have count as outliers
            missing = noise.outlier_threshold**2 * float((detected & ~used).sum())
            cost = float(weight @ residual**2 + moved @ information @ moved) + missing
            mean[:size] += np.linalg.solve(normal, slope.T @ (weight * residual) - information @ moved)
            agreement = float(np.sum(normalised < 2.0 * noise.outlier_threshold) / detected.sum())
        covariance = np.linalg.inv(normal)
        return _Fit(mean, 0.5 * (covariance + covariance.T), agreement, cost)

    def extend_curvature(self, beyond: float) -> None:
        """Set the curvatures farther ahead than ``beyond`` [m] to the mean of the nearer ones.

        Curvatures far ahead are inaccurate, and without new images nothing would correct them later.
        """
        knots = self.mean[CURVATURES]
        knots[beyond < KNOTS] = knots[beyond >= KNOTS].mean()

    def change_lane(self, side: int) -> None:
        """Make the lane on the left (+1) or right (−1) the ego lane."""
        moved = np.eye(SIZE)
        opposite, entered = (RIGHT_WIDTH, LEFT_WIDTH) if side > 0 else (LEFT_WIDTH, RIGHT_WIDTH)
        moved[OFFSET, [WIDTH, entered]] = -0.5 * side
        moved[[WIDTH, opposite, entered]] = 0.0
        moved[WIDTH, entered] = moved[opposite, WIDTH] = 1.0
        self.mean = moved @ self.mean
        self.covariance = moved @ self.covariance @ moved.T
        self.mean[entered] = self.mean[WIDTH]
        self.covariance[entered, entered] = self._noise.width**2


def _correlation(knots: FloatArray, length: float) -> FloatArray:
    """Correlation (knots, knots) of the curvatures, falling exponentially with a ``length`` [m]."""
    return np.asarray(np.exp(-np.abs(knots[:, None] - knots[None, :]) / length), dtype=np.float64)
