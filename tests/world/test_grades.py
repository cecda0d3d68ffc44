"""Gravity on grades: the ego, traffic, and how drivers compensate for it. Values are worked by hand."""

from __future__ import annotations

import math
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.control.longitudinal import FeedForwardLongitudinal
from drive_stack.interfaces import TruthSource
from drive_stack.road.vertical_profile import build_profile
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.types import Control
from drive_stack.vehicle import DRY_GRIP, GRAVITY, VehicleParameters
from envs.bodies import BODIES
from envs.ego import Ego
from envs.oracles.control import TrueLongitudinal
from envs.scenarios.scenario import load_scenario
from envs.traffic import EgoOnRoad, Traffic
from envs.traffic.records import DriverProfile
from envs.world import World
from tests.support.control_plans import speed_plan
from tests.support.tiny_world import PLATFORM

DT = 0.05
CAR = VehicleParameters()


def slope_acceleration(grade: float) -> float:
    """Acceleration down a slope, 9.81 · sin(arctan(grade)) [m/s²]."""
    return GRAVITY * math.sin(math.atan(grade))


def standing(speed: float = 0.0) -> Ego:
    ego = Ego(CAR)
    ego.reset(0.0, 0.0, 0.0, speed)
    return ego


def test_a_car_without_brakes_rolls_down_as_a_body_falls() -> None:
    ego = standing()
    for _ in range(200):
        ego.step(Control(0.0, 0.0), DT, -0.04)
    assert ego.acceleration == pytest.approx(slope_acceleration(0.04))
    assert ego.speed == pytest.approx(math.sqrt(2.0 * GRAVITY * 0.04 * ego.x))
    assert ego.tyre_acceleration == 0.0


@pytest.mark.parametrize("grade", [-0.06, 0.06])
def test_braking_distance_from_100_km_h(grade: float) -> None:
    """v² / (2·a), with a grip of 8 m/s² times cos θ, and gravity that helps uphill; plus the lag."""
    ego, speed = standing(100.0 / 3.6), 100.0 / 3.6
    while ego.speed > 0.0:
        ego.step(Control(0.0, -8.0), DT, grade)
    braking = DRY_GRIP * math.cos(math.atan(grade)) + slope_acceleration(grade)
    on_road = ego.x * math.hypot(1.0, grade)
    assert on_road == pytest.approx(speed**2 / (2.0 * braking) + speed * CAR.acceleration_lag, rel=0.02)


@pytest.mark.parametrize("grade", [-0.06, 0.06])
def test_the_brakes_hold_a_car_on_a_grade(grade: float) -> None:
    """Downhill, the car creeps a little until the brakes have built up."""
    ego = standing()
    for step in range(200):
        ego.step(Control(0.0, -1.5), DT, grade)
        assert ego.speed == 0.0 or step < 10
    assert ego.x == pytest.approx(0.0, abs=0.01)
    assert ego.acceleration == pytest.approx(0.0, abs=1e-12)
    assert abs(ego.tyre_acceleration) == pytest.approx(abs(slope_acceleration(grade)))


def test_uphill_the_car_starts_once_the_engine_overcomes_gravity() -> None:
    """6 % pull with 0.588 m/s²."""
    for command, moves in ((0.55, False), (0.65, True)):
        ego = standing()
        for _ in range(100):
            ego.step(Control(0.0, command), DT, 0.06)
        assert (ego.speed > 0.0) == moves


@given(st.floats(-8.0, 3.0), st.floats(-0.5, 0.5), st.floats(0.0, 40.0))
def test_without_a_grade_nothing_changes(acceleration: float, steering: float, speed: float) -> None:
    """A grade of zero takes part in every formula, but changes no bit of the level motion."""
    egos = standing(speed), standing(speed)
    for _ in range(10):
        egos[0].step(Control(steering, acceleration), DT)
        egos[1].step(Control(steering, acceleration), DT, 0.0)
    assert vars(egos[0]) == vars(egos[1])
    gentle = egos[0].tyre_acceleration
    assert egos[0].acceleration == gentle


