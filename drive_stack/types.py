"""Frozen records that stages hand to one another.

Frames follow ISO 8855. *Ego frame*: x forward, y left, z up, yaw counter-clockwise, origin on the
ground below the centre of the rear axle. *World frame*: right-handed, z up, fixed for the episode.
Units are SI unless the name says otherwise. Images are ``(H, W, 3)`` uint8 RGB; boxes are
``(x1, y1, x2, y2)`` in pixels, origin top left. This module imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
FloatArray: TypeAlias = NDArray[np.float64]


class ObjectClass(IntEnum):
    """What the detector tells apart."""

    CAR = 0
    LARGE_VEHICLE = 1
    PEDESTRIAN = 2
    OBSTACLE = 3  # what closes a lane at road works: cones, barriers, boards


class NavigationCommand(IntEnum):
    """What the navigation asks of the driver."""

    FOLLOW = 0
    CHANGE_LEFT = 1
    CHANGE_RIGHT = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """All that an agent sees in one step."""

    image: Image  # (H, W, 3) front camera
    speed: float  # [m/s]
    yaw_rate: float  # [rad/s], positive to the left
    blind_spot_left: bool  # radar: something beside or closing in from behind on the left
    blind_spot_right: bool
    speed_limit: float  # [m/s]
    command: NavigationCommand
    image_age: float = 0.0  # since the image was taken; it grows where no new one comes [s]
    rain: bool = False  # rain sensor of the windscreen: the road is wet


@dataclass(frozen=True, slots=True)
class Control:
    """What an agent asks of the car."""

    steering: float  # road-wheel angle [rad], positive to the left
    acceleration: float  # [m/s²], negative brakes


# --- perception -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Detection:
    """One object found in the image."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 [px]
    label: ObjectClass
    confidence: float  # 0 … 1


@dataclass(frozen=True, slots=True)
class RangeCue:
    """One reading of how far off an object is."""

    distance: float  # from the camera; of a cue by size, if the object has its class's usual size [m]
    variance: float  # of its logarithm: what differs from image to image
    usual_size: float | None = None  # where the cue is by size: an object twice as large is twice as far [m]
    size_spread: float = 0.0  # of the logarithm of its class's sizes: the same error in every image


@dataclass(frozen=True, slots=True)
class Sightline:
    """What the place of an object was found from."""

    eye: FloatArray  # (2,) the camera, in the ego frame [m]
    across: float  # how well the place is known across the line of sight, standard deviation [m]
    cues: tuple[RangeCue, ...]


@dataclass(frozen=True, slots=True)
class LiftedObject:
    """A detection placed on the road, in the ego frame."""

    position: FloatArray  # (2,) nearest face's centre on the ground for vehicles, feet for people [m]
    covariance: FloatArray  # (2, 2) [m²]
    label: ObjectClass
    confidence: float
    width: float  # [m], as estimated or the class's usual one
    detection: Detection
    sightline: Sightline | None = None  # None: the position is all there is
    at_side: bool = False  # the left or right border of the image cuts it off


@dataclass(frozen=True, slots=True)
class Track:
    """One object followed over time, in the present ego frame; velocity over ground."""

    id: int
    label: ObjectClass
    position: FloatArray  # (2,) centre of the object [m]
    velocity: FloatArray  # (2,) over ground, along the present ego axes [m/s]
    covariance: FloatArray  # (4, 4) of (x, y, vx, vy)
    heading: float  # [rad] relative to the ego
    length: float  # [m]
    width: float  # [m]
    age: int  # steps since birth
    missed: int  # steps since last seen
    confidence: float
    box: tuple[float, float, float, float] | None = None  # last matched box [px]


@dataclass(frozen=True, slots=True)
class LanePath:
    """A lane's centre line sampled ahead, in the ego frame."""

    station: FloatArray  # (M,) distance along the line, 0 abreast of the rear axle, increasing [m]
    xy: FloatArray  # (M, 2) [m]
    heading: FloatArray  # (M,) [rad]
    curvature: FloatArray  # (M,) [1/m], positive to the left


@dataclass(frozen=True, slots=True)
class AdjacentLane:
    """The lane beside the ego's, the same way round."""

    exists: bool
    enterable: bool  # the line between may be crossed
    width: float  # [m]
    ends_in: float = float("inf")  # [m], inf where it goes on or is not known


@dataclass(frozen=True, slots=True)
class LaneEstimate:
    """The road as far as it is known, in the ego frame."""

    offset: float  # rear axle left of the ego lane's centre [m]
    heading: float  # ego yaw minus lane direction [rad]
    curvature: float  # of the ego lane's centre abreast of the ego [1/m]
    width: float  # [m]
    path: LanePath  # centre of the ego lane
    left: AdjacentLane
    right: AdjacentLane
    confidence: float  # 0 (guess) … 1
    ends_in: float = float("inf")  # distance to the end of the ego lane [m]


