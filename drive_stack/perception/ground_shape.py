"""The height of the road ahead, and where its points appear to a camera that takes it for level.

The state of the ground is the pitch δ of the camera beyond its assumed one, relative to the road under the
car and positive down, and the vertical curvature of the road at fixed distances ahead (linear between them,
constant outside). The road has no slope at the car, by the choice of the frame: its x axis is along the road
under the rear axle.

A point d ahead of a camera at height h, on ground that is z higher, appears at

    d' = ρ · d,    y' = ρ · y,    ρ = h / (h − z − δ · d)

to first order in δ. Lines of known spacing thus show both: their apparent spacing grows or shrinks with the
distance (the vanishing point of lanes; Dickmanns & Mysliwetz, 1992, estimate vertical curvature likewise).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, GroundEstimate

VERTICAL_KNOTS = np.array([0.0, 40.0, 80.0, 120.0])  # distances ahead of the rear axle [m]
PITCH_PER_ACCELERATION = float(np.radians(1.5)) / 8.0  # of a body that brakes [rad per m/s²]
PITCH_LAG = 0.2  # of the body behind the acceleration [s]
MAX_SCALE = 12.0  # of apparent to true distance; ground that appears farther away is at the horizon


@dataclass(frozen=True, slots=True)
class GroundView:
    """Where the camera is mounted; it looks along x."""

    mount_x: float  # ahead of the rear axle [m]
    height: float  # [m]

    @classmethod
    def of(cls, camera: CameraModel) -> GroundView:
        """The mounting of a camera."""
        return cls(camera.mount_x, camera.mount_z)


class BodyPitch:
    """Predicts how the body pitches on its suspension from the measured speeds.

    Braking presses the nose down. The pitch follows the acceleration with a short lag.
    """

    def __init__(self, dt: float) -> None:
        self._share = 1.0 - float(np.exp(-dt / PITCH_LAG))
        self._dt = dt
        self._pitch, self._speed = 0.0, np.nan

    def step(self, speed: float) -> float:
        """The change of the pitch since the last step, positive nose down [rad], at a ``speed`` [m/s]."""
        acceleration = 0.0 if np.isnan(self._speed) else (speed - self._speed) / self._dt
        change = self._share * (-PITCH_PER_ACCELERATION * acceleration - self._pitch)
        self._pitch, self._speed = self._pitch + change, speed
        return change


def height_weights(stations: FloatArray) -> FloatArray:
    """Curvatures at the knots → height at each station (S, knots), by integrating twice (trapezoidal rule).

    ``stations`` are increasing distances from the rear axle, 0 among them [m].
    """
    slope = integrated_from_ego(interpolation_weights(stations, VERTICAL_KNOTS), stations)
    return integrated_from_ego(slope, stations)


def interpolation_weights(at: FloatArray, knots: FloatArray) -> FloatArray:
    """Weights (len(at), knots) that interpolate values at ``knots`` linearly at distances ``at`` [m]."""
    return np.stack([np.interp(at, knots, row) for row in np.eye(len(knots))], axis=1)


def integrated_from_ego(values: FloatArray, stations: FloatArray) -> FloatArray:
    """Integrals (S, K) of ``values`` from station 0 to each of ``stations`` (S,), by the trapezoidal rule."""
    steps = np.diff(stations)[:, None] * 0.5 * (values[1:] + values[:-1])
    gained = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(steps, axis=0)])
    return np.asarray(gained - gained[int(np.argmin(np.abs(stations)))], dtype=np.float64)


STATION_STEP = 2.0  # [m]
GROUND_STATIONS = np.arange(0.0, 252.0, STATION_STEP)  # distances at which the ground is described [m]
_WEIGHTS = height_weights(GROUND_STATIONS)


@dataclass(frozen=True, slots=True)
class GroundSurface:
    """The road's surface and where it appears, at distances that increase up to the horizon or a crest."""

    distance: FloatArray  # (K,) ahead of the rear axle [m]
    height: FloatArray  # (K,) [m]
    apparent_distance: FloatArray  # (K,) ahead of the rear axle at which the road there appears [m]
    steepness: FloatArray  # (K,) angle at which the line of sight meets the road [rad], ≥ 1e-4
    shown: slice  # of `GROUND_STATIONS`


