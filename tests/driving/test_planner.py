"""Properties of plans, and the planner's behaviour in typical situations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_inputs import planning_input
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from agents.registry import build_agent
from drive_stack.planning.paths import LateralState, lateral_paths
from drive_stack.planning.planner import LatticePlanner
from drive_stack.planning.safety import SafetyLayer
from drive_stack.planning.scene import build_scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.planning.speed_caps import caution_caps
from drive_stack.types import Behaviour, NavigationCommand, Plan
from drive_stack.vehicle import DRY_GRIP, WET_GRIP
from envs.oracles import Oracles


def first_plan(world: TinyWorld) -> Plan:
    return LatticePlanner(PLATFORM.car).plan(planning_input(world))


def drive(world: TinyWorld, seconds: float) -> list[Plan]:
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM))
    agent.reset(0)
    plans = []
    for _ in range(round(seconds * 10)):
        control = agent.act(world.observation())
        assert agent.trace is not None
        assert agent.trace.plan is not None
        plans.append(agent.trace.plan)
        world.step(control)
    return plans


bodies = st.lists(
    st.builds(
        Body,
        station=st.floats(-20.0, 150.0),
        lateral=st.floats(-8.0, 8.0),
        speed=st.floats(0.0, 35.0),
        lateral_speed=st.floats(-1.5, 1.5),
        is_pedestrian=st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(bodies, st.floats(0.0, 36.0), st.sampled_from([0.0, 1.0 / 300.0, -1.0 / 500.0]))
def test_any_plan_is_finite_and_within_the_cars_limits(
    bodies: list[Body], speed: float, curvature: float
) -> None:
    world = TinyWorld(straight_road(3, curvature=curvature), lane=1, speed=speed, bodies=bodies)
    plan = first_plan(world)
    for values in (plan.positions, plan.headings, plan.curvatures, plan.speeds, plan.accelerations):
        assert np.isfinite(values).all()
    car = PLATFORM.car
    assert plan.accelerations.min() >= car.min_acceleration - 1e-6
    assert plan.accelerations.max() <= car.max_acceleration + 1e-6
    assert plan.speeds.min() >= 0.0
    assert plan.emergency or plan.accelerations.min() >= -4.05
    assert plan.reason


def test_a_mirrored_road_gives_a_mirrored_plan() -> None:
    def plan(side: float) -> Plan:
        person = Body(90.0, side * 3.2, 0.0, 0.0, True, 0.6, 0.6)
        road = straight_road(1, curvature=side / 400.0)
        return first_plan(TinyWorld(road, lane=0, lateral_offset=side * 0.5, bodies=[person]))

    left, right = plan(1.0), plan(-1.0)
    assert left.positions[:, 0] == pytest.approx(right.positions[:, 0], abs=1e-6)
    assert left.positions[:, 1] == pytest.approx(-right.positions[:, 1], abs=1e-6)
    assert left.curvatures == pytest.approx(-right.curvatures, abs=1e-9)
    assert left.speeds == pytest.approx(right.speeds)


def test_the_same_input_gives_the_same_plan() -> None:
    world = TinyWorld(straight_road(2), lane=1, bodies=[Body(80.0, -1.8, 12.0)])
    first, second = first_plan(world), first_plan(world)
    assert np.array_equal(first.positions, second.positions)
    assert np.array_equal(first.speeds, second.speeds)


def test_stops_behind_an_obstacle_in_its_only_lane_with_a_gap() -> None:
    body = Body(220.0, 0.0)
    world = TinyWorld(straight_road(1), lane=0, bodies=[body])
    plans = drive(world, 22.0)
    assert world.speed == pytest.approx(0.0, abs=0.05)
    assert 3.0 < world.gap(body) < 15.0
    assert not any(plan.emergency for plan in plans)


def test_follows_a_slower_car_at_its_speed_and_a_safe_gap() -> None:
    body = Body(120.0, 0.0, 15.0)
    world = TinyWorld(straight_road(1), lane=0, bodies=[body])
    drive(world, 30.0)
    assert world.speed == pytest.approx(15.0, abs=0.5)
    assert 15.0 < world.gap(body) < 35.0


def test_overtakes_a_standing_car_early_and_without_braking_hard() -> None:
    body = Body(200.0, -1.8)
    world = TinyWorld(straight_road(2), lane=1, bodies=[body])
    plans = drive(world, 10.0)
    assert world.gap(body) < 0.0
    assert world.ego().lateral == pytest.approx(1.8, abs=0.3)
    assert min(plan.accelerations[0] for plan in plans) > -1.5
    reasons = {plan.reason for plan in plans if "changing left" in plan.reason}
    assert "standing vehicle ahead, changing left" in reasons
    assert not any(character.isdigit() for reason in reasons for character in reason)  # they would be old


def test_never_changes_into_a_flagged_blind_spot() -> None:
    body = Body(200.0, -1.8)
    world = TinyWorld(straight_road(2), lane=1, bodies=[body], blind_left=True)
    plans = drive(world, 20.0)
    assert world.ego().lateral == pytest.approx(-1.8, abs=0.3)
    assert world.speed < 0.1
    assert any("blind spot" in plan.reason for plan in plans)


def test_holds_the_lane_when_the_blind_spot_fills_while_pulling_out() -> None:
    world = TinyWorld(straight_road(2), lane=1, bodies=[Body(250.0, -1.8)])
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM))
    agent.reset(0)
    for _ in range(60):
        control = agent.act(world.observation())
        world.step(control)
        offset = world.ego().lateral + 1.8
        world.blind_left = world.blind_left or offset > 0.3
    assert world.ego().lateral < -0.9


@pytest.mark.parametrize(("lane", "side"), [(1, 1.0), (0, -1.0)])
@pytest.mark.parametrize("heading", [0.2, 0.3, 0.4])
def test_drives_on_after_it_stopped_obliquely_in_a_change_that_it_gave_up(
    lane: int, side: float, heading: float
) -> None:
    world = TinyWorld(straight_road(2), lane=lane, speed=0.0, lateral_offset=side * 1.3)
    world.yaw = side * heading
    drive(world, 12.0)
    assert world.speed > 5.0
    assert abs(world.ego().lateral) == pytest.approx(1.8, abs=0.3)  # in the middle of one of the lanes


@pytest.mark.parametrize(
    ("command", "lane", "target"),
    [(NavigationCommand.CHANGE_LEFT, 1, 1.8), (NavigationCommand.CHANGE_RIGHT, 0, -1.8)],
)
def test_obeys_the_navigation(command: NavigationCommand, lane: int, target: float) -> None:
    world = TinyWorld(straight_road(2), lane=lane, command=command)
    for _ in range(2):
        drive(world, 3.0)
        if abs(world.ego().lateral - target) < 1.7:
            world.command = NavigationCommand.FOLLOW
    drive(world, 4.0)
    assert world.ego().lateral == pytest.approx(target, abs=0.3)


def test_gives_way_to_a_person_who_crosses() -> None:
    person = Body(100.0, -6.5, 0.0, 1.4, True, 0.6, 0.6)
    world = TinyWorld(straight_road(2), lane=1, speed=15.0, limit=15.0, bodies=[person])
    min_gap, reasons = float("inf"), set()
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM))
    agent.reset(0)
    for _ in range(100):
        world.step(agent.act(world.observation()))
        assert agent.trace is not None
        assert agent.trace.plan is not None
        reasons.add(agent.trace.plan.behaviour)
        if abs(person.lateral - world.ego().lateral) < 1.3:
            min_gap = min(min_gap, world.gap(person))
    assert min_gap > 3.0
    assert Behaviour.YIELD in reasons


def test_the_person_whom_the_reason_names_is_the_cause_however_slow_the_car_is() -> None:
    """Next to a standing person at 3 m/s, less than the 4.5 m/s that caution allows there."""
    person = Body(30.0, -2.0, is_pedestrian=True, length=0.6, width=0.6)
    plan = first_plan(TinyWorld(straight_road(1), lane=0, speed=3.0, limit=15.0, bodies=[person]))
    assert plan.reason.startswith("person") and plan.reason.endswith("slowing")
    assert plan.cause is not None and plan.cause.name == "person" and plan.cause.track_id is not None


def test_slows_next_to_a_parked_truck_that_may_hide_pedestrians() -> None:
    truck = Body(150.0, -3.9, large=True, length=10.0, width=2.5)
    world = TinyWorld(straight_road(1), lane=0, speed=20.0, limit=20.0, bodies=[truck])
    slowest, reasons = 20.0, set()
    agent = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM))
    agent.reset(0)
    for _ in range(120):
        world.step(agent.act(world.observation()))
        slowest = min(slowest, world.speed)
        assert agent.trace is not None
        assert agent.trace.plan is not None
        reasons.add(agent.trace.plan.reason)
    assert slowest < 13.0
    assert world.gap(truck) < 0.0
    assert any("hide people" in reason for reason in reasons)


def test_brakes_in_an_emergency_when_an_obstacle_appears_in_the_lane() -> None:
    world = TinyWorld(straight_road(1), lane=0, speed=20.0, bodies=[Body(20.0 + 42.0, 0.0)])
    plans = drive(world, 4.0)
    assert any(plan.emergency for plan in plans)
    assert world.gap(world.bodies[0]) > 0.0


@pytest.mark.parametrize(("gap", "emergency"), [(25.0, True), (120.0, None)])
def test_the_safety_layer_brakes_whatever_was_planned(gap: float, emergency: bool | None) -> None:
    world = TinyWorld(straight_road(1), lane=0, speed=20.0, bodies=[Body(20.0 + 3.75 + gap + 2.25, 0.0)])
    settings, times = PlannerSettings(), np.linspace(0.0, 4.0, 21)
    scene = build_scene(planning_input(world), times, PLATFORM.car)
    layer = SafetyLayer(settings.safety, settings.lane_change)
    straight_on = lateral_paths(LateralState(0.0, 0.0, 0.0), np.zeros(1), 20.0, None).select([0])
    braking = layer.brake_harder(scene, straight_on, 20.0, np.zeros(10), 8.0)
    assert (braking.emergency if braking else None) is emergency
    braked_already = layer.brake_harder(scene, straight_on, 20.0, np.full(10, -8.0), 8.0)
    assert braked_already is None


@pytest.mark.parametrize("grip", [DRY_GRIP, WET_GRIP])
def test_an_emergency_plan_stays_within_the_grip_of_the_tyres(grip: float) -> None:
    world = TinyWorld(straight_road(1), lane=0, speed=30.0, bodies=[Body(20.0 + 40.0, 0.0)])
    plan = LatticePlanner(PLATFORM.car).plan(planning_input(world, grip))
    assert plan.emergency
    assert plan.accelerations.min() == pytest.approx(-grip)


@given(bodies=bodies, speed=st.floats(5.0, 35.0), yaw_rate=st.floats(-0.15, 0.15))
@settings(max_examples=40)
def test_plans_stay_in_the_friction_circle(bodies: list[Body], speed: float, yaw_rate: float) -> None:
    world = TinyWorld(straight_road(2), lane=0, speed=speed, bodies=bodies)
    inputs = replace(planning_input(world, WET_GRIP), yaw_rate=yaw_rate)
    plan = LatticePlanner(PLATFORM.car).plan(inputs)
    demanded = np.hypot(plan.accelerations, plan.speeds**2 * plan.curvatures)
    assert demanded.max() <= 1.05 * WET_GRIP + 1e-3


def test_assumes_less_braking_on_a_wet_road() -> None:
    """Next to a parked lorry the ego could stop for a child, so it drives slower on a wet road."""

    def cap(grip: float) -> float:
        truck = Body(20.0 + 30.0, -4.2, length=8.0, width=2.4, large=True)
        world = TinyWorld(straight_road(1), lane=0, speed=8.0, limit=14.0, bodies=[truck])
        caution = PlannerSettings().on_grip(grip).caution
        scene = build_scene(planning_input(world, grip), np.linspace(0.0, 4.0, 21), PLATFORM.car)
        return min(item.speed for item in caution_caps(scene, 0.0, 14.0, caution))

    assert cap(WET_GRIP) < 0.95 * cap(DRY_GRIP)


def test_slows_for_a_curve_to_a_comfortable_lateral_acceleration() -> None:
    world = TinyWorld(straight_road(1, curvature=1.0 / 120.0), lane=0, speed=16.0, limit=36.0)
    drive(world, 15.0)
    assert world.speed**2 / 120.0 < 3.0


def test_stops_when_lanes_are_no_longer_detected_and_reports_it() -> None:
    world = TinyWorld(straight_road(1), lane=0, speed=15.0, limit=15.0)
    planner, speeds, reasons = LatticePlanner(PLATFORM.car), [], []
    inputs = planning_input(world)
    inputs = replace(inputs, lanes=replace(inputs.lanes, confidence=0.0))
    for _ in range(120):
        plan = planner.plan(inputs)
        inputs = replace(inputs, speed=float(plan.speeds[1]), acceleration=float(plan.accelerations[1]))
        speed = inputs.speed
        speeds.append(speed)
        reasons.append(plan.reason)
    assert speeds[-1] < 0.3
    assert any("no lane seen" in reason for reason in reasons)


def test_a_failed_sensor_stops_the_car_in_its_lane_until_it_recovers() -> None:
    world = TinyWorld(straight_road(2), lane=1, speed=15.0, limit=15.0, command=NavigationCommand.CHANGE_LEFT)
    planner, inputs = LatticePlanner(PLATFORM.car), planning_input(world)
    for _ in range(80):
        plan = planner.plan(replace(inputs, fault="the camera is frozen"))
        assert plan.behaviour is Behaviour.STOP and "the camera is frozen" in plan.reason
        assert plan.accelerations.min() > -4.01 and not plan.emergency
        inputs = replace(inputs, speed=float(plan.speeds[1]), acceleration=float(plan.accelerations[1]))
    assert inputs.speed < 0.3
    assert planner.plan(replace(inputs, acceleration=0.0)).speeds[-1] > 2.0
