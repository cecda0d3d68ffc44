"""Synthetic episode logs: a straight road, an ego that moves by a formula, and other actors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.road_map import RoadMap
from drive_stack.types import Contact
from drive_stack.world_state import EgoState, ObstacleStates, WorldState

DT = 0.1
START = 1000.0  # initial station of the rear axle [m]
ROAD = straight_road(3)  # lanes 3.6 m wide about 3.6, 0 and −3.6; shoulders 1 m and 3 m


def zero(time: float) -> float:
    return 0.0


@dataclass
class Script:
    """The motion in a log. Distances and laterals are those of the ego's rear axle."""

    duration: float  # [s]
    distance: Callable[[float], float]  # driven along the road [m], as a function of time
    route_length: float  # [m]
    lateral: Callable[[float], float] = zero  # [m]
    others: Callable[[float], list[Body]] = lambda time: []
    parked: bool = False  # whether the others show hazard lights
    cones: tuple[tuple[float, float], ...] = ()  # station and lateral of their centres [m]
    contacts: tuple[Contact, ...] = ()
    limit: float = 40.0  # [m/s]
    road: RoadMap = field(default_factory=lambda: ROAD)


def log_of(script: Script) -> EpisodeLog:
    """The log of a script in steps of 0.1 s."""
    log = EpisodeLog(dt=DT)
    world = TinyWorld(script.road, limit=script.limit)
    for step in range(round(script.duration / DT) + 1):
        log.add(_state(script, world, step * DT))
    return log


def _state(script: Script, world: TinyWorld, time: float) -> WorldState:
    world.bodies = script.others(time)
    state = world.world_state()
    vehicles = state.vehicles
    if script.parked:
        vehicles = replace(vehicles, indicator=np.full(len(vehicles.id), 2))
    return replace(
        state,
        time=time,
        ego=_ego(script, time),
        vehicles=vehicles,
        obstacles=_cones(script.cones),
        route_start=START,
        route_end=START + script.route_length,
        contacts=tuple(contact for contact in script.contacts if contact.time <= time + 1e-9),
    )


def _ego(script: Script, time: float) -> EgoState:
    """Derivatives are central differences of the formulas; the heading is the direction of motion."""
    epsilon = 1e-4

    def yaw(instant: float) -> float:
        ahead = script.distance(instant + epsilon) - script.distance(instant - epsilon)
        lateral = script.lateral(instant + epsilon) - script.lateral(instant - epsilon)
        return math.atan2(lateral, ahead) if ahead != 0.0 else 0.0

    def speed(instant: float) -> float:
        ahead = script.distance(instant + epsilon) - script.distance(instant - epsilon)
        return math.hypot(ahead, script.lateral(instant + epsilon) - script.lateral(instant - epsilon)) / (
            2.0 * epsilon
        )

    station, lateral = START + script.distance(time), script.lateral(time)
    return EgoState(
        x=station,
        y=lateral,
        yaw=yaw(time),
        speed=speed(time),
        acceleration=(speed(time + epsilon) - speed(time - epsilon)) / (2.0 * epsilon),
        steering=0.0,
        yaw_rate=(yaw(time + epsilon) - yaw(time - epsilon)) / (2.0 * epsilon),
        station=station,
        lateral=lateral,
    )


def _cones(positions: tuple[tuple[float, float], ...]) -> ObstacleStates:
    count = len(positions)
    x, y = (
        np.array([position[0] for position in positions]),
        np.array([position[1] for position in positions]),
    )
    size = np.full(count, 0.4)
    ids = np.arange(500, 500 + count)
    none = np.zeros(count, dtype=np.int64)
    return ObstacleStates(ids, x, y, np.zeros(count), size, size, 2.0 * size, kind=none, form=none)
