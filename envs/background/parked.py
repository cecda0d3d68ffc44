"""Vehicles that are parked on service areas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drive_stack.objects.vehicles import concatenate_vehicles
from drive_stack.road.scenery import BAY_DEPTH, BAY_WIDTH, ServiceArea
from drive_stack.road_map import RoadMap
from drive_stack.world_state import VehicleStates

from ..traffic.looks import distinct_in_line
from ..traffic.mix import Mix
from .drawn import vehicle_states

_OCCUPIED = 0.55  # fraction of the bays
_LORRY_SPACING = 24.0  # [m]


def draw_parked(
    road: RoadMap,
    areas: tuple[ServiceArea, ...],
    rng: np.random.Generator,
    first_id: int,
    *,
    held_out: bool,
) -> VehicleStates | None:
    """Draw cars in bays and lorries at the far edge of each area; None if there is no area."""
    groups: list[VehicleStates] = []
    for area in areas:
        bays = np.arange(area.start, area.end - BAY_WIDTH, BAY_WIDTH) + BAY_WIDTH / 2.0
        bays = bays[rng.random(len(bays)) < _OCCUPIED]
        lateral = area.near - 0.5 - BAY_DEPTH / 2.0
        turn = np.where(rng.random(len(bays)) < 0.5, 0.5, -0.5) * np.pi
        cars = Mix(30.0, held_out, large_fraction=0.0)
        groups.append(_park(road, cars, bays, lateral, turn, rng, first_id + sum(len(g.id) for g in groups)))
        places = np.arange(area.start + 14.0, area.end - 12.0, _LORRY_SPACING)
        places = places[rng.random(len(places)) < _OCCUPIED]
        lorries = Mix(30.0, held_out, large_fraction=1.0)
        groups.append(
            _park(
                road, lorries, places, area.far + 2.5, np.zeros(len(places)), rng,
                first_id + sum(len(g.id) for g in groups),
            )
        )  # fmt: skip
    return concatenate_vehicles(*groups) if groups else None


def _park(
    road: RoadMap,
    mix: Mix,
    station: np.ndarray,
    lateral: float,
    turn: np.ndarray,
    rng: np.random.Generator,
    first_id: int,
) -> VehicleStates:
    """Return vehicles at stations (N,) and one lateral [m], turned from the road's direction [rad]."""
    drawn = distinct_in_line([mix.draw(rng, len(road.lanes), road) for _ in station], mix.paints)
    laterals = np.full(len(station), lateral)
    point, yaw = road.to_world(station, laterals)
    still = np.ones(len(station), dtype=np.bool_)
    return replace(
        vehicle_states(drawn, first_id, laterals, np.zeros(len(station))),
        x=point[:, 0], y=point[:, 1], yaw=yaw + turn, station=station, parked=still, unlit=still,
    )  # fmt: skip
