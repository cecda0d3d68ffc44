"""What a scenario file may say about scripted vehicles and obstacles.

Stations are counted in metres ahead of the ego's start (``at``); gaps are bumper to bumper.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from drive_stack.config import StrictModel, unknown_name
from envs.bodies import BODIES
from envs.quantity import (
    Count,
    Deceleration,
    Distance,
    Duration,
    Offset,
    Quantity,
    SpeedKmh,
    between,
    fixed,
)

LaneName: TypeAlias = Literal["ego", "left_of_ego", "right_of_ego", "leftmost", "rightmost"]
Side: TypeAlias = Literal["left", "right"]


def _known_body(name: str) -> str:
    names = [body.name for body in BODIES]
    if name not in names:
        raise ValueError(str(unknown_name("body", name, names)))
    return name


BodyName: TypeAlias = Annotated[str, AfterValidator(_known_body)]


class Braking(StrictModel):
    """A brake manoeuvre of a scripted vehicle."""

    after: Duration = between(4.0, 8.0)  # since the start [s]
    deceleration: Deceleration = fixed(4.0)  # [m/s²]
    to_kmh: SpeedKmh = fixed(0.0)
    hold: Duration = fixed(4.0)  # before it speeds up again [s]


class Lead(StrictModel):
    """A vehicle ahead that keeps its lane; it may be slow, and may brake."""

    kind: Literal["lead"]
    lane: LaneName = "ego"
    gap: Distance | None = None  # from the ego's front to its rear [m]
    headway: Duration | None = None  # the same in seconds at the ego's first speed
    speed_kmh: SpeedKmh | None = None  # the ego's first speed if not given
    body: BodyName | None = None  # any car if not given
    brakes: Braking | None = None


class Stopped(StrictModel):
    """A vehicle that stands: stalled in a lane, or parked on a shoulder."""

    kind: Literal["stopped"]
    at: Distance
    place: Literal["lane", "left_shoulder", "right_shoulder"] = "lane"
    lane: LaneName = "ego"  # where the place is a lane
    offset: Offset = fixed(0.0)  # to the left of the place's middle [m]
    body: BodyName | None = None


class CutIn(StrictModel):
    """A vehicle of the lane beside that changes into the ego's lane close ahead."""

    kind: Literal["cut_in"]
    side: Side | Literal["either"] = "either"
    gap: Distance = between(12.0, 30.0)  # ahead of the ego's front as it begins [m]
    slower_kmh: SpeedKmh = between(0.0, 20.0)  # than the ego's first speed
    after: Duration = between(3.0, 8.0)  # earliest, since the start [s]
    duration: Duration = between(2.0, 4.0)  # of the lane change [s]
    body: BodyName | None = None


class CutOut(StrictModel):
    """A lead that swerves out late and shows a car standing in the ego's lane."""

    kind: Literal["cut_out"]
    at: Distance  # of the standing car
    headway: Duration = between(1.5, 2.0)  # of the lead, at the ego's first speed [s]
    reveal: Distance = between(50.0, 70.0)  # from the lead to the standing car as it swerves [m]
    duration: Duration = between(2.0, 3.0)
    body: BodyName | None = None  # of the lead; a large one hides more


class Queue(StrictModel):
    """The tail of a jam over all main lanes; it dissolves from its head."""

    kind: Literal["queue"]
    at: Distance  # of the last vehicles
    per_lane: Count = between(3, 6)
    spacing: Distance = between(2.5, 6.0)  # bumper to bumper [m]
    dissolves: Duration = between(6.0, 12.0)  # after the ego came within 40 m [s]
    to_kmh: SpeedKmh | None = None  # speed it then picks up; the limit if not given


Actor: TypeAlias = Annotated[Lead | Stopped | CutIn | CutOut | Queue, Field(discriminator="kind")]


class LaneClosure(StrictModel):
    """Road works: cones close a lane behind an arrow board, then barriers stand along it."""

    kind: Literal["lane_closure"]
    at: Distance  # of the first cone
    lane: Literal["leftmost", "rightmost"] = "rightmost"
    taper: Distance = between(60.0, 90.0)  # [m]
    length: Distance = between(60.0, 120.0)  # behind the taper [m]
    spacing: Distance = fixed(8.0)  # between cones [m]


def whole(quantity: Quantity, draw: float) -> int:
    """A drawn count as a whole number within the quantity's bounds."""
    low, high = quantity.bounds
    return int(min(max(round(draw), low), high))
