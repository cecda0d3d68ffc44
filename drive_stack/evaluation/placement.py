"""Where the ego's box lies among the lanes, as CARLA, nuPlan and NAVSIM each ask it."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.on_road import MovingBoxes
from drive_stack.geometry import box_corners
from drive_stack.road_map import RoadMap

_Points = list[tuple[float, float]]  # station, lateral [m]


@dataclass(frozen=True, slots=True)
class Placement:
    """The ego's box among the lanes at one instant. Distances are across the road [m]."""

    lane: int  # index of the lane that holds the centre, −1 where none does
    lane_offset: float  # of the centre, to the left of the nearest lane's middle
    outside_lanes: float  # of the centre, beyond the edge of the nearest lane; 0 in a lane
    off_drivable: float  # of the farthest corner, outside the drivable area; 0 inside it
    inside_one_lane: bool  # all corners lie in the same lane (nuPlan)
    in_several_lanes: bool  # corners lie in several lanes, and no lane holds them all (NAVSIM)

    @property
    def between_lanes_navsim(self) -> bool:
        """Whether NAVSIM charges the ego with a lateral collision here."""
        return self.in_several_lanes or self.off_drivable > 0.0


def placement(ego: MovingBoxes, road: RoadMap) -> Placement:
    """Place the ego's box, one row in the coordinates of the road."""
    station, lateral = ego.centre[0].tolist()
    box = box_corners(ego.centre[0], float(ego.heading[0]), float(ego.length[0]), float(ego.width[0]))
    corners = [(float(along), float(across)) for along, across in box]
    held = [_corners_in_lane(road, index, corners) for index in range(len(road.lanes))]
    nearest = road.lane_at(station, lateral)
    if nearest < 0:
        offset, outside = float("inf"), float("inf")
    else:
        offset = lateral - road.lanes[nearest].lateral_at(station)
        outside = max(abs(offset) - road.lanes[nearest].width / 2.0, 0.0)
    return Placement(
        lane=nearest if outside == 0.0 else -1,
        lane_offset=offset,
        outside_lanes=outside,
        off_drivable=max(road.distance_off_drivable(along, across) for along, across in corners),
        inside_one_lane=4 in held,
        in_several_lanes=4 not in held and sum(corners_there > 0 for corners_there in held) > 1,
    )


def _corners_in_lane(road: RoadMap, index: int, corners: _Points) -> int:
    lane = road.lanes[index]
    return sum(
        lane.covers(along) and abs(across - lane.lateral_at(along)) <= lane.width / 2.0
        for along, across in corners
    )
