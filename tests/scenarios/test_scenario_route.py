"""Keys of the ego's start, route, road, traffic and conditions have their documented effect."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scenario_worlds import DT, EGO_FRONT, HEAD, states, world

from drive_stack.road_map import LaneKind
from drive_stack.types import Control, NavigationCommand, ObjectClass
from drive_stack.world_state import Light, Weather
from envs.scenarios.conditions import visibility_speed_limit

# --- ego -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lane", "laterals"),
    [("leftmost", {3.5}), ("middle", {0.0}), ("rightmost", {-3.5}), ("any", {3.5, 0.0, -3.5})],
)
def test_the_ego_starts_in_its_lane(lane: str, laterals: set[float]) -> None:
    values = [round(world(f"ego: {{lane: {lane}}}", seed).ego.lateral, 6) for seed in range(30)]
    assert set(values) == laterals
    if lane == "any":
        assert min(values.count(lateral) for lateral in laterals) >= 4


def test_the_ego_starts_on_the_ramp() -> None:
    scenario_world = world("road: {kind: on_ramp}\nego: {lane: ramp}")
    lane = scenario_world.road.lanes[
        scenario_world.road.lane_at(scenario_world.ego.station, scenario_world.ego.lateral)
    ]
    assert lane.kind is LaneKind.RAMP


def test_the_middle_of_two_lanes_is_the_right_one() -> None:
    assert world("road: {kind: straight, lanes: 2, lane_width: 3.5}").ego.lateral == pytest.approx(-1.75)


def test_the_ego_starts_at_its_station_pose_and_speed() -> None:
    scenario_world = world("ego: {station: 444, offset: -0.7, yaw_deg: 5, lane: middle, speed_share: 0.6}")
    assert scenario_world.ego.station == pytest.approx(444.0)
    assert scenario_world.ego.lateral == pytest.approx(-0.7)
    assert math.degrees(scenario_world.ego.yaw) == pytest.approx(5.0)
    assert scenario_world.ego.speed == pytest.approx(0.6 * 20.0)
    assert scenario_world.state().route_start == pytest.approx(444.0)


# --- route ---------------------------------------------------------------------------------------


def test_a_route_has_its_length_and_ends_there() -> None:
    scenario_world = world("route_length: 123")
    assert scenario_world.state().route_end - scenario_world.state().route_start == pytest.approx(123.0)
    while scenario_world.outcome is None:
        scenario_world.step(Control(0.0, 0.0))
    assert scenario_world.outcome == "completed"
    assert 123.0 <= scenario_world.progress < 123.0 + 20.0 * DT


@pytest.mark.parametrize("seconds", [0.5, 7.25])
def test_an_episode_ends_at_its_time_limit(seconds: float) -> None:
    scenario_world = world(f"time_limit: {seconds}")
    while scenario_world.outcome is None:
        scenario_world.step(Control(0.0, 0.0))
    assert scenario_world.outcome == "timeout"
    assert scenario_world.time == pytest.approx(seconds, abs=DT / 2)


def test_zones_lower_the_limit_in_their_segment() -> None:
    zones = "[{begin: 50, end: 120.5, limit_kmh: 60}, {begin: 100, end: 200, limit_kmh: 80}]"
    scenario_world = world(f"speed_limit_kmh: 100\nspeed_zones: {zones}")
    distances = (0.0, 49.9, 50.1, 110.0, 120.4, 120.6, 199.9, 200.1)
    values = [
        round(scenario_world.limits.at(scenario_world.state().route_start + distance) * 3.6)
        for distance in distances
    ]
    assert values == [100, 100, 60, 60, 60, 80, 80, 100]


def test_navigation_commands_apply_in_their_segment() -> None:
    steps = "[{command: change_left, begin: 20, end: 50}, {command: change_right, begin: 40, end: 80}]"
    scenario_world = world(f"navigation: {steps}")
    commands = {
        round(state.ego.station - state.route_start, 3): state.command
        for state in states(scenario_world, 5.0)
    }
    for distance, command in commands.items():
        expected = NavigationCommand.FOLLOW
        if 20.0 <= distance < 50.0:
            expected = NavigationCommand.CHANGE_LEFT
        elif 50.0 <= distance < 80.0:
            expected = NavigationCommand.CHANGE_RIGHT
        assert command is expected, distance


@pytest.mark.parametrize(("lane", "applies"), [("ramp", True), ("rightmost", False)])
def test_a_navigation_step_for_the_ramp_applies_on_the_ramp_only(lane: str, applies: bool) -> None:
    scenario_world = world(
        f"road: {{kind: on_ramp}}\nego: {{lane: {lane}}}\nnavigation: [{{command: change_left, where: ramp}}]"
    )
    assert (scenario_world.state().command is NavigationCommand.CHANGE_LEFT) == applies


# --- road ----------------------------------------------------------------------------------------


def test_a_road_has_its_lanes_and_shoulders() -> None:
    road = world(
        "road: {kind: straight, lanes: 4, lane_width: 3.75, left_shoulder: 0.8, right_shoulder: 2.6}"
    ).road
    assert [lane.offset for lane in road.lanes] == [5.625, 1.875, -1.875, -5.625]
    assert road.paved(1000.0) == pytest.approx((-7.5 - 2.6, 7.5 + 0.8))


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0)])
def test_a_curve_and_an_s_bend_have_the_specified_geometry(side: str, sign: float) -> None:
    keys = f"lanes: 3, radius: 400, side: {side}, begins: 500, length: 200"
    road = world(f"road: {{kind: curve, {keys}}}").road
    curvatures = road.curvature_at(np.array([499.9, 500.1, 699.9, 700.1]))
    assert curvatures == pytest.approx([0.0, sign / 400.0, sign / 400.0, 0.0])
    road = world(f"road: {{kind: s_bend, {keys}, between_arcs: 50}}").road
    curvatures = road.curvature_at(np.array([499.9, 500.1, 699.9, 700.1, 749.9, 750.1, 949.9, 950.1]))
    assert curvatures * 400.0 * sign == pytest.approx([0, 1, 1, 0, 0, -1, -1, 0])
    assert road.length == pytest.approx(2600.0)
    # no arc turns by more than 1.2 rad
    road = world("road: {kind: curve, radius: 200, begins: 500, length: 600}").road
    assert abs(float(road.curvature_at(np.array(739.9)))) > 0.0
    assert float(road.curvature_at(np.array(740.1))) == 0.0


def test_a_ramp_has_the_specified_geometry() -> None:
    keys = "lanes: 2, lane_width: 3.5, opens: 500, merge_length: 200, approach: 6"
    lane = world(f"road: {{kind: on_ramp, {keys}}}\nego: {{lane: ramp}}").road.lanes[-1]
    assert (lane.opens, lane.end, lane.offset) == pytest.approx((500.0, 700.0, -5.25))
    assert lane.lateral_at(0.0) == pytest.approx(-5.25 - 6.0)
    assert lane.lateral_at(500.0) == pytest.approx(-5.25)


@pytest.mark.parametrize(("side", "index"), [("left", 0), ("right", 2)])
def test_a_dropped_lane_ends_at_its_station(side: str, index: int) -> None:
    lanes = world(f"road: {{kind: lane_drop, lanes: 3, side: {side}, drops: 700}}").road.lanes
    assert [lane.end for lane in lanes] == [700.0 if lane == index else 2600.0 for lane in range(3)]


# --- traffic -------------------------------------------------------------------------------------


@pytest.mark.parametrize("density", [4, 10])
def test_traffic_is_as_dense_as_written(density: float) -> None:
    counts = []
    for seed in range(25):
        state = world(f"traffic: {{density: {density}}}", seed).state()
        ahead = state.vehicles.station - state.route_start
        counts.append(np.sum((ahead > 100.0) & (ahead < 600.0)))
    assert np.mean(counts) / 3.0 / 0.5 == pytest.approx(density, rel=0.15)


def test_no_traffic_starts_nearer_than_specified_in_the_ego_s_lane() -> None:
    nearest = []
    for seed in range(20):
        state = world("traffic: {density: 20, clear_ahead: 80}", seed).state()
        own = state.vehicles.lane == state.road.lane_at(state.ego.station, state.ego.lateral)
        rear = state.vehicles.station - state.vehicles.length / 2.0 - state.ego.station - EGO_FRONT
        nearest.append(rear[own & (rear > -20.0)].min())
    assert 80.0 <= min(nearest) < 100.0


@pytest.mark.parametrize("fraction", [0.0, 0.75])
def test_the_rightmost_lane_has_the_specified_fraction_of_large_vehicles(fraction: float) -> None:
    values = []
    for seed in range(30):
        state = world(f"traffic: {{density: 10, large_share: {fraction}}}", seed).state()
        in_lane = state.vehicles.lane == 2
        values.append(state.vehicles.label[in_lane] == ObjectClass.LARGE_VEHICLE)
    assert np.mean(np.concatenate(values)) == pytest.approx(fraction, abs=0.12 if fraction else 0.0)


@pytest.mark.parametrize("fraction", [0.7, 1.0])
def test_the_desired_speed_of_cars_is_the_specified_fraction_of_the_limit(fraction: float) -> None:
    speeds = []
    for seed in range(15):
        rows = (
            world(f"traffic: {{density: 6, large_share: 0, speed_share: {fraction}}}", seed).state().vehicles
        )
        speeds.append(rows.speed[rows.lane == 2])
    assert np.mean(np.concatenate(speeds)) == pytest.approx(fraction * 20.0, rel=0.04)


# --- conditions ----------------------------------------------------------------------------------


def test_conditions_are_drawn_as_often_and_as_strong_as_written() -> None:
    text = (
        "conditions: {weather: {rain: 3, fog: 1}, light: {night: 1, dusk: 0},"
        " rain_rate: {min: 0.4, max: 0.6}, fog_visibility: 90, paint_wear: 0.3}"
    )
    drawn = [world(text, seed).conditions for seed in range(80)]
    rain = [conditions for conditions in drawn if conditions.weather is Weather.RAIN]
    assert {conditions.weather for conditions in drawn} == {Weather.RAIN, Weather.FOG}
    assert len(rain) / len(drawn) == pytest.approx(0.75, abs=0.15)
    assert all(0.4 <= conditions.rain_rate <= 0.6 for conditions in rain)
    assert all(
        conditions.visibility == 90.0 and conditions.rain_rate == 0.0
        for conditions in drawn
        if conditions not in rain
    )
    assert {conditions.light for conditions in drawn} == {Light.NIGHT}
    assert {conditions.paint_wear for conditions in drawn} == {0.3}


def test_the_limit_is_drawn_as_written_and_falls_in_fog() -> None:
    values = {
        round(world("speed_limit_kmh: {choices: [50, 80]}", seed).speed_limit * 3.6) for seed in range(12)
    }
    assert values == {50, 80}
    fog = "speed_limit_kmh: 130\nconditions: {weather: {fog: 1}, fog_visibility: 100}"
    assert world(fog).speed_limit <= visibility_speed_limit(100.0)
    assert "speed_limit_kmh: 72" in HEAD
