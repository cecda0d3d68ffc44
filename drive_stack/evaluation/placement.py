"""The position of the ego's box among the lanes, in the terms of CARLA, nuPlan and NAVSIM."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.road_scene import MovingBoxes
from drive_stack.geometry import box_corners
from drive_stack.road_map import RoadMap

_Points = list[tuple[float, float]]  # station, lateral [m]


@dataclass(frozen=True, slots=True)
class LanePlacement:
    """The position of the ego's box among the lanes at one instant. Distances are lateral [m]."""

    lane: int  # index of the lane that holds the centre, −1 where none does
    lane_offset: float  # of the centre from the nearest lane centre, positive to the left
    outside_lanes: float  # of the centre, beyond the edge of the nearest lane; 0 in a lane
    off_drivable: float  # of the farthest corner, outside the drivable area; 0 inside it
    inside_one_lane: bool  # all corners lie in the same lane (nuPlan)
    in_several_lanes: bool  # corners lie in several lanes, and no lane holds them all (NAVSIM)

    @property
    def between_lanes_navsim(self) -> bool:
        """Whether NAVSIM would find the ego at fault for a lateral collision here."""
        return self.in_several_lanes or self.off_drivable > 0.0


def place_in_lanes(ego: MovingBoxes, road: RoadMap) -> LanePlacement:
    """Locate the ego's box (one row, in road coordinates) among the lanes of ``road``."""
    station, lateral = ego.centre[0].tolist()
    box = box_corners(ego.centre[0], float(ego.heading[0]), float(ego.length[0]), float(ego.width[0]))
    corners = [(float(corner[0]), float(corner[1])) for corner in box]
    inside = [_corners_in_lane(road, index, corners) for index in range(len(road.lanes))]
    nearest = road.lane_at(station, lateral)
    if nearest < 0:
        offset, outside = float("inf"), float("inf")
    else:
        offset = lateral - road.lanes[nearest].lateral_at(station)
        outside = max(abs(offset) - road.lanes[nearest].width / 2.0, 0.0)
    return LanePlacement(
        lane=nearest if outside == 0.0 else -1,
        lane_offset=offset,
        outside_lanes=outside,
        off_drivable=max(road.distance_off_drivable(*corner) for corner in corners),
        inside_one_lane=4 in inside,
        in_several_lanes=4 not in inside and sum(count > 0 for count in inside) > 1,
    )


def _corners_in_lane(road: RoadMap, index: int, corners: _Points) -> int:
    """How many of the corners lie in a lane."""
    lane = road.lanes[index]
    return sum(
        lane.covers(station) and abs(lateral - lane.lateral_at(station)) <= lane.width / 2.0
        for station, lateral in corners
    )
