"""The keys of a scenario for what is next to the road."""

from __future__ import annotations

import math

from pydantic import model_validator

from drive_stack.config import StrictModel
from drive_stack.errors import FieldError
from drive_stack.road.scenery import OppositeCarriageway, Scenery
from drive_stack.road_map import LaneKind, RoadMap

from ..traffic.flow import max_density
from .quantity import Density

_CENTRAL_RESERVE = 4.0  # between the pavements of both directions, German guideline RAA, RQ 31 [m]
_STATION_STEP = 20.0  # between two stations at which the pavement's edge is compared [m]


class ScenerySpec(StrictModel):
    """What is next to the road. Everything is off by default."""

    # vehicles per km and lane of the opposite carriageway; without it there is no such carriageway
    opposite_traffic: Density | None = None

    @model_validator(mode="after")
    def _fits_on_the_carriageway(self) -> ScenerySpec:
        allowed = math.floor(max_density())
        if self.opposite_traffic is not None and self.opposite_traffic.bounds[1] > allowed:
            problem = f"at most {allowed} vehicles of this mix fit on a kilometre of lane"
            raise FieldError(problem, ("opposite_traffic",))
        return self

    def build(self, road: RoadMap) -> Scenery:
        """Return the scenery of a road."""
        return Scenery(opposite=None if self.opposite_traffic is None else opposite_carriageway(road))


def opposite_carriageway(road: RoadMap) -> OppositeCarriageway:
    """Return the mirror image of a road's main lanes beyond the central reserve."""
    steps = int(road.length // _STATION_STEP)
    own_edge = max(road.paved(index * _STATION_STEP)[1] for index in range(steps + 1))
    inner = own_edge + _CENTRAL_RESERVE
    count = sum(lane.kind is LaneKind.MAIN for lane in road.lanes)
    width = road.lanes[0].width
    first = inner + road.left_shoulder + width / 2.0
    lanes = tuple(first + index * width for index in range(count))
    return OppositeCarriageway(inner, lanes, width, lanes[-1] + width / 2.0 + road.right_shoulder)
