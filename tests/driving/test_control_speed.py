"""The longitudinal controller: jerk, emergency braking and its release, coming to a stop."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from control_plans import arc_plan, speed_plan
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.registry import CONFIGS
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.control.longitudinal import FeedForwardLongitudinal, LongitudinalSettings
from drive_stack.evaluation.metrics.comfort import ComfortBounds
from drive_stack.types import Control, FloatArray
from envs.ego import Ego
from envs.oracles import Oracles

CAR, DT = PLATFORM.car, PLATFORM.dt
SETTINGS = LongitudinalSettings()


def simulate_stop(speed: float, braking: float, seconds: float = 45.0) -> tuple[FloatArray, FloatArray]:
    """Speed and acceleration at 20 Hz; each plan brakes constantly to standstill, like planner ramps."""
    ego, controller = Ego(CAR), FeedForwardLongitudinal(PLATFORM)
    ego.reset(0.0, 0.0, 0.0, speed)
    samples = []
    for _ in range(round(seconds / DT)):
        plan = speed_plan(ego.speed, ego.acceleration, -braking, jerk=4.0)
        command = controller.accelerate(plan, ego.speed)
        for _ in range(2):
            ego.step(Control(0.0, command), DT / 2)
            samples.append((ego.speed, ego.acceleration if ego.speed > 0.0 else 0.0))
    speeds, accelerations = np.array(samples).T
    return speeds, accelerations


def test_jerk_is_limited_except_in_an_emergency() -> None:
    braking = arc_plan(1e9, 20.0, accelerations=np.full(41, -8.0))
    assert FeedForwardLongitudinal(PLATFORM).accelerate(braking, 20.0) == pytest.approx(-0.4)
    urgent = dataclasses.replace(braking, emergency=True)
    assert FeedForwardLongitudinal(PLATFORM).accelerate(urgent, 20.0) == pytest.approx(-8.0)


@pytest.mark.parametrize("dt", [0.05, 0.1])
def test_the_jerk_limit_holds_at_the_agents_own_rate(dt: float) -> None:
    platform = dataclasses.replace(PLATFORM, dt=dt)
    config = load_model(CONFIGS / "expert.yaml", ModularConfig)
    stages = build_stages(config, platform, Oracles(TinyWorld(straight_road()), platform))
    plan = arc_plan(500.0, 20.0, accelerations=np.full(41, 3.0))
    first, second = (stages.longitudinal.accelerate(plan, 20.0) for _ in range(2))
    assert second - first == pytest.approx(SETTINGS.max_jerk * dt)


def simulate_release(target: float) -> tuple[float, FloatArray]:
    """Loss of speed and commands after the plan changes from an emergency to the acceleration ``target``."""
    ego, controller = Ego(CAR), FeedForwardLongitudinal(PLATFORM)
    ego.reset(0.0, 0.0, 0.0, 30.0)
    commands: list[float] = []
    for step in range(40):
        emergency = step < 10
        if step == 10:
            start_speed = ego.speed
        acceleration = -8.0 if emergency else target
        plan = speed_plan(ego.speed, ego.acceleration, acceleration, jerk=20.0, emergency=emergency)
        command = controller.accelerate(plan, ego.speed)
        commands.append(command)
        for _ in range(2):
            ego.step(Control(0.0, command), DT / 2)
    return start_speed - ego.speed, np.array(commands[9:])


def test_an_emergency_brake_is_released_quickly_but_not_at_once() -> None:
    lost, commands = simulate_release(0.0)
    rises = np.diff(commands) / DT
    assert commands[0] == pytest.approx(-8.0)
    assert rises.max() == pytest.approx(SETTINGS.release_jerk)
    assert (
        8.0**2 / (2.0 * SETTINGS.release_jerk) < lost < 6.0
    )  # at the comfortable jerk it would be above 8 m/s


def test_after_the_release_the_comfortable_jerk_holds_again() -> None:
    _, commands = simulate_release(1.5)
    rises = np.diff(commands)[commands[:-1] >= 0.0] / DT
    assert len(rises) > 3
    assert rises.max() <= SETTINGS.max_jerk + 1e-9


def test_a_new_emergency_brakes_at_once_during_the_release() -> None:
    controller = FeedForwardLongitudinal(PLATFORM)
    urgent = speed_plan(20.0, -8.0, -8.0, jerk=20.0, emergency=True)
    controller.accelerate(urgent, 20.0)
    assert controller.accelerate(speed_plan(20.0, -8.0, 0.0, jerk=20.0), 20.0) > -8.0
    assert controller.accelerate(urgent, 20.0) == pytest.approx(-8.0)


@pytest.mark.parametrize("braking", [0.5, 1.0, 2.0, 3.0, 4.0])
def test_a_whole_stop_from_20_mps_is_smooth_and_ends(braking: float) -> None:
    speeds, accelerations = simulate_stop(20.0, braking)
    jerk = (accelerations[2:] - accelerations[:-2]) / DT  # over a step of the controller
    assert np.abs(jerk).max() < ComfortBounds().longitudinal_jerk
    assert accelerations.min() > -braking - 0.2
    assert speeds[-1] == 0.0
    slow = np.flatnonzero(speeds < 0.5)[0]
    standstill = np.flatnonzero(speeds == 0.0)[0]
    assert (standstill - slow) * DT / 2 < 1.6  # no creeping
    assert np.all(speeds[standstill:] == 0.0)


def test_a_soft_stop_costs_little_distance() -> None:
    speeds, _ = simulate_stop(20.0, 3.0)
    ideal = 20.0**2 / 6.0 + 20.0 * 3.0 / 4.0 / 2.0  # steady braking, and its onset at 4 m/s³
    assert speeds.sum() * DT / 2 < ideal + 8.0


def test_the_brake_holds_the_standing_car_until_the_plan_drives_on() -> None:
    controller = FeedForwardLongitudinal(PLATFORM)
    standing = arc_plan(1e9, 0.0)
    for _ in range(10):
        command = controller.accelerate(standing, 0.0)
    assert command == pytest.approx(SETTINGS.hold_braking)
    start = speed_plan(0.0, 0.0, 1.5, jerk=4.0)
    for _ in range(10):
        command = controller.accelerate(start, 0.0)
    assert command > 1.0


@pytest.mark.parametrize(("grade", "applied"), [(0.0, 1.0), (0.0, -2.0), (0.04, 0.0), (-0.03, -1.0)])
def test_a_car_that_others_drive_shows_the_pull_of_the_grade_and_not_the_difference_of_commands(
    grade: float, applied: float
) -> None:
    """A controller that receives the applied command compensates g · sin of the grade, nothing if level."""
    ego, controller = Ego(CAR), FeedForwardLongitudinal(PLATFORM)
    ego.reset(0.0, 0.0, 0.0, 25.0)
    pull = -9.81 * grade / np.hypot(1.0, grade)
    for _ in range(50):
        plan = arc_plan(1e9, ego.speed, accelerations=np.zeros(41))
        command = controller.accelerate(plan, ego.speed)
        controller.applied(Control(0.0, applied))
        for _ in range(2):
            ego.step(Control(0.0, applied), DT / 2, grade=grade)
    compensated = np.sign(pull) * max(abs(pull) - SETTINGS.pull_tolerance, 0.0)
    assert command == pytest.approx(-compensated, abs=0.03)