# --- prediction and planning ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way an object may go."""

    name: str  # "keep lane", "change left", "crosses", …
    probability: float
    positions: FloatArray  # (T, 2) centre, in the ego frame of the present step [m]
    headings: FloatArray  # (T,) [rad]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where a track may be over the next seconds."""

    track: Track
    times: FloatArray  # (T,) from now [s]
    hypotheses: tuple[Hypothesis, ...]  # probabilities add up to 1


class Behaviour(StrEnum):
    """What the planner is doing."""

    CRUISE = "cruise"
    FOLLOW = "follow"
    CHANGE_LEFT = "change left"
    CHANGE_RIGHT = "change right"
    YIELD = "yield"
    STOP = "stop"
    EMERGENCY = "emergency brake"


@dataclass(frozen=True, slots=True)
class Plan:
    """A trajectory of the rear axle in the ego frame of the present step."""

    times: FloatArray  # (T,) from now [s]; times[0] = 0
    positions: FloatArray  # (T, 2) [m]
    headings: FloatArray  # (T,) [rad]
    curvatures: FloatArray  # (T,) [1/m]
    speeds: FloatArray  # (T,) [m/s]
    accelerations: FloatArray  # (T,) [m/s²]
    behaviour: Behaviour
    reason: str  # in words, for a person
    emergency: bool = False  # brake for life: jerk limits off
    rejected: tuple[FloatArray, ...] = ()  # candidates not chosen, each (T, 2)
    interventions: tuple[str, ...] = ()  # what the safety layer changed


@dataclass(frozen=True, slots=True)
class PlanningInput:
    """All that a planner is given in one step."""

    speed: float
    acceleration: float  # along the car, as estimated [m/s²]
    yaw_rate: float
    speed_limit: float
    command: NavigationCommand
    blind_spot_left: bool
    blind_spot_right: bool
    lanes: LaneEstimate
    predictions: tuple[Prediction, ...]
    grip: float  # max horizontal acceleration of the tyres on this road [m/s²]
    fault: str | None = None  # what is wrong with the senses, in words


@dataclass(frozen=True, slots=True)
class StepTrace:
    """What an agent thought in one step; the viewer draws it, the report quotes it."""

    control: Control
    detections: tuple[Detection, ...] = ()
    objects: tuple[LiftedObject, ...] = ()
    tracks: tuple[Track, ...] = ()
    lanes: LaneEstimate | None = None
    predictions: tuple[Prediction, ...] = ()
    plan: Plan | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    attention: Callable[[], NDArray[np.float32]] | None = None  # (H, W) 0 … 1, worked out when asked for


# --- labels from the camera -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelBox:
    """The true box of one object, from its visible pixels."""

    actor_id: int
    label: ObjectClass
    box: tuple[float, float, float, float]  # of the visible pixels [px]
    visible: float  # share of the object's pixels that nothing hides and the image holds, 0 … 1
    distance: float  # from the camera to the object's centre on the ground [m]


@dataclass(frozen=True, slots=True)
class FrameLabels:
    """Truth of one camera frame."""

    boxes: tuple[LabelBox, ...]
    instance: NDArray[np.int32]  # (H, W) actor id, 0 where none
    semantic: NDArray[np.uint8]  # (H, W) see SemanticClass
    depth: NDArray[np.float32]  # (H, W) along the optical axis [m], inf for sky


class SemanticClass(IntEnum):
    """Values of the semantic mask."""

    SKY = 0
    ROAD = 1
    MARKING = 2
    SHOULDER = 3
    TERRAIN = 4
    STRUCTURE = 5  # rails, signs, buildings, cones
    VEGETATION = 6
    CAR = 7
    LARGE_VEHICLE = 8
    PEDESTRIAN = 9


# --- contacts --------------------------------------------------------------------------------


class ContactKind(StrEnum):
    """What was hit."""

    VEHICLE = "vehicle"
    PEDESTRIAN = "pedestrian"
    OBJECT = "object"
    RAIL = "rail"


class Side(StrEnum):
    """Where on the ego it was hit."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    REAR = "rear"


@dataclass(frozen=True, slots=True)
class Contact:
    """One hit between the ego and something, reported once."""

    time: float  # [s]
    actor_id: int  # 0 for the rail
    kind: ContactKind
    side: Side
    impact_speed: float  # closing speed along the line of contact [m/s], ≥ 0
    ego_speed: float  # [m/s]
    actor_speed: float  # [m/s]
