"""What a scenario file may say about scripted vehicles and obstacles.

``at`` counts metres ahead of the ego's start, which is its rear axle; the front bumper is 3.75 m
farther on. Gaps are bumper to bumper. `envs.scenarios.checks` holds all of this against the road.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from drive_stack.config import StrictModel, unknown_name
from drive_stack.errors import FieldError
from envs.bodies import BODIES
from envs.scenarios.quantity import (
    Count,
    Deceleration,
    Distance,
    DrivingSpeedKmh,
    Duration,
    Offset,
    Quantity,
    SpeedKmh,
    between,
    fixed,
    within,
)

# leftmost and rightmost are main lanes; right_of_ego may be a ramp
LaneName: TypeAlias = Literal["ego", "left_of_ego", "right_of_ego", "leftmost", "rightmost"]
Side: TypeAlias = Literal["left", "right"]


def _known_body(name: str) -> str:
    names = [body.name for body in BODIES]
    if name not in names:
        raise ValueError(str(unknown_name("body", name, names)))
    return name


BodyName: TypeAlias = Annotated[str, AfterValidator(_known_body)]


Gap: TypeAlias = Annotated[Quantity, within(1.0, 5000.0)]  # [m]


class Braking(StrictModel):
    """A brake manoeuvre of a scripted vehicle, driven exactly as written.

    Up to 9.81 m/s² on a dry road, which UN R157 asks of a lead vehicle. In rain the tyres give no more
    than 5.5 m/s²: a harder manoeuvre is driven with that, and refused where rain is the only weather.
    """

    after: Duration = between(4.0, 8.0)  # since the start [s]
    deceleration: Deceleration = fixed(4.0)  # [m/s²]
    to_kmh: SpeedKmh = fixed(0.0)
    hold: Duration = fixed(4.0)  # at that speed, before it speeds up again [s]


class Lead(StrictModel):
    """A vehicle ahead that keeps its lane and the limits; it may be slow, and may brake.

    Its distance is the greater one of ``gap`` and ``headway`` where both are given.
    """

    kind: Literal["lead"]
    lane: LaneName = "ego"
    gap: Gap | None = None  # from the ego's front to its rear [m]
    headway: Duration | None = None  # the same in seconds at the ego's first speed
    speed_kmh: DrivingSpeedKmh | None = None  # the ego's first speed if not given
    body: BodyName | None = None  # any car if not given
    brakes: Braking | None = None

    @model_validator(mode="after")
    def _has_a_distance(self) -> Lead:
        if self.gap is None and self.headway is None:
            raise FieldError("give a gap [m], a headway [s] or both", ("gap",))
        return self


class Stopped(StrictModel):
    """A vehicle that stands: stalled in a lane, or parked on a shoulder.

    One that is too wide for its place is held at the guard rail and reaches into the lane.
    """

    kind: Literal["stopped"]
    at: Distance  # of its rear bumper
    place: Literal["lane", "left_shoulder", "right_shoulder"] = "lane"
    lane: LaneName = "ego"  # only where the place is a lane
    offset: Offset = fixed(0.0)  # to the left of the place's middle [m]
    body: BodyName | None = None

    @model_validator(mode="after")
    def _lane_is_used(self) -> Stopped:
        if self.place != "lane" and "lane" in self.model_fields_set:
            raise FieldError(f"goes with place: lane, not with {self.place}", ("lane",))
        return self


class CutIn(StrictModel):
    """A vehicle of the adjacent lane that changes into the ego's lane close ahead.

    It begins once ``after`` has passed and the gap has shrunk to ``gap``. To an ego that keeps its first
    speed both happen at once. It never begins behind an ego that has slowed down and let the gap grow, nor
    before one that has sped up and is closer than 60 % of the gap.
    """

    kind: Literal["cut_in"]
    side: Side | Literal["either"] = "either"  # either: drawn among the lanes that exist
    gap: Gap = between(12.0, 30.0)  # ahead of the ego's front as it begins [m]
    slower_kmh: SpeedKmh = between(0.0, 20.0)  # than the ego's first speed
    after: Duration = between(3.0, 8.0)  # earliest, since the start [s]
    # of the lane change; longer where it is so slow that it needs 18 m of road (a large vehicle 30 m), or
    # where the tyres give no more in rain [s]
    duration: Duration = between(2.0, 4.0)
    body: BodyName | None = None


class CutOut(StrictModel):
    """A lead that swerves out late and shows a car standing in the ego's lane.

    It swerves to the left, or else to the right; where neither lane is free it brakes instead.
    """

    kind: Literal["cut_out"]
    at: Distance  # of the standing car's rear bumper
    headway: Duration = between(1.5, 2.0)  # of the lead, at the ego's first speed [s]
    reveal: Distance = between(50.0, 70.0)  # from the lead's front to the standing car as it swerves [m]
    duration: Duration = between(2.0, 3.0)  # as `CutIn.duration` [s]
    body: BodyName | None = None  # of the lead; a large one hides more


class Queue(StrictModel):
    """The tail of a jam over all main lanes; it dissolves from its head."""

    kind: Literal["queue"]
    at: Distance  # of the last vehicles' rear bumpers, in each lane up to 8 m farther on
    per_lane: Count = between(3, 6)
    spacing: Gap = between(2.5, 6.0)  # bumper to bumper [m]
    dissolves: Duration = between(6.0, 12.0)  # after the ego came within 40 m [s]
    to_kmh: DrivingSpeedKmh | None = None  # speed it then picks up; the limit if not given


Actor: TypeAlias = Annotated[Lead | Stopped | CutIn | CutOut | Queue, Field(discriminator="kind")]


class LaneClosure(StrictModel):
    """Road works: cones close a lane behind an arrow board, then barriers stand along it."""

    kind: Literal["lane_closure"]
    at: Distance  # of the first cone
    lane: Literal["leftmost", "rightmost"] = "rightmost"  # of the main lanes
    taper: Annotated[Quantity, within(10.0, 500.0)] = between(60.0, 90.0)  # [m]
    length: Distance = between(60.0, 120.0)  # behind the taper [m]
    spacing: Annotated[Quantity, within(1.0, 50.0)] = fixed(8.0)  # between cones [m]


def round_to_count(quantity: Quantity, draw: float) -> int:
    """A drawn count as a whole number within the quantity's bounds."""
    low, high = quantity.bounds
    return int(min(max(round(draw), low), high))
