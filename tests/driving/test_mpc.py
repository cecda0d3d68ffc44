"""The model predictive controller: its model, its limits, its repeatability, and how it fails."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from control_plans import arc_plan
from tiny_world import PLATFORM, TinyWorld, straight_road

from agents.config import ModularConfig
from agents.registry import CONFIGS
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.control.lqr import Lqr
from drive_stack.control.mpc import Mpc, MpcSettings
from drive_stack.control.mpc_model import BicycleModel, bicycle_model
from drive_stack.control.mpc_problem import SteeringProblem, Weights
from drive_stack.control.preview import preview_path
from drive_stack.pipeline.driving import Pipeline
from drive_stack.types import Control, FloatArray, Plan, PlanningInput
from envs.ego import Ego
from envs.oracles import Oracles

CAR, DT = PLATFORM.car, PLATFORM.dt
LAG_GAIN = 1.0 - float(np.exp(-DT / CAR.steering_lag))
MAX_CHANGE = CAR.max_steering_rate * DT
STEPS = 20


def model_of(plan: Plan, speed: float, wheels: float = 0.0) -> BicycleModel:
    path = preview_path(plan, speed, 0.0, delay=0.0, min_length=20.0)
    return bicycle_model(plan, path, speed, wheels, PLATFORM, STEPS)


def solve(model: BicycleModel, iterations: int = 80) -> FloatArray | None:
    ones = np.ones(STEPS)
    problem = SteeringProblem(STEPS, CAR.max_steering, MAX_CHANGE / LAG_GAIN, iterations)
    return problem.solve(model, Weights(ones, 100.0 * ones, ones))


def changes_under(commands: FloatArray, wheels: float) -> FloatArray:
    """Turn of the wheels in each step [rad]."""
    angles = [wheels]
    for command in commands:
        angles.append(angles[-1] + LAG_GAIN * (command - angles[-1]))
    return np.diff(angles)


@pytest.mark.parametrize(("speed", "radius"), [(10.0, 60.0), (25.0, 400.0), (30.0, -500.0)])
def test_the_model_predicts_the_motion_of_the_car(speed: float, radius: float) -> None:
    base = float(np.arctan(CAR.wheelbase / radius))
    commands = base + 0.1 / speed * np.sin(np.arange(10))
    model = model_of(arc_plan(radius, speed), speed, wheels=base)
    state = model.start
    ego = Ego(CAR)
    ego.reset(0.0, 0.0, 0.0, speed)
    ego.steering = base
    for step, command in enumerate(commands):
        state = model.a[step] @ state + model.b[step] * command + model.c[step]
        for _ in range(50):
            ego.step(Control(float(command), 0.0), DT / 50)
    lateral_error = (abs(radius) - float(np.hypot(ego.x, ego.y - radius))) * float(np.sign(radius))
    assert abs(lateral_error) > 0.02  # it left the path
    assert state[0] == pytest.approx(lateral_error, abs=2e-3)
    assert state[2] == pytest.approx(ego.steering, abs=1e-9)


@pytest.mark.parametrize("plan", [arc_plan(7.0, 5.0), arc_plan(1e9, 3.0, offset=3.0), arc_plan(-5.0, 4.0)])
def test_the_programme_keeps_the_limits_of_angle_and_rate(plan: Plan) -> None:
    commands = solve(model_of(plan, float(plan.speeds[0])), iterations=2000)
    assert commands is not None
    changes = changes_under(commands, 0.0)
    assert np.abs(commands).max() <= CAR.max_steering + 1e-3
    assert np.abs(changes).max() <= MAX_CHANGE + 1e-3
    assert np.abs(changes).max() > 0.99 * MAX_CHANGE  # the limit was reached


@pytest.mark.parametrize("radius", [7.0, -5.0])
def test_commands_never_exceed_what_the_wheels_can_follow(radius: float) -> None:
    controller, wheels = Mpc(PLATFORM), 0.0
    for _ in range(15):
        speed = 5.0
        command = controller.steer(arc_plan(radius, speed), speed, speed * np.tan(wheels) / CAR.wheelbase)
        change = LAG_GAIN * (command - wheels)
        assert abs(change) <= MAX_CHANGE + 1e-9
        assert abs(command) <= CAR.max_steering
        wheels += change
    assert abs(wheels) > 0.3


@pytest.mark.parametrize(
    ("radius", "speed", "offset"),
    [(500.0, 30.0, 0.5), (1e9, 25.0, 1.0), (1e9, 10.0, -0.5), (-30.0, 6.0, 0.2)],
)
def test_few_iterations_suffice_for_the_solution(radius: float, speed: float, offset: float) -> None:
    plan, rate = arc_plan(radius, speed, offset), speed / radius
    few, many = Mpc(PLATFORM), Mpc(PLATFORM, MpcSettings(iterations=5000))
    assert few.steer(plan, speed, rate) == pytest.approx(many.steer(plan, speed, rate), abs=2e-4)
    assert few.diagnostic is None


def test_on_the_path_it_steers_with_the_angle_of_the_curve() -> None:
    assert Mpc(PLATFORM).steer(arc_plan(500.0, 30.0), 30.0, 0.06) == pytest.approx(2.8 / 500.0, rel=1e-3)


def steer_along(controller: Mpc, plans: list[Plan]) -> list[float]:
    return [controller.steer(plan, 20.0, 0.01) for plan in plans]


def test_after_a_reset_the_same_input_gives_the_same_bits() -> None:
    plans = [arc_plan(300.0, 20.0, offset) for offset in np.linspace(0.6, -0.1, 8)]
    others = [arc_plan(-40.0, 6.0, offset) for offset in (0.5, -1.0, 2.0)]
    controller = Mpc(PLATFORM)
    first = steer_along(controller, plans)
    steer_along(controller, others)
    controller.reset()
    assert steer_along(controller, plans) == first
    assert steer_along(Mpc(PLATFORM), plans) == first


def unsolvable() -> Plan:
    """A plan whose speeds are NaN from 1.5 s on."""
    plan = arc_plan(300.0, 20.0, 0.3)
    return dataclasses.replace(plan, speeds=np.where(plan.times > 1.5, np.nan, plan.speeds))


def test_without_a_solution_it_steers_by_lqr_and_reports_it() -> None:
    controller, fallback = Mpc(PLATFORM), Lqr(PLATFORM)
    assert controller.steer(unsolvable(), 20.0, 0.05) == fallback.steer(unsolvable(), 20.0, 0.05)
    assert controller.diagnostic is not None and "LQR" in controller.diagnostic


def test_it_recovers_at_once_and_forgets_the_failure() -> None:
    controller, fresh = Mpc(PLATFORM), Mpc(PLATFORM)
    plan = arc_plan(300.0, 20.0, 0.3)
    controller.steer(plan, 20.0, 0.05)
    controller.steer(unsolvable(), 20.0, 0.05)
    assert controller.steer(plan, 20.0, 0.05) == fresh.steer(plan, 20.0, 0.05)
    assert controller.diagnostic is None


def test_limits_that_contradict_each_other_have_no_solution() -> None:
    plan = arc_plan(300.0, 20.0)
    assert solve(model_of(plan, 20.0, wheels=0.0)) is not None
    assert solve(model_of(plan, 20.0, wheels=2.0)) is None  # it cannot be within the angle by next step


class UnsolvablePlanner:
    def reset(self) -> None:
        pass

    def plan(self, inputs: PlanningInput) -> Plan:
        return unsolvable()


def test_the_trace_notes_the_fallback() -> None:
    world = TinyWorld(straight_road(), lane=1, speed=20.0)
    config = load_model(CONFIGS / "expert.yaml", ModularConfig, ["control.lateral=mpc"])
    stages = build_stages(config, PLATFORM, Oracles(world, PLATFORM))
    calm = Pipeline(stages, PLATFORM)
    assert not calm.step(world.observation()).notes
    failing = Pipeline(dataclasses.replace(stages, planner=UnsolvablePlanner()), PLATFORM)
    assert any("LQR" in note for note in failing.step(world.observation()).notes)
