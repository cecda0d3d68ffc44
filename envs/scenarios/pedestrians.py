"""Entries of a scenario file for pedestrians.

``at`` is the distance ahead of the ego's start [m], which is its rear axle. The near side is the right,
the far side the left.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from drive_stack.config import StrictModel

from .actors import BodyName, LaneName, Side
from .quantity import (
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
    """Pedestrians who stand still, at least 5 cm from the guard rail.

    One whose place is occupied stands at the nearest free place along the road.
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
    """A pedestrian who walks along the road; at 0 km/h they stand in the lane permanently."""

    kind: Literal["walker"]
    at: Distance
    lane: LaneName = "ego"
    bonnet: Fraction = fixed(0.5)  # position across a car in the lane's centre, 0 right … 1 left
    speed_kmh: WalkingSpeedKmh = fixed(5.0)
    towards: bool = False  # against the traffic
    after_limit: Distance = fixed(150.0)  # distance after which they leave the lane to the near side [m]
    wheelchair: bool = False  # uses a wheelchair, on which no network is trained


class Cyclist(StrictModel):
    """A cyclist who rides along the road and stays there. No network is trained on cyclists."""

    kind: Literal["cyclist"]
    at: Distance
    place: Literal["right_shoulder", "lane"] = "right_shoulder"
    lane: LaneName = "ego"  # only if ``place`` is ``lane``
    # to the right of the rightmost lane's edge, or of the lane's centre [m]
    offset: Clearance = between(0.4, 1.0)
    speed_kmh: WalkingSpeedKmh = between(12.0, 25.0)


class Hiding(StrictModel):
    """A vehicle parked on the right shoulder that hides a crossing pedestrian.

    The ego's lane must be next to that shoulder, and the pedestrian crosses from the right.
    """

    body: BodyName = "box_truck"
    # from its side to that of an ego in the lane's centre; less if the guard rail leaves no space [m]
    clear: Clearance = between(0.9, 1.3)
    second: BodyName | None = None  # parked 1 m behind the first


class HalfWay(StrictModel):
    """A pause in front of the ego during a crossing."""

    chance: float = Field(default=1.0, ge=0.0, le=1.0)
    at: Fraction = fixed(0.5)  # where they stop, as `Crosser.bonnet`
    hold: Duration = between(2.0, 4.0)  # duration of the pause [s]
    turns_back: bool = False  # they go back to where they came from


class Crosser(StrictModel):
    """A pedestrian who crosses so that an ego that keeps its speed hits them, as Euro NCAP times it.

    If ``at`` is too near for that, they set off at once and arrive too late. In front of a stationary ego,
    and behind one that has passed, they cross when the road is free.
    """

    kind: Literal["crosser"]
    at: Distance
    side: Side = "right"
    speed_kmh: CrossingSpeedKmh = fixed(5.0)
    bonnet: Fraction = fixed(0.5)  # impact point across the ego's width, 0 near … 1 far from `side`
    child: bool = False
    count: Count = fixed(1)  # several are about 0.8 m apart along the road
    both_sides: bool = False  # another one comes from the other side at the same time
    wheelchair: bool = False  # uses a wheelchair, on which no network is trained
    half_way: HalfWay | None = None
    hidden_by: Hiding | None = None


PedestrianEntry: TypeAlias = Annotated[Bystanders | Walker | Cyclist | Crosser, Field(discriminator="kind")]
