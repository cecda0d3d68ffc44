"""Frozen records that the stages pass to one another.

Frames follow ISO 8855. *Ego frame*: x forward, y left, z up, yaw counter-clockwise, origin on the
ground below the centre of the rear axle. *World frame*: right-handed, z up, fixed for the episode.
Units are SI unless the name says otherwise. Images are ``(H, W, 3)`` uint8 RGB; boxes are
``(x1, y1, x2, y2)`` in pixels, origin top left. This module imports nothing else from this repository.
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
    """True classes of objects. Detectors distinguish the first ones: see `drive_stack.objects.classes`."""

    CAR = 0
    LARGE_VEHICLE = 1
    PEDESTRIAN = 2
    OBSTACLE = 3  # cones, barriers and boards at road works; solids of random form
    MOTORCYCLE = 4  # with its rider
    CYCLIST = 5
    WHEELCHAIR_USER = 6
    ANIMAL = 7
    CARGO = 8  # fallen onto the road
    EMERGENCY_VEHICLE = 9
    OVERTURNED_CAR = 10


class NavigationCommand(IntEnum):
    """Instruction of the navigation system to the driver."""

    FOLLOW = 0
    CHANGE_LEFT = 1
    CHANGE_RIGHT = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that an agent observes in one step."""

    image: Image  # (H, W, 3) front camera
    speed: float  # [m/s]
    yaw_rate: float  # [rad/s], positive to the left
    blind_spot_left: bool  # radar: a vehicle next to the ego, or approaching from behind, on the left
    blind_spot_right: bool
    speed_limit: float  # [m/s]
    command: NavigationCommand
    image_age: float = 0.0  # time since the image was taken; grows while no new image arrives [s]
    rain: bool = False  # windscreen rain sensor: it rains


@dataclass(frozen=True, slots=True)
class Control:
    """Command of an agent to the car."""

    steering: float  # road-wheel angle [rad], positive to the left
    acceleration: float  # [m/s²], negative when braking


# --- perception -----------------------------------------------------------------------------


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


# --- prediction and planning ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible future trajectory of an object."""

    name: str  # "keeps lane", "changes left", "crosses", …
    probability: float
    positions: FloatArray  # (T, 2) centre, in the ego frame of the present step [m]
    headings: FloatArray  # (T,) [rad]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Possible positions of a track over the next seconds."""

    track: Track
    times: FloatArray  # (T,) from now [s]
    hypotheses: tuple[Hypothesis, ...]  # their probabilities add up to 1


class Behaviour(StrEnum):
    """Present manoeuvre of the planner."""

    CRUISE = "cruise"
    FOLLOW = "follow"
    CHANGE_LEFT = "change left"
    CHANGE_RIGHT = "change right"
    YIELD = "yield"
    STOP = "stop"
    EMERGENCY = "emergency brake"


@dataclass(frozen=True, slots=True)
class Cause:
    """What limits the speed of a plan: an object, or the road."""

    name: str  # as it stands after "for": "person", "the curve"
    track_id: int | None = None  # of the object; None where it is none
    distance: float | None = None  # from the ego's front along the lane to its nearest end, ≥ 0 [m]


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
    reason: str  # explanation shown to the user
    emergency: bool = False  # emergency braking: the controller does not limit the jerk
    rejected: tuple[FloatArray, ...] = ()  # candidates that were not chosen, each (T, 2) [m]
    interventions: tuple[str, ...] = ()  # what the safety layer changed
    cause: Cause | None = None  # what limits the speed; None where nothing but the planner's choice does


@dataclass(frozen=True, slots=True)
class PlanningInput:
    """Everything that a planner receives in one step."""

    speed: float  # [m/s]
    acceleration: float  # longitudinal, as estimated [m/s²]
    yaw_rate: float  # [rad/s], positive to the left
    speed_limit: float  # [m/s]
    command: NavigationCommand
    blind_spot_left: bool
    blind_spot_right: bool
    lanes: LaneEstimate
    predictions: tuple[Prediction, ...]
    grip: float  # maximum horizontal acceleration of the tyres on this road [m/s²]
    fault: str | None = None  # description of a sensor or perception fault


@dataclass(frozen=True, slots=True)
class StepTrace:
    """Intermediate results of an agent in one step. The viewer draws them and the report quotes them."""

    control: Control
    detections: tuple[Detection, ...] = ()
    objects: tuple[LiftedObject, ...] = ()
    tracks: tuple[Track, ...] = ()
    lanes: LaneEstimate | None = None
    predictions: tuple[Prediction, ...] = ()
    plan: Plan | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    attention: Callable[[], NDArray[np.float32]] | None = None  # (H, W) 0 … 1, computed on demand


# --- labels from the camera -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelBox:
    """The ground-truth box of one object."""

    actor_id: int
    label: ObjectClass
    box: tuple[float, float, float, float]  # of the visible pixels [px]
    visible: float  # fraction of the object's pixels inside the image and not occluded, 0 … 1
    distance: float  # from the camera to the object's centre on the ground [m]


@dataclass(frozen=True, slots=True)
class FrameLabels:
    """Ground-truth labels of one camera frame."""

    boxes: tuple[LabelBox, ...]
    instance: NDArray[np.int32]  # (H, W) actor id, 0 where there is none
    semantic: NDArray[np.uint8]  # (H, W) see SemanticClass
    # (H, W) along the optical axis [m] of the ground or of an actor's centre, inf for sky; what stands next
    # to the road is left out
    depth: NDArray[np.float32]


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
    MOTORCYCLE = 10
    CYCLIST = 11
    WHEELCHAIR_USER = 12
    ANIMAL = 13
    CARGO = 14
    EMERGENCY_VEHICLE = 15
    OVERTURNED_CAR = 16


# --- contacts --------------------------------------------------------------------------------


class ContactKind(StrEnum):
    """What the ego collided with, in the terms of the scoring schemes."""

    VEHICLE = "vehicle"
    PEDESTRIAN = "pedestrian"  # also cyclists and wheelchair users
    OBJECT = "object"  # also animals, for which no scheme has a term of its own
    RAIL = "rail"


class Side(StrEnum):
    """Side of the ego at which a collision happened."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    REAR = "rear"


@dataclass(frozen=True, slots=True)
class Contact:
    """One collision of the ego, reported once."""

    time: float  # [s]
    actor_id: int  # 0 for the rail
    kind: ContactKind
    side: Side
    impact_speed: float  # closing speed along the line of contact [m/s], ≥ 0
    ego_speed: float  # [m/s]
    actor_speed: float  # [m/s]
    label: ObjectClass | None = None  # true class of the actor; None for the rail
