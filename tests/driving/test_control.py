"""Lateral controllers against circles and mirrors, their limits and the closed loop."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from control_plans import arc_plan, mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ControlConfig
from agents.registry import build_agent
from agents.stages import lateral_makers
from drive_stack.benchmarks.lateral_control.loop import drive
from drive_stack.benchmarks.lateral_control.paths import StudyPath, study_paths
from drive_stack.control.lqr import LqrSettings, lqr_gain
from drive_stack.control.pure_pursuit import pursuit_steering
from envs.ego import Ego
from envs.oracles import Oracles

CAR = PLATFORM.car
# class of each controller; built from a platform and, optionally, settings
CONTROLLERS = {name: type(make()) for name, make in lateral_makers(ControlConfig(), PLATFORM).items()}
INSTANCES = {name: make() for name, make in lateral_makers(ControlConfig(), PLATFORM).items()}


@pytest.mark.parametrize("radius", [30.0, -80.0, 500.0])
def test_pursuit_of_a_point_on_a_circle_is_that_circle(radius: float) -> None:
    target = np.array([radius * np.sin(0.2), radius * (1.0 - np.cos(0.2))])
    assert pursuit_steering(target, 2.8) == pytest.approx(np.arctan(2.8 / radius), rel=1e-9)


@pytest.mark.parametrize("name", CONTROLLERS)
@pytest.mark.parametrize("radius", [120.0, -400.0])
def test_on_the_path_the_steering_is_that_of_the_curve(name: str, radius: float) -> None:
    steering = CONTROLLERS[name](PLATFORM).steer(arc_plan(radius, 15.0), 15.0, 15.0 / radius)
    assert steering == pytest.approx(np.arctan(CAR.wheelbase / radius), rel=0.02)


@pytest.mark.parametrize("speed", [3.0, 15.0, 40.0])
def test_lqr_gain_makes_the_loop_stable(speed: float) -> None:
    dt = PLATFORM.dt
    gain, lag = lqr_gain(speed, PLATFORM, LqrSettings()), float(np.exp(-dt / CAR.steering_lag))
    a = np.array([[1.0, speed * dt, 0.0], [0.0, 1.0, speed * dt / CAR.wheelbase], [0.0, 0.0, lag]])
    closed = a - np.array([[0.0], [0.0], [1.0 - lag]]) @ gain[None]
    assert np.abs(np.linalg.eigvals(closed)).max() < 1.0


@given(
    name=st.sampled_from(sorted(CONTROLLERS)),
    radius=st.floats(40.0, 2000.0),
    speed=st.floats(0.0, 40.0),
    offset=st.floats(-1.0, 1.0),
    heading=st.floats(-0.1, 0.1),
)
@settings(max_examples=60)
def test_a_mirrored_plan_is_steered_the_other_way(
    name: str, radius: float, speed: float, offset: float, heading: float
) -> None:
    plan, rate = arc_plan(radius, speed, offset, heading), 0.8 * speed / radius
    controller = INSTANCES[name]
    controller.reset()
    left = controller.steer(plan, speed, rate)
    controller.reset()
    right = controller.steer(mirrored(plan), speed, -rate)
    assert left == pytest.approx(-right, abs=1e-9)


@pytest.mark.parametrize("name", CONTROLLERS)
def test_commands_respect_the_rate_limit_of_the_wheels(name: str) -> None:
    controller, wheels, speed = CONTROLLERS[name](PLATFORM), 0.0, 1.5
    lag_gain = 1.0 - np.exp(-PLATFORM.dt / CAR.steering_lag)
    for _ in range(20):  # too slow for the yaw rate to reveal the wheel angle
        command = controller.steer(arc_plan(6.0, speed, offset=-0.5), speed, 0.0)
        assert abs(lag_gain * (command - wheels)) <= CAR.max_steering_rate * PLATFORM.dt + 1e-9
        assert abs(command) <= CAR.max_steering
        wheels += lag_gain * (command - wheels)
    assert wheels > 0.3


@pytest.mark.parametrize("name", CONTROLLERS)
def test_delays_come_from_the_car_and_the_rate(name: str) -> None:
    """A controller compensates the lag of the car it is built for: with a slower car it steers earlier."""
    slow = dataclasses.replace(PLATFORM, car=dataclasses.replace(CAR, steering_lag=0.4))
    plan = arc_plan(1e9, 20.0, heading=0.02)
    known = CONTROLLERS[name](PLATFORM).steer(plan, 20.0, 0.0)
    assert CONTROLLERS[name](slow).steer(plan, 20.0, 0.0) != pytest.approx(known, rel=0.02)


def path_named(name: str) -> StudyPath:
    return next(path for path in study_paths() if path.name.startswith(name))


@pytest.mark.parametrize("name", CONTROLLERS)
@pytest.mark.parametrize("lag", [1.0, 1.2])
def test_a_curve_of_500_m_at_30_mps_is_held(name: str, lag: float) -> None:
    car = dataclasses.replace(CAR, steering_lag=CAR.steering_lag * lag)
    path, rng = path_named("radius 500 m"), np.random.default_rng(0)
    driven = drive(CONTROLLERS[name](PLATFORM), Ego(car), path, 0.0, PLATFORM.dt, rng)
    assert np.abs(driven.lateral).max() < 0.2  # including start and end of the curve
    steady = driven.lateral[round(8.0 / driven.dt) : round(13.0 / driven.dt)]
    assert np.abs(steady).max() < 0.03


@pytest.mark.parametrize("name", CONTROLLERS)
def test_an_offset_of_one_metre_is_corrected_without_oscillation(name: str) -> None:
    driven = drive(
        CONTROLLERS[name](PLATFORM),
        Ego(CAR),
        path_named("lateral offset 1 m"),
        0.0,
        PLATFORM.dt,
        np.random.default_rng(0),
    )
    assert driven.lateral.min() > -0.06
    assert np.abs(driven.lateral[round(2.5 / driven.dt) :]).max() < 0.06


@pytest.mark.parametrize("lateral", ["pure_pursuit", "mpc", "oracle"])
def test_tracks_a_curve_of_500_m_at_30_mps_within_0_2_m(lateral: str) -> None:
    world = TinyWorld(straight_road(curvature=1.0 / 500.0), lane=1, speed=30.0, limit=30.0)
    overrides = [f"control.lateral={lateral}"]
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=overrides)
    agent.reset(0)
    worst = 0.0
    for _ in range(120):
        world.step(agent.act(world.observation()))
        worst = max(worst, abs(world.ego().lateral - world.road.lanes[1].offset))
    assert worst < 0.2
    assert world.speed > 29.0


@pytest.mark.parametrize("lateral", ["pure_pursuit", "mpc"])
def test_recovers_from_a_start_off_the_lane_centre(lateral: str) -> None:
    world = TinyWorld(straight_road(), lane=1, lateral_offset=0.8)
    overrides = [f"control.lateral={lateral}"]
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=overrides)
    agent.reset(0)
    for _ in range(100):
        world.step(agent.act(world.observation()))
    assert abs(world.ego().lateral - world.road.lanes[1].offset) < 0.1
    assert abs(world.ego().yaw) < 0.01
