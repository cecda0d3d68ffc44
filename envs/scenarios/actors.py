"""Entries of a scenario file for scripted vehicles and obstacles.

``at`` is the distance ahead of the ego's start [m], which is its rear axle; the front bumper is 3.75 m
farther ahead. Gaps are bumper to bumper. `envs.scenarios.checks` checks that everything fits on the road.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from drive_stack.config import StrictModel, unknown_name
from drive_stack.errors import FieldError

from ..bodies import BODIES
from .quantity import (
    Count,
    Deceleration,
    Distance,
    DrivingSpeedKmh,
    Duration,
    Offset,
    Quantity,
    SpeedKmh,
    Turn,
    between,
    fixed,
    within,
)

# leftmost and rightmost are main lanes; right_of_ego may be a ramp
LaneName: TypeAlias = Literal["ego", "left_of_ego", "right_of_ego", "leftmost", "rightmost"]
Place: TypeAlias = Literal["lane", "left_shoulder", "right_shoulder"]
Side: TypeAlias = Literal["left", "right"]


def _known_body(name: str) -> str:
    names = [body.name for body in BODIES]
    if name not in names:
        raise ValueError(str(unknown_name("body", name, names)))
    return name


BodyName: TypeAlias = Annotated[str, AfterValidator(_known_body)]


Gap: TypeAlias = Annotated[Quantity, within(1.0, 5000.0)]  # [m]


class Braking(StrictModel):
    """A braking manoeuvre of a scripted vehicle, executed exactly as specified.

    On a dry road it may reach 9.81 m/s², as UN R157 requires of a lead vehicle. Any other road limits it to
    its grip, 5.5 m/s² in rain. A harder manoeuvre is rejected if the road is never dry.
    """

    after: Duration = between(4.0, 8.0)  # since the start of the episode [s]
    deceleration: Deceleration = fixed(4.0)  # [m/s²]
    to_kmh: SpeedKmh = fixed(0.0)
    hold: Duration = fixed(4.0)  # duration at that speed before it accelerates again [s]
    times: int = Field(default=1, ge=1, le=3, description="how often it brakes")
    pause: Duration = between(1.0, 3.0)  # from accelerating until it brakes again [s]


class Late(StrictModel):
    """The key of vehicles that may appear on the way."""

    # distance that the ego has driven when the vehicle appears, at least 300 m ahead of it and as soon as its
    # place is free; its gap, headway and times count from then. At the start if not set [m]
    appears_at: Distance | None = None


class Lead(Late):
    """A vehicle ahead that keeps its lane and the speed limits; it may be slow and may brake.

    If both ``gap`` and ``headway`` are given, the larger distance is used.
    """

    kind: Literal["lead"]
    lane: LaneName = "ego"
    gap: Gap | None = None  # from the ego's front bumper to its rear bumper [m]
    headway: Duration | None = None  # the gap divided by the ego's initial speed [s]
    speed_kmh: DrivingSpeedKmh | None = None  # default: the ego's initial speed
    body: BodyName | None = None  # default: any car
    brakes: Braking | None = None

    @model_validator(mode="after")
    def _has_a_distance(self) -> Lead:
        if self.gap is None and self.headway is None:
            raise FieldError("give a gap [m], a headway [s] or both", ("gap",))
        return self


class Stopped(StrictModel):
    """A stationary vehicle: stalled in a lane or parked on a shoulder.

    A vehicle that is too wide for the shoulder stands at the guard rail and extends into the lane.
    """

    kind: Literal["stopped"]
    at: Distance  # of its rear bumper
    place: Place = "lane"
    lane: LaneName = "ego"  # only if ``place`` is ``lane``
    offset: Offset = fixed(0.0)  # from the centre of the lane or shoulder, positive left [m]
    body: BodyName | None = None
    yaw_deg: Turn | None = None  # relative to the road's direction; 90 stands across the lane [°]
    unlit: bool = False  # no lamp works

    @model_validator(mode="after")
    def _lane_is_used(self) -> Stopped:
        if self.place != "lane" and "lane" in self.model_fields_set:
            raise FieldError(f"goes with place: lane, not with {self.place}", ("lane",))
        return self


class BrakingAfterCutIn(StrictModel):
    """A braking manoeuvre of a vehicle that has cut in. The tyres limit it as they limit `Braking`."""

    delay: Duration = fixed(0.0)  # since the end of the lane change [s]
    deceleration: Deceleration = fixed(4.0)  # [m/s²]
    to_kmh: SpeedKmh = fixed(30.0)
    hold: Duration = fixed(2.0)  # duration at that speed before it accelerates again [s]


class CutIn(Late):
    """A vehicle in an adjacent lane that changes into the ego's lane close ahead.

    The lane change starts once ``after`` has passed and the gap has decreased to ``gap``. If the ego keeps
    its initial speed, both happen at the same time. It does not start while the gap is larger, because the
    ego has slowed down, or smaller than 60 % of ``gap``, because the ego has accelerated.
    """

    kind: Literal["cut_in"]
    side: Side | Literal["either"] = "either"  # either: drawn from the adjacent lanes that exist
    gap: Gap = between(12.0, 30.0)  # ahead of the ego's front bumper at the start of the lane change [m]
    headway: Duration | None = None  # in place of a gap: the gap divided by the ego's initial speed [s]
    slower_kmh: SpeedKmh = between(0.0, 20.0)  # than the ego's initial speed
    after: Duration = between(3.0, 8.0)  # earliest time since the start of the episode [s]
    # of the lane change [s]; extended if the vehicle covers less than 18 m (a large one 30 m) in that time,
    # or if the grip in rain does not allow it
    duration: Duration = between(2.0, 4.0)
    body: BodyName | None = None
    brakes: BrakingAfterCutIn | None = None

    @model_validator(mode="after")
    def _has_one_distance(self) -> CutIn:
        if self.headway is not None and "gap" in self.model_fields_set:
            raise FieldError("give a gap [m] or a headway [s], not both", ("headway",))
        return self


class BlindMerge(StrictModel):
    """A vehicle in an adjacent lane or on a ramp that changes into the ego's lane without looking.

    It drives at the ego's initial speed and changes at the time ``after``, whatever is there.
    """

    kind: Literal["blind_merge"]
    side: Side | Literal["either"] = "either"  # either: drawn from the adjacent lanes that exist
    # from the ego's front bumper to its rear bumper at the start; negative is next to the ego [m]
    ahead: Annotated[Quantity, within(-8.0, 30.0)] = between(-2.0, 6.0)
    after: Duration = between(3.0, 8.0)  # time of the lane change since the start of the episode [s]
    duration: Duration = between(2.5, 4.0)  # as `CutIn.duration` [s]
    body: BodyName | None = None


class Drift(Late):
    """A vehicle in an adjacent lane that drifts towards the ego's lane close ahead, and returns to its own.

    It does not indicate. It starts as a `CutIn` does.
    """

    kind: Literal["drift"]
    side: Side | Literal["either"] = "either"  # either: drawn from the adjacent lanes that exist
    gap: Gap = between(3.0, 15.0)  # ahead of the ego's front bumper at the start of the drift [m]
    slower_kmh: SpeedKmh = between(0.0, 10.0)  # than the ego's initial speed
    after: Duration = between(3.0, 8.0)  # earliest time since the start of the episode [s]
    distance: Annotated[Quantity, within(0.2, 3.0)] = between(0.8, 1.5)  # to the side [m]
    duration: Duration = between(2.0, 4.0)  # of the drift, and of the return [s]
    hold: Duration = between(0.5, 2.0)  # between the two [s]
    body: BodyName | None = None


class CutOut(StrictModel):
    """A lead vehicle that changes lanes late and reveals a stationary car in the ego's lane.

    It changes to the left, or else to the right; if neither lane is free, it brakes instead.
    """

    kind: Literal["cut_out"]
    at: Distance  # of the stationary car's rear bumper
    headway: Duration = between(1.5, 2.0)  # of the lead vehicle at the ego's initial speed [s]
    reveal: Distance = between(
        50.0, 70.0
    )  # from the lead's front bumper to the stationary car at the lane change [m]
    duration: Duration = between(2.0, 3.0)  # as `CutIn.duration` [s]
    body: BodyName | None = None  # of the lead vehicle


class Queue(StrictModel):
    """The tail of a traffic jam on all main lanes; it dissolves from its head."""

    kind: Literal["queue"]
    at: Distance  # of the rearmost bumpers; up to 8 m farther ahead in each lane
    per_lane: Count = between(3, 6)
    spacing: Gap = between(2.5, 6.0)  # bumper to bumper [m]
    dissolves: Duration = between(6.0, 12.0)  # after the ego has come within 40 m [s]
    to_kmh: DrivingSpeedKmh | None = None  # its speed afterwards; default: the limit


Actor: TypeAlias = Annotated[
    Lead | Stopped | CutIn | BlindMerge | Drift | CutOut | Queue, Field(discriminator="kind")
]


class LaneClosure(StrictModel):
    """Road works: a taper of cones with an arrow board closes a lane, barriers follow."""

    kind: Literal["lane_closure"]
    at: Distance  # of the first cone
    lane: Literal["leftmost", "rightmost"] = "rightmost"  # of the main lanes
    taper: Annotated[Quantity, within(10.0, 500.0)] = between(60.0, 90.0)  # [m]
    length: Distance = between(60.0, 120.0)  # of the segment after the taper [m]
    spacing: Annotated[Quantity, within(1.0, 50.0)] = fixed(8.0)  # between cones [m]


def round_to_count(quantity: Quantity, draw: float) -> int:
    """Round a drawn count to a whole number within the bounds of its quantity."""
    low, high = quantity.bounds
    return int(min(max(round(draw), low), high))
