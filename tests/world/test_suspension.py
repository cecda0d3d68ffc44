"""Pitch and roll of the ego's body."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.types import Control
from envs.scenarios.scenario import load_scenario
from envs.suspension import BodyMotion
from envs.world import World

ACCELERATION = st.floats(-8.0, 8.0)


def test_full_braking_lowers_the_nose_by_a_degree_and_a_half() -> None:
    body = BodyMotion().after(-8.0, 0.0, 10.0)
    assert math.degrees(body.pitch) == pytest.approx(1.5)
    assert body.roll == 0.0


def test_a_left_curve_at_the_limit_rolls_the_body_two_degrees_to_the_right() -> None:
    body = BodyMotion().after(0.0, 8.0, 10.0)
    assert math.degrees(body.roll) == pytest.approx(2.0)
    assert body.pitch == 0.0


def test_the_body_overshoots_as_damped_oscillators_do() -> None:
    """The first maximum exceeds the steady state by exp(−π·ζ / √(1 − ζ²)) = 25.4 % at ζ = 0.4."""
    angles = [math.degrees(BodyMotion().after(-8.0, 0.0, 0.001 * step).pitch) for step in range(1000)]
    assert max(angles) / 1.5 - 1.0 == pytest.approx(0.254, abs=1e-3)


@given(ACCELERATION, ACCELERATION, ACCELERATION, st.floats(0.01, 0.5))
def test_two_steps_are_as_good_as_one(start: float, longitudinal: float, lateral: float, dt: float) -> None:
    before = BodyMotion().after(start, -start, 0.1)
    once = before.after(longitudinal, lateral, 2.0 * dt)
    twice = before.after(longitudinal, lateral, dt).after(longitudinal, lateral, dt)
    for name in BodyMotion.__slots__:
        assert getattr(twice, name) == pytest.approx(getattr(once, name), abs=1e-12)


def test_a_world_pitches_only_if_its_scenario_says_so() -> None:
    pitches = []
    for moves in ("false", "true"):
        world = World(load_scenario("cruise", (f"camera.body_motion={moves}", "road.grades=[]")), 1)
        for _ in range(60):
            world.step(Control(0.0, -3.0))
        pitches.append(math.degrees(world.ego.body_pitch))
    assert pitches == [0.0, pytest.approx(3.0 / 8.0 * 1.5, rel=0.02)]
