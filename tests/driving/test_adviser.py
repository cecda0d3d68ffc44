"""The expert beside a student who does not do what it plans."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from agents.registry import build_agent
from drive_stack.datasets.drives.recording_task import ADVISER
from drive_stack.policy.state_vector import lateral_acceleration_of
from drive_stack.types import Control
from envs.oracles import Oracles


def advice(world: TinyWorld, seconds: float) -> list[Control]:
    """What the adviser says while the car goes straight on at its speed."""
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    said = []
    for _ in range(round(10 * seconds)):
        said.append(adviser.act(world.observation()))
        world.step(Control(0.0, 0.0))
    return said


def sideways(said: list[Control], speed: float) -> np.ndarray:
    steering = np.array([one.steering for one in said])
    return lateral_acceleration_of(steering, np.full(len(said), speed), PLATFORM.car)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_what_points_back_to_the_middle_lasts_and_does_not_grow(side: float) -> None:
    world = TinyWorld(straight_road(1), lane=0, lateral_offset=side * 0.5, speed=20.0)
    asked = side * sideways(advice(world, 8.0), 20.0)
    settled = asked[20:]
    assert settled.max() < -0.3
    assert settled.min() > -0.9
    assert np.ptp(settled) < 0.1


def test_farther_off_it_points_back_more() -> None:
    near, far = (
        sideways(advice(TinyWorld(straight_road(1), lane=0, lateral_offset=aside, speed=20.0), 4.0), 20.0)[-1]
        for aside in (0.3, 0.6)
    )
    assert far == pytest.approx(2.0 * near, rel=0.2)


def test_a_way_round_that_is_not_taken_frees_nobody_from_braking() -> None:
    body = Body(260.0, 0.0)
    world = TinyWorld(straight_road(2), lane=0, speed=20.0, bodies=[body])
    gaps, braking = [], []
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    while world.gap(body) > 20.0:
        gaps.append(world.gap(body))
        braking.append(-adviser.act(world.observation()).acceleration)
        world.step(Control(0.0, 0.0))
    needed = np.minimum(20.0**2 / (2.0 * np.array(gaps)), 8.0)
    near = np.array(gaps) < 70.0
    assert np.all(np.array(braking)[near] >= 0.75 * needed[near])
    assert braking[0] < 0.1


def test_it_drives_by_itself_too() -> None:
    body = Body(220.0, 0.0)
    world = TinyWorld(straight_road(1), lane=0, lateral_offset=0.4, bodies=[body])
    adviser = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=ADVISER)
    adviser.reset(0)
    for _ in range(220):
        world.step(adviser.act(world.observation()))
    assert world.speed == pytest.approx(0.0, abs=0.05)
    assert 3.0 < world.gap(body) < 15.0
