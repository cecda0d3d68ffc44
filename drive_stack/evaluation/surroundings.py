"""What scores need to know of one instant beside the ego's own motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.on_road import OnRoad
from drive_stack.geometry import box_corners
from drive_stack.world_state import WorldState

FREE_AHEAD = 30.0  # nobody within this many metres in front: the road is free
AROUND = 100.0  # traffic this near is what the ego's speed is compared with [m]
DRIVABLE_TOLERANCE = 0.3  # of a corner beyond the pavement (nuPlan) [m]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ego's place on the road, and who is about."""

    lane: int  # index on the road map, −1 off the lanes
    lane_offset: float  # to the left of the nearest lane's middle [m]
    on_pavement: bool  # all corners, shoulders included
    along: float  # speed along the road, negative against the traffic [m/s]
    free_ahead: bool
    traffic_speed: float | None  # mean of the vehicles around [m/s]; None where there are none
    speed_limit: float  # [m/s]


def look_around(state: WorldState, scene: OnRoad) -> Surroundings:
    """Read one instant; ``scene`` is the same state in the road's coordinates."""
    ego, road = state.ego, state.road
    offsets = [ego.lateral - lane.lateral_at(ego.station) for lane in road.lanes if lane.covers(ego.station)]
    vehicles = state.vehicles
    near = np.abs(vehicles.station - ego.station) <= AROUND
    return Surroundings(
        lane=road.lane_at(ego.station, ego.lateral),
        lane_offset=min(offsets, key=abs, default=float("inf")),
        on_pavement=_on_pavement(state, scene),
        along=ego.speed * float(np.cos(scene.ego.heading[0])),
        free_ahead=_free_ahead(scene),
        traffic_speed=float(vehicles.speed[near].mean()) if near.any() else None,
        speed_limit=state.speed_limit,
    )


def _on_pavement(state: WorldState, scene: OnRoad) -> bool:
    station, lateral = scene.ego.centre[0].tolist()
    corners = box_corners(np.zeros(2), float(scene.ego.heading[0]), state.car.length, state.car.width)
    right, left = state.road.paved(station)
    across = lateral + corners[:, 1]
    return bool(across.min() >= right - DRIVABLE_TOLERANCE and across.max() <= left + DRIVABLE_TOLERANCE)


def _free_ahead(scene: OnRoad) -> bool:
    ego, others = scene.ego, scene.others
    gap = others.centre[:, 0] - ego.centre[0, 0] - (others.length + ego.length[0]) / 2.0
    beside = np.abs(others.centre[:, 1] - ego.centre[0, 1]) - (others.width + ego.width[0]) / 2.0
    behind = others.centre[:, 0] < ego.centre[0, 0]
    return not bool(np.any(~behind & (gap <= FREE_AHEAD) & (beside <= 0.0)))
