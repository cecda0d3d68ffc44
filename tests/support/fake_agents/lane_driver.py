"""A driver for tests that holds the lane using the truth, and optionally brakes for objects ahead."""

import dataclasses

import numpy as np

from envs.lane_hold import hold_lane
from envs.world import World


def drive(world: World, seconds: float, braking: bool = True) -> World:
    """Hold the lane; with ``braking``, brake for objects ahead."""
    lane = world.road.lane_at(world.ego.station, world.ego.lateral)
    speed = world.ego.speed
    while world.outcome is None and world.time < seconds:
        control = hold_lane(world.ego, world.road, lane, min(speed, world.speed_limit), world.car)
        if braking and _must_brake(world):
            control = dataclasses.replace(control, acceleration=-7.0)
        world.step(control)
    return world


def _must_brake(world: World) -> bool:
    state, ego = world.state(), world.ego
    others, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    xs = np.concatenate([others.x, pedestrians.x, obstacles.x])
    ys = np.concatenate([others.y, pedestrians.y, obstacles.y])
    speeds = np.concatenate([others.speed, np.zeros(len(pedestrians.x) + len(obstacles.x))])
    positions = [world.road.to_road(float(a), float(b), ego.station) for a, b in zip(xs, ys, strict=True)]
    ahead = np.array([position[0] for position in positions]) - ego.station - world.car.length
    lateral_distance = np.abs(np.array([position[1] for position in positions]) - ego.lateral)
    required_distance = 6.0 + ego.speed * 0.5 + np.maximum(ego.speed**2 - speeds**2, 0.0) / 11.0
    return bool(np.any((ahead > -4.0) & (ahead < required_distance) & (lateral_distance < 2.3)))
