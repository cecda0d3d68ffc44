"""What a scenario file may say about people.

``at`` counts metres ahead of the ego's start, which is its rear axle. Near side is the right, far side
the left.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from drive_stack.config import StrictModel
from envs.scenarios.actors import BodyName, LaneName, Side
from envs.scenarios.quantity import (
    Clearance,
    Count,
    CrossingSpeedKmh,
    Distance,
    Duration,
    Fraction,
    WalkingSpeedKmh,
    between,
    fixed,
)


class Bystanders(StrictModel):
    """People who stand and stay where they are, at least 5 cm clear of the guard rail.

    Whose place a parked vehicle or somebody else has taken stands at the nearest free place along the road.
    """

    kind: Literal["bystanders"]
    at: Distance
    side: Side = "right"
    place: Literal["verge", "shoulder"] = "verge"  # verge: beyond the guard rail
    clear: Clearance = between(0.6, 2.5)  # from the guard rail (verge) or the lane's edge (shoulder) [m]
    count: Count = between(1, 4)
    spread: Distance = fixed(6.0)  # over this length of road [m]
    children: Fraction = fixed(0.2)


class Walker(StrictModel):
    """Somebody who walks along the road; at 0 km/h they stand in the lane for good."""

    kind: Literal["walker"]
    at: Distance
    lane: LaneName = "ego"
    bonnet: Fraction = fixed(0.5)  # where a bonnet in the lane's middle would meet them, 0 right … 1 left
    speed_kmh: WalkingSpeedKmh = fixed(5.0)
    towards: bool = False  # against the traffic
    after_limit: Distance = fixed(150.0)  # leaves the lane to the near side after so many metres [m]


class Hiding(StrictModel):
    """A vehicle parked on the right shoulder, before which somebody steps out.

    The ego's lane must be next to that shoulder, and the person comes from the right.
    """

    body: BodyName = "box_truck"
    # from its side to the flank of an ego in mid-lane, less where the guard rail leaves no room [m]
    clear: Clearance = between(0.9, 1.3)
    second: BodyName | None = None  # parked 1 m behind the first


class HalfWay(StrictModel):
    """A person who stops in front of the ego before going on."""

    chance: float = Field(default=1.0, ge=0.0, le=1.0)
    at: Fraction = fixed(0.5)  # of the bonnet, as `Crosser.bonnet`, where they come to a stand
    hold: Duration = between(2.0, 4.0)  # they stand there so long [s]


class Crosser(StrictModel):
    """Somebody who crosses so that an ego which keeps its speed hits them, as Euro NCAP times it.

    Where ``at`` is nearer than the ego drives while they walk up to it, they set off at once and come too
    late. Before an ego that stands, and behind one that has passed, they cross when the road is free.
    """

    kind: Literal["crosser"]
    at: Distance
    side: Side = "right"
    speed_kmh: CrossingSpeedKmh = fixed(5.0)
    bonnet: Fraction = fixed(0.5)  # of the ego's width at the impact, 0 near … 1 far from `side`
    child: bool = False
    count: Count = fixed(1)  # of several, about 0.8 m apart along the road
    half_way: HalfWay | None = None
    hidden_by: Hiding | None = None


PedestrianEntry: TypeAlias = Annotated[Bystanders | Walker | Crosser, Field(discriminator="kind")]
