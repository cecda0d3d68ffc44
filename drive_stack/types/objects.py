"""Objects: detected in the image, placed on the road, and tracked over time."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.types.arrays import FloatArray
from drive_stack.types.classes import ObjectClass


@dataclass(frozen=True, slots=True)
class Detection:
    """One object detected in the image."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 [px]
    label: ObjectClass
    confidence: float  # 0 … 1


@dataclass(frozen=True, slots=True)
class RangeCue:
    """One estimate of the distance to an object."""

    distance: float  # from the camera; a size cue assumes the typical size of the class [m]
    variance: float  # of the logarithm of the distance: the error that is independent in each image
    typical_size: float | None = None  # assumed by a size cue: the distance is proportional to it [m]
    size_sigma: float = 0.0  # std of the logarithm of sizes in the class: the error common to all images


@dataclass(frozen=True, slots=True)
class LineOfSight:
    """The measurements from which the position of an object was computed."""

    camera_position: FloatArray  # (2,) in the ego frame [m]
    transverse_sigma: float  # std of the position at right angles to the line of sight [m]
    cues: tuple[RangeCue, ...]


@dataclass(frozen=True, slots=True)
class LiftedObject:
    """A detection placed on the road, in the ego frame."""

    position: FloatArray  # (2,) on the ground: centre of a vehicle's nearest face, feet of a pedestrian [m]
    covariance: FloatArray  # (2, 2) [m²]
    label: ObjectClass
    confidence: float
    width: float  # [m], estimated, or typical of the class
    detection: Detection
    line_of_sight: LineOfSight | None = None  # None: only the position is known
    truncated_at_side: bool = False  # the left or right border of the image cuts the object off


@dataclass(frozen=True, slots=True)
class Track:
    """One object tracked over time, in the present ego frame. The velocity is relative to the ground."""

    id: int
    label: ObjectClass
    position: FloatArray  # (2,) centre of the object [m]
    velocity: FloatArray  # (2,) relative to the ground, in the present ego axes [m/s]
    covariance: FloatArray  # (4, 4) of (x, y, vx, vy)
    heading: float  # [rad] relative to the ego
    length: float  # [m]
    width: float  # [m]
    age: int  # steps since birth
    missed: int  # steps since the last matched detection
    confidence: float
    box: tuple[float, float, float, float] | None = None  # last matched box [px]
