"""Entries of a scenario file for animals. No network is trained on them.

``at`` is the distance ahead of the ego's start [m], which is its rear axle.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from drive_stack.config import StrictModel

from .actors import LaneName, Side
from .pedestrians import HalfWay
from .quantity import Count, CrossingSpeedKmh, Distance, Fraction, Offset, between, fixed

Species: TypeAlias = Literal["deer", "boar", "dog"]


class StandingAnimal(StrictModel):
    """An animal that stands in a lane, across it, and stays there."""

    kind: Literal["standing"]
    species: Species
    at: Distance
    lane: LaneName = "ego"
    offset: Offset = fixed(0.0)  # from the lane's centre, positive left [m]


class CrossingAnimal(StrictModel):
    """Animals that cross so that an ego that keeps its speed hits the first, as a `Crosser` does."""

    kind: Literal["crossing"]
    species: Species
    at: Distance
    side: Side = "right"
    speed_kmh: CrossingSpeedKmh = between(5.0, 30.0)  # walks or gallops
    bonnet: Fraction = fixed(0.5)  # impact point across the ego's width, 0 near … 1 far from `side`
    count: Count = fixed(1)  # several are about 2 m apart along the road
    half_way: HalfWay | None = None


AnimalEntry: TypeAlias = Annotated[StandingAnimal | CrossingAnimal, Field(discriminator="kind")]
