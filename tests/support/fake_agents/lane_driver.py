"""A driver for tests: holds the lane on the truth, and brakes for what is ahead if asked to."""

import dataclasses

import numpy as np

from envs.lane_hold import hold_lane
from envs.world import World


def drive(world: World, seconds: float, braking: bool = True) -> World:
    """Hold the lane; brake for what stands or drives ahead, as anybody would."""
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
    others, people, works = state.vehicles, state.pedestrians, state.obstacles
    xs = np.concatenate([others.x, people.x, works.x])
    ys = np.concatenate([others.y, people.y, works.y])
    speeds = np.concatenate([others.speed, np.zeros(len(people.x) + len(works.x))])
    places = [world.road.to_road(float(a), float(b), ego.station) for a, b in zip(xs, ys, strict=True)]
    ahead = np.array([place[0] for place in places]) - ego.station - world.car.length
    aside = np.abs(np.array([place[1] for place in places]) - ego.lateral)
    needed = 6.0 + ego.speed * 0.5 + np.maximum(ego.speed**2 - speeds**2, 0.0) / 11.0
    return bool(np.any((ahead > -4.0) & (ahead < needed) & (aside < 2.3)))
