"""Entries of a scenario file for things that lie or stand on the road.

``at`` is the distance ahead of the ego's start [m], which is its rear axle.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from drive_stack.config import StrictModel
from drive_stack.errors import FieldError

from .actors import LaneClosure, LaneName, Place
from .quantity import Distance, Offset, SolidSize, Turn, between, fixed

CargoName: TypeAlias = Literal["box", "tyre", "ladder", "mattress"]


class Cargo(StrictModel):
    """A piece of cargo that has fallen onto a lane. No network is trained on it."""

    kind: Literal["cargo"]
    at: Distance  # of its centre
    what: CargoName
    lane: LaneName = "ego"
    offset: Offset = fixed(0.0)  # of its centre from the lane's centre, positive left [m]
    yaw_deg: Turn = between(-180.0, 180.0)  # of its long side relative to the road's direction [°]


class Solid(StrictModel):
    """A solid of random form and colours, of the class of obstacles.

    Detectors are trained on many of them, so that they learn to detect what they have no class for.
    """

    kind: Literal["solid"]
    at: Distance  # of its centre
    size: SolidSize = between(0.2, 3.0)  # its longest side: length, width or height [m]
    place: Place = "lane"
    lane: LaneName = "ego"  # only if ``place`` is ``lane``
    offset: Offset = fixed(0.0)  # of its centre from that of the lane or shoulder, positive left [m]
    yaw_deg: Turn = between(-180.0, 180.0)  # of its length relative to the road's direction [°]

    @model_validator(mode="after")
    def _lane_is_used(self) -> Solid:
        if self.place != "lane" and "lane" in self.model_fields_set:
            raise FieldError(f"goes with place: lane, not with {self.place}", ("lane",))
        return self


ObstacleEntry: TypeAlias = Annotated[LaneClosure | Cargo | Solid, Field(discriminator="kind")]
