"""Entries of a scenario file for things that lie or stand on the road.

``at`` is the distance ahead of the ego's start [m], which is its rear axle.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from drive_stack.config import StrictModel

from .actors import LaneClosure, LaneName
from .quantity import Distance, Offset, Turn, between, fixed

CargoName: TypeAlias = Literal["box", "tyre", "ladder", "mattress"]


class Cargo(StrictModel):
    """A piece of cargo that has fallen onto a lane. No network is trained on it."""

    kind: Literal["cargo"]
    at: Distance  # of its centre
    what: CargoName
    lane: LaneName = "ego"
    offset: Offset = fixed(0.0)  # of its centre from the lane's centre, positive left [m]
    yaw_deg: Turn = between(-180.0, 180.0)  # of its long side relative to the road's direction [°]


ObstacleEntry: TypeAlias = Annotated[LaneClosure | Cargo, Field(discriminator="kind")]