def ground_surface(pitch: float, curvature: FloatArray, view: GroundView) -> GroundSurface:
    """The ground in view of a camera with ``pitch`` [rad], at vertical curvatures (knots,) [1/m]."""
    height = _WEIGHTS @ curvature
    ahead = GROUND_STATIONS - view.mount_x
    in_front = ahead > 1.0
    distance = np.where(in_front, ahead, 1.0)
    below = view.height - height - pitch * distance
    scale = view.height / np.maximum(below, view.height / (2.0 * MAX_SCALE))
    apparent = scale * distance
    hidden = in_front & ((scale > MAX_SCALE) | (np.gradient(apparent, STATION_STEP) <= 0.0))
    end = int(np.argmax(hidden)) if hidden.any() else len(hidden)
    shown = slice(int(np.argmax(in_front)), end)
    slope = np.gradient(height, STATION_STEP)
    steepness = np.maximum((view.height - height) / distance + slope, 1e-4)
    return GroundSurface(
        GROUND_STATIONS[shown], height[shown], apparent[shown] + view.mount_x, steepness[shown], shown
    )


def estimate_ground(
    pitch: float, curvature: FloatArray, covariance: FloatArray, view: GroundView
) -> GroundEstimate:
    """Describe the ground in view.

    Args:
        pitch: of the camera beyond the assumed one [rad].
        curvature: (knots,) vertical curvatures [1/m].
        covariance: (1 + knots, 1 + knots) of both.
        view: the mounting of the camera.

    The distance d of what appears in a row is a function of the state: with θ = (h − z) / d, the angle below
    the road's plane at the car, d log d = −(dδ + dz / d) / (θ + z').
    """
    surface = ground_surface(pitch, curvature, view)
    ahead = surface.distance - view.mount_x
    gain = np.concatenate([np.ones((len(ahead), 1)), _WEIGHTS[surface.shown] / ahead[:, None]], axis=1)
    angle_sigma = np.sqrt(np.einsum("si,ij,sj->s", gain, covariance, gain))
    return GroundEstimate(
        pitch=pitch,
        pitch_sigma=float(np.sqrt(covariance[0, 0])),
        distance=surface.distance,
        height=surface.height,
        apparent_distance=surface.apparent_distance,
        log_sigma=angle_sigma / surface.steepness,
    )


def true_distances(apparent: FloatArray, ground: GroundEstimate | GroundSurface) -> FloatArray:
    """True distances ahead of the rear axle [m] of what appears at distances of any shape [m].

    Beyond the ground in view, and nearer than it, true distances are proportional to apparent ones.
    """
    return interpolate_distances(apparent, ground.apparent_distance, ground.distance)


def interpolate_distances(at: FloatArray, known: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolate ``values`` (K,) at ``known`` distances (K,) to others; outside, values keep their ratio."""
    inside = np.interp(at, known, values)
    near, far = values[0] / known[0], values[-1] / known[-1]
    return np.asarray(np.where(at < known[0], at * near, np.where(at > known[-1], at * far, inside)))


@dataclass(frozen=True, slots=True)
class GroundPoint:
    """A point of the road that appears at some distance ahead."""

    distance: float  # ahead of the rear axle [m]
    sensitivity: float  # relative change of the distance for a relative change of the apparent one
    log_sigma: float  # of the logarithm of the distance, from the uncertain ground


def point_at(apparent: float, ground: GroundEstimate) -> GroundPoint | None:
    """The point of the road that appears ``apparent`` [m] ahead of the rear axle; None beyond them."""
    shown, known = ground.apparent_distance, ground.distance
    if apparent > shown[-1]:
        return None
    distance = float(true_distances(np.asarray(apparent), ground))
    index = int(np.clip(np.searchsorted(shown, apparent), 1, len(shown) - 1))
    rise = float((known[index] - known[index - 1]) / (shown[index] - shown[index - 1]))
    return GroundPoint(
        distance, rise * apparent / distance, float(np.interp(apparent, shown, ground.log_sigma))
    )