def test_energy_is_kept_coasting_over_a_hill() -> None:
    grades = (
        "road.grades=[{begins: 150, percent: 5, sag_radius: 3000},"
        " {begins: 450, percent: -5, crest_radius: 5000}, {begins: 1000, percent: 0, sag_radius: 3000}]"
    )
    world = World(load_scenario("cruise", ("road.kind=straight", grades, "traffic.density=0")), 1)
    profile = world.road.profile

    def energy() -> float:
        height = float(profile.height_at(np.asarray(world.ego.station)))
        return world.ego.speed**2 / 2.0 + GRAVITY * height

    before, highest = energy(), 0.0
    while world.ego.station < 1250.0:
        world.step(Control(0.0, 0.0))
        assert energy() == pytest.approx(before, rel=1e-3)
        highest = max(highest, float(profile.height_at(np.asarray(world.ego.station))))
    assert highest > 15.0


@pytest.mark.parametrize("grade", [-0.06, -0.02, 0.0, 0.03, 0.06])
def test_the_controller_keeps_its_speed_on_grades_that_it_does_not_know(grade: float) -> None:
    ego, control = standing(25.0), FeedForwardLongitudinal(PLATFORM)
    for _ in range(300):
        command = control.accelerate(speed_plan(25.0, 0.0, 0.0, 2.0), ego.speed)
        for _ in range(2):
            ego.step(Control(0.0, command), DT, grade)
        assert abs(ego.speed - 25.0) < 0.5
    assert ego.speed == pytest.approx(25.0, abs=0.12)
    if grade == 0.0:
        assert control._compensable_pull() == 0.0


def test_the_oracle_reaches_the_planned_acceleration_on_a_grade() -> None:
    grades = "road.grades=[{begins: 0, percent: -5, crest_radius: 5000}]"
    overrides = ("road.kind=straight", "ego.station=400", grades, "traffic.density=0")
    world = World(load_scenario("cruise", overrides), 1)
    truth = Mock(spec=TruthSource, world_state=world.state)
    for _ in range(20):
        command = TrueLongitudinal(truth, PLATFORM).accelerate(
            speed_plan(world.ego.speed, -0.5, -0.5, 2.0), world.ego.speed
        )
        for _ in range(2):
            world.step(Control(0.0, command))
    assert world.ego.acceleration == pytest.approx(-0.5, abs=0.01)
    assert command == pytest.approx(-0.5 - slope_acceleration(0.05), abs=0.02)


def road_with(grade: float) -> RoadMap:
    profile = build_profile(((0.0, grade, 3000.0),)) if grade else build_profile(())
    lanes = (Lane(0.0, 3.75, 0.0, 6000.0),)
    return build_road(((6000.0, 0.0),), lanes, profile=profile)


def speed_after_climb(body: str, grade: float, distance: float = 4000.0) -> float:
    """Speed [m/s] of a vehicle of the traffic that wants 80 km/h, after a distance on a grade."""
    names = [one.name for one in BODIES]
    index = names.index(body)
    length = sum(BODIES[index].length) / 2.0
    traffic = Traffic(road_with(grade), np.random.default_rng(0))
    row = traffic.spawn(
        id=1, body=index, colour=(0, 0, 0), length=length, width=2.0, height=2.0, lane=0, station=300.0,
        speed=80.0 / 3.6, target_speed=80.0 / 3.6, driver=DriverProfile(max_acceleration=1.0),
    )  # fmt: skip
    while traffic.station[row] < 300.0 + distance:
        behind = float(traffic.station[row]) - 300.0
        traffic.step(DT, EgoOnRoad(behind, -50.0, 0.0, -1, CAR.length, CAR.width))
    return float(traffic.speed[row])


def test_loaded_lorries_slow_down_on_a_climb_and_cars_do_not() -> None:
    """On 5 %, 8.5 W/kg hold v = 8.5 / (0.12 + 0.49) = 13.9 m/s, and 13 W/kg hold 21.3 m/s."""
    assert speed_after_climb("semi_trailer", 0.05) == pytest.approx(13.9, abs=0.3)
    assert speed_after_climb("box_truck", 0.05) == pytest.approx(21.3, abs=0.4)
    assert speed_after_climb("sedan", 0.05) == pytest.approx(80.0 / 3.6, rel=0.01)
    assert speed_after_climb("semi_trailer", -0.05) == pytest.approx(80.0 / 3.6, rel=0.01)
