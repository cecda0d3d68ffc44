"""Keeps recordings for training and validation free of what is held out of training."""

from __future__ import annotations

import numpy as np

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.geometry import wrap_angles
from drive_stack.objects.classes import HELD_OUT_CLASSES, class_name
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.types import ObjectClass
from drive_stack.world_state import WorldState

_MAX_TURN = 0.1  # of a parked vehicle from the road's direction in recordings for training [rad]


def held_out_content(state: WorldState) -> tuple[str, ...]:
    """Return the names of everything in a state that is held out of training, without duplicates.

    These are objects of held-out classes, unlit vehicles, vehicles that stand across the road, and kinds of
    scenery.
    """
    vehicles = state.vehicles
    labels = np.concatenate([vehicles.label, state.pedestrians.label, state.obstacles.label])
    names = [class_name(ObjectClass(label)) for label in np.unique(labels) if label in HELD_OUT_CLASSES]
    if vehicles.unlit.any():
        names.append("unlit vehicle")
    _, road_yaw = state.road.to_world(vehicles.station, vehicles.lateral)
    turn = np.abs(wrap_angles(vehicles.yaw - road_yaw))
    if np.any(vehicles.parked & (turn > _MAX_TURN)):
        names.append("vehicle across the road")
    return (*names, *state.conditions.scenery.held_out_kinds())


def require_taught(state: WorldState, scenario: str, seed: int) -> None:
    """Check the start of an episode that is recorded.

    Raises:
        ConfigError: If its seed is for training or validation and it contains anything held out of training.
    """
    content = held_out_content(state)
    if content and split_of(seed) is not SeedSplit.TEST:
        raise ConfigError(
            f"{scenario}, seed {seed}: has {' and '.join(content)}, held out of training;"
            f" record it with test seeds ({SeedSplit.TEST.first} and above)"
        )


def check_scenarios(episodes: dict[str, int]) -> None:
    """Apply `require_taught` to the start of one episode of each scenario: scenario → seed."""
    for scenario, seed in episodes.items():
        if split_of(seed) is SeedSplit.TEST:
            continue
        env = DrivingEnv(EnvSpec(scenario))
        try:
            env.reset(seed)
            require_taught(env.truth.world_state(), scenario, seed)
        finally:
            env.close()
