"""Controllers against circles, their limits and the closed loop."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.registry import CONFIGS, build_agent
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.control.longitudinal import FeedForwardLongitudinal, LongitudinalSettings
from drive_stack.control.lqr import LqrSettings, lqr_gain
from drive_stack.control.pure_pursuit import PurePursuit, pursuit_steering
from drive_stack.control.stanley import Stanley
from drive_stack.types import Behaviour, Plan
from drive_stack.vehicle import VehicleParameters
from envs.oracles import Oracles

CAR = VehicleParameters()
TIMES = np.linspace(0.0, 4.0, 41)


def circle_plan(radius: float, speed: float, **changes: object) -> Plan:
    angle = speed * TIMES / radius
    values: dict[str, object] = {
        "times": TIMES,
        "positions": np.stack([radius * np.sin(angle), radius * (1.0 - np.cos(angle))], axis=1),
        "headings": angle,
        "curvatures": np.full(len(TIMES), 1.0 / radius),
        "speeds": np.full(len(TIMES), speed),
        "accelerations": np.zeros(len(TIMES)),
        "behaviour": Behaviour.CRUISE,
        "reason": "",
    }
    return Plan(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("radius", [30.0, -80.0, 500.0])
def test_pursuit_of_a_point_on_a_circle_is_that_circle(radius: float) -> None:
    target = np.array([radius * np.sin(0.2), radius * (1.0 - np.cos(0.2))])
    assert pursuit_steering(target, 2.8) == pytest.approx(np.arctan(2.8 / radius), rel=1e-9)


@pytest.mark.parametrize("controller", [PurePursuit(PLATFORM), Stanley(PLATFORM)])
@pytest.mark.parametrize("radius", [120.0, -400.0])
def test_on_the_path_the_steering_is_that_of_the_curve(
    controller: PurePursuit | Stanley, radius: float
) -> None:
    steering = controller.steer(circle_plan(radius, 15.0), 15.0, 15.0 / radius)
    assert steering == pytest.approx(np.arctan(CAR.wheelbase / radius), rel=0.02)


@pytest.mark.parametrize("speed", [3.0, 15.0, 40.0])
def test_lqr_gain_makes_the_loop_stable(speed: float) -> None:
    dt = PLATFORM.dt
    gain, lag = lqr_gain(speed, PLATFORM, LqrSettings()), float(np.exp(-dt / CAR.steering_lag))
    a = np.array([[1.0, speed * dt, 0.0], [0.0, 1.0, speed * dt / CAR.wheelbase], [0.0, 0.0, lag]])
    closed = a - np.array([[0.0], [0.0], [1.0 - lag]]) @ gain[None]
    assert np.abs(np.linalg.eigvals(closed)).max() < 1.0


def test_longitudinal_jerk_is_limited_unless_braking_for_life() -> None:
    braking = circle_plan(1e9, 20.0, accelerations=np.full(len(TIMES), -8.0))
    calm, hard = FeedForwardLongitudinal(PLATFORM), FeedForwardLongitudinal(PLATFORM)
    assert calm.accelerate(braking, 20.0) == pytest.approx(-0.4)
    urgent = circle_plan(1e9, 20.0, accelerations=np.full(len(TIMES), -8.0), emergency=True)
    assert hard.accelerate(urgent, 20.0) == pytest.approx(-8.0)


@pytest.mark.parametrize("lateral", ["pure_pursuit", "stanley", "lqr", "mpc", "oracle"])
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


@pytest.mark.parametrize("lateral", ["pure_pursuit", "stanley", "lqr", "mpc"])
def test_recovers_from_a_start_beside_the_lane(lateral: str) -> None:
    world = TinyWorld(straight_road(), lane=1, aside=0.8)
    overrides = [f"control.lateral={lateral}"]
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=overrides)
    agent.reset(0)
    for _ in range(100):
        world.step(agent.act(world.observation()))
    assert abs(world.ego().lateral - world.road.lanes[1].offset) < 0.1
    assert abs(world.ego().yaw) < 0.01


@pytest.mark.parametrize("dt", [0.05, 0.1])
def test_the_jerk_limit_holds_at_the_agents_own_rate(dt: float) -> None:
    platform = dataclasses.replace(PLATFORM, dt=dt)
    config = load_model(CONFIGS / "expert.yaml", ModularConfig)
    stages = build_stages(config, platform, Oracles(TinyWorld(straight_road()), platform))
    plan = circle_plan(500.0, 20.0, accelerations=np.full(len(TIMES), 3.0))
    first, second = (stages.longitudinal.accelerate(plan, 20.0) for _ in range(2))
    assert second - first == pytest.approx(LongitudinalSettings().max_jerk * dt)
