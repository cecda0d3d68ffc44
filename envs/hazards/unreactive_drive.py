"""A drive in which the ego does not react to the hazards of its scenario, as a record to judge them by."""

from __future__ import annotations

from collections import deque

import numpy as np

from drive_stack.world_state import WorldState

from ..lane_hold import hold_lane
from ..scenarios.scenario import load_scenario
from ..spawning.episode_setup import FIRST_TRAFFIC_ID
from ..world import World

RECORDED = 12.0  # of the drive before the contact, as `EpisodeLog` keeps [s]
_RECORD_TICKS = 2  # physics ticks between two records
_TIME_GAP, _STANDSTILL_GAP = 1.5, 2.0  # kept behind ordinary traffic [s], [m]
_GAP_GAIN = 0.4  # how fast a difference of the gap is closed [1/s]


def drive_into_hazard(scenario: str, seed: int) -> tuple[WorldState, ...]:
    """Record how an ego that does not react hits a hazard; empty where it hits none.

    Hazards are the actors that the scenario names: scripted vehicles, people, animals and obstacles. The ego
    keeps its lane and the speed limit and follows ordinary traffic. The records are 0.1 s apart, at most the
    last `RECORDED` seconds; only the last one has a contact, whose actor is the hazard.

    Raises:
        ConfigError: the scenario cannot be loaded or its world not be drawn.
    """
    return record_of(World(load_scenario(scenario), seed))


def record_of(world: World) -> tuple[WorldState, ...]:
    """The record of `drive_into_hazard` in a new world, which is driven."""
    state = world.state()
    if not _has_hazards(state):
        return ()
    records: deque[WorldState] = deque(maxlen=round(RECORDED / (_RECORD_TICKS * world.physics_dt)))
    lane = world.road.lane_at(state.ego.station, state.ego.lateral)
    while world.outcome is None:
        records.append(state)
        control = hold_lane(state.ego, world.road, lane, _target_speed(state), world.car)
        for _ in range(_RECORD_TICKS):
            world.step(control)
            if world.outcome is not None:
                break
        state = world.state()
    hit = [contact.actor_id for contact in world.contacts[:1]]
    return (*records, state) if hit and _is_hazard(hit[0]) else ()


def _has_hazards(state: WorldState) -> bool:
    ids = np.concatenate([state.vehicles.id, state.pedestrians.id, state.obstacles.id])
    return any(map(_is_hazard, ids.tolist()))


def _is_hazard(actor: int) -> bool:
    """Whether an actor id is that of an actor of the scenario; ordinary traffic has others, the rail is 0."""
    return 0 < actor < FIRST_TRAFFIC_ID


def _target_speed(state: WorldState) -> float:
    """The speed limit, or less behind ordinary traffic in the ego's path [m/s]."""
    ego, vehicles, car = state.ego, state.vehicles, state.car
    gap = vehicles.station - vehicles.length / 2.0 - (ego.station + car.length - car.rear_overhang)
    in_path = np.abs(vehicles.lateral - ego.lateral) < (vehicles.width + car.width) / 2.0
    leads = in_path & (gap > 0.0) & (vehicles.id >= FIRST_TRAFFIC_ID)
    excess = gap - _STANDSTILL_GAP - _TIME_GAP * ego.speed
    speeds = (vehicles.speed + _GAP_GAIN * excess)[leads]
    return max(min(state.speed_limit, float(speeds.min(initial=np.inf))), 0.0)
