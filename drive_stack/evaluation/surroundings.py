"""What the scores need of one instant besides the ego's own motion: lanes, traffic and speed limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.placement import LanePlacement, place_in_lanes
from drive_stack.evaluation.road_scene import RoadScene
from drive_stack.world_state import VehicleStates, WorldState

FREE_DISTANCE = 30.0  # the road is free if no actor is in front within this distance [m]
TRAFFIC_RANGE = 100.0  # the ego's speed is compared with traffic within this distance [m]
HAZARD_LIGHTS = 2  # indicator of a vehicle that is parked or has broken down


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ego's position among the lanes and the traffic around it, at one instant."""

    placement: LanePlacement
    road_speed: float  # speed along the road, negative against the traffic [m/s]
    free_ahead: bool
    traffic_speed: float | None  # mean of the traffic around [m/s]; None without traffic
    speed_limit: float  # [m/s]


def compute_surroundings(state: WorldState, scene: RoadScene) -> Surroundings:
    """The surroundings of the ego in a state; ``scene`` is the same state in road coordinates."""
    vehicles = state.vehicles
    near = np.abs(vehicles.station - state.ego.station) <= TRAFFIC_RANGE
    traffic = near & in_traffic(vehicles)
    return Surroundings(
        placement=place_in_lanes(scene.ego, state.road),
        road_speed=state.ego.speed * float(np.cos(scene.ego.heading[0])),
        free_ahead=_free_ahead(scene),
        traffic_speed=float(vehicles.speed[traffic].mean()) if traffic.any() else None,
        speed_limit=state.speed_limit,
    )


def in_traffic(vehicles: VehicleStates) -> NDArray[np.bool_]:
    """(N,) whether each vehicle is part of the traffic: all except those that are parked or broken down.

    CARLA's minimum-speed test counts its background traffic. Its parked cars are static props of the map and
    do not count. A queue that stands still is traffic.
    """
    return np.asarray(vehicles.indicator != HAZARD_LIGHTS)


def _free_ahead(scene: RoadScene) -> bool:
    """Whether no actor is in the ego's path within `FREE_DISTANCE`."""
    ego, others = scene.ego, scene.others
    gap = others.centre[:, 0] - ego.centre[0, 0] - (others.length + ego.length[0]) / 2.0
    lateral_gap = np.abs(others.centre[:, 1] - ego.centre[0, 1]) - (others.width + ego.width[0]) / 2.0
    behind = others.centre[:, 0] < ego.centre[0, 0]
    return not bool(np.any(~behind & (gap <= FREE_DISTANCE) & (lateral_gap <= 0.0)))
