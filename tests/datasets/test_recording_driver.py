"""The driver that records: whether it shows the end of lanes, and gets through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording_driver import LEAVES_EARLY, RecordingDriver
from drive_stack.datasets.frames.selection import AT_END, chance_of_frame
from drive_stack.world_state import WorldState
from envs.scenarios.scenario import load_scenario
from envs.world import World


def drive(scenario: str, seed: int, *, lingers: bool, seconds: float = 45.0) -> Iterator[WorldState]:
    """The states of an episode, ten a second."""
    world = World(load_scenario(scenario), seed)
    driver = RecordingDriver(np.random.default_rng(seed), lingers)
    while world.outcome is None and world.state().time < seconds:
        state = world.state()
        yield state
        control = driver.control(state)
        assert math.isfinite(control.steering) and math.isfinite(control.acceleration)
        for _ in range(round(0.1 / world.physics_dt)):
            world.step(control)


def left_of_lane(state: WorldState) -> float:
    """Distance to the end of the ego's lane [m], inf where it goes on."""
    road = state.road
    end = road.lanes[road.lane_at(state.ego.station, state.ego.lateral)].end
    return math.inf if end >= road.length - 1.0 else end - state.ego.station


@pytest.mark.parametrize("scenario", ["lane_drop", "merge"])
def test_a_lingering_driver_sees_the_end_of_its_lane_near(scenario: str) -> None:
    left = [left_of_lane(state) for state in drive(scenario, 1, lingers=True)]
    near = [distance for distance in left if distance < LEAVES_EARLY]
    assert min(near) < 90.0
    assert len(near) > 30  # seconds of it, not a glimpse
    assert left[-1] == math.inf  # and it has got out


def test_a_driver_that_does_not_linger_leaves_early() -> None:
    left = [left_of_lane(state) for state in drive("lane_drop", 2, lingers=False)]
    assert min(left) > 100.0


def test_the_same_draws_drive_the_same() -> None:
    one, two = (list(drive("merge", 3, lingers=True, seconds=6.0)) for _ in range(2))
    assert [state.ego for state in one] == [state.ego for state in two]


def test_most_moments_near_a_lanes_end_are_kept_and_few_long_before() -> None:
    state, camera = World(load_scenario("lane_drop"), 0).state(), CameraModel()
    end = state.road.lanes[state.road.lane_at(state.ego.station, state.ego.lateral)].end
    far, near = (replace(state, ego=replace(state.ego, station=end - left)) for left in (400.0, 60.0))
    assert chance_of_frame(near, camera) >= AT_END
    assert chance_of_frame(far, camera) < 0.5
