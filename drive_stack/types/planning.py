"""Input and output of a planner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drive_stack.types.agent import NavigationCommand
from drive_stack.types.arrays import FloatArray
from drive_stack.types.lanes import LaneEstimate
from drive_stack.types.prediction import Prediction


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
