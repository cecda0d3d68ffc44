"""The estimate of the ego lane, of its adjacent lanes, and of the road's surface."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.types.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class LanePath:
    """The centre line of a lane, sampled ahead of the ego, in the ego frame."""

    station: FloatArray  # (M,) distance along the line, 0 at the rear axle, increasing [m]
    xy: FloatArray  # (M, 2) [m]
    heading: FloatArray  # (M,) [rad]
    curvature: FloatArray  # (M,) [1/m], positive to the left


@dataclass(frozen=True, slots=True)
class AdjacentLane:
    """A lane next to the ego lane, in the same direction of travel."""

    exists: bool
    enterable: bool  # the line between the two lanes may be crossed
    width: float  # [m]
    ends_in: float = float("inf")  # distance to its end [m]; inf where it continues or is not known


@dataclass(frozen=True, slots=True)
class GroundEstimate:
    """Estimate of the road's surface ahead and of the camera's pitch, in the frame of the road under the car.

    What stands on the road at a true distance appears at another one to a camera that takes the road for
    level and itself for mounted as it should be. K distances, increasing, up to the horizon or a crest.
    """

    pitch: float  # of the camera beyond the assumed one, positive down [rad]
    pitch_sigma: float  # [rad]
    distance: FloatArray  # (K,) ahead of the rear axle [m]
    height: FloatArray  # (K,) of the road [m]
    apparent_distance: FloatArray  # (K,) ahead of the rear axle at which the road there appears [m]
    log_sigma: FloatArray  # (K,) of the logarithm of the distance from the camera to what appears there


@dataclass(frozen=True, slots=True)
class LaneEstimate:
    """Estimate of the ego lane and its adjacent lanes, in the ego frame."""

    offset: float  # lateral position of the rear axle, left of the ego lane's centre [m]
    heading: float  # ego yaw minus lane direction [rad]
    curvature: float  # of the ego lane's centre line at the rear axle [1/m]
    width: float  # [m]
    path: LanePath  # centre line of the ego lane
    left: AdjacentLane
    right: AdjacentLane
    confidence: float  # 0 (guess) … 1
    ends_in: float = float("inf")  # distance to the end of the ego lane [m]
    ground: GroundEstimate | None = None  # None where the road is taken for level
