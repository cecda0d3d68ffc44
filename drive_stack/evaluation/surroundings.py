"""What scores need to know of one instant beside the ego's own motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.on_road import OnRoad
from drive_stack.evaluation.placement import Placement, placement
from drive_stack.world_state import VehicleStates, WorldState

FREE_AHEAD = 30.0  # nobody within this many metres in front: the road is free
AROUND = 100.0  # traffic this near is what the ego's speed is compared with [m]
HAZARD_LIGHTS = 2  # indicator of a vehicle that is parked or has broken down


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ego's place on the road, and who is about."""

    place: Placement
    along: float  # speed along the road, negative against the traffic [m/s]
    free_ahead: bool
    traffic_speed: float | None  # mean of the traffic around [m/s]; None where there is none
    speed_limit: float  # [m/s]


def look_around(state: WorldState, scene: OnRoad) -> Surroundings:
    """Read one instant; ``scene`` is the same state in the road's coordinates."""
    vehicles = state.vehicles
    near = np.abs(vehicles.station - state.ego.station) <= AROUND
    traffic = near & in_traffic(vehicles)
    return Surroundings(
        place=placement(scene.ego, state.road),
        along=state.ego.speed * float(np.cos(scene.ego.heading[0])),
        free_ahead=_free_ahead(scene),
        traffic_speed=float(vehicles.speed[traffic].mean()) if traffic.any() else None,
        speed_limit=state.speed_limit,
    )


def in_traffic(vehicles: VehicleStates) -> NDArray[np.bool_]:
    """(N,) which vehicles take part in the traffic: all but those parked or broken down.

    CARLA's minimum-speed test counts its background traffic. Its parked cars are props of the map and
    are not counted. A queue that stands still is traffic.
    """
    return np.asarray(vehicles.indicator != HAZARD_LIGHTS)


def _free_ahead(scene: OnRoad) -> bool:
    ego, others = scene.ego, scene.others
    gap = others.centre[:, 0] - ego.centre[0, 0] - (others.length + ego.length[0]) / 2.0
    beside = np.abs(others.centre[:, 1] - ego.centre[0, 1]) - (others.width + ego.width[0]) / 2.0
    behind = others.centre[:, 0] < ego.centre[0, 0]
    return not bool(np.any(~behind & (gap <= FREE_AHEAD) & (beside <= 0.0)))
