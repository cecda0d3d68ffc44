"""The recording driver approaches the ends of lanes and changes lanes in time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording_driver import EARLY_EXIT_DISTANCE, RecordingDriver
from drive_stack.datasets.frames.selection import MIN_PROBABILITY_NEAR_END, frame_probability
from drive_stack.world_state import WorldState
from envs.scenarios.scenario import load_scenario
from envs.world import World


def drive(scenario: str, seed: int, *, lingers: bool, seconds: float = 45.0) -> Iterator[WorldState]:
    """The states of an episode, ten per second."""
    world = World(load_scenario(scenario), seed)
    driver = RecordingDriver(np.random.default_rng(seed), lingers)
    while world.outcome is None and world.state().time < seconds:
        state = world.state()
        yield state
        control = driver.control(state)
        assert math.isfinite(control.steering) and math.isfinite(control.acceleration)
        for _ in range(round(0.1 / world.physics_dt)):
            world.step(control)


def remaining_lane(state: WorldState) -> float:
    """Distance to the end of the ego's lane [m]; inf if it does not end before the road."""
    road = state.road
    end = road.lanes[road.lane_at(state.ego.station, state.ego.lateral)].end
    return math.inf if end >= road.length - 1.0 else end - state.ego.station


@pytest.mark.parametrize("scenario", ["lane_drop", "merge"])
def test_a_lingering_driver_sees_the_end_of_its_lane_near(scenario: str) -> None:
    remaining = [remaining_lane(state) for state in drive(scenario, 2, lingers=True)]
    near = [distance for distance in remaining if distance < EARLY_EXIT_DISTANCE]
    assert min(near) < 90.0
    assert len(near) > 30  # more than three seconds
    assert remaining[-1] == math.inf  # it has left the ending lane


def test_a_driver_that_does_not_linger_leaves_early() -> None:
    remaining = [remaining_lane(state) for state in drive("lane_drop", 2, lingers=False)]
    assert min(remaining) > 100.0


def test_the_same_draws_drive_the_same() -> None:
    first, second = (list(drive("merge", 3, lingers=True, seconds=6.0)) for _ in range(2))
    assert [state.ego for state in first] == [state.ego for state in second]


def test_most_moments_near_a_lanes_end_are_kept_and_few_long_before() -> None:
    state, camera = World(load_scenario("lane_drop"), 0).state(), CameraModel()
    end = state.road.lanes[state.road.lane_at(state.ego.station, state.ego.lateral)].end
    far, near = (
        replace(state, ego=replace(state.ego, station=end - remaining)) for remaining in (400.0, 60.0)
    )
    assert frame_probability(near, camera) >= MIN_PROBABILITY_NEAR_END
    assert frame_probability(far, camera) < 0.5
