"""Keys of scripted vehicles and road works have their documented effect."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scenario_worlds import DT, EGO_FRONT, EGO_SPEED, gap, obstacles, rear, scenario, states, world

from drive_stack.world_state import ObstacleKind
from envs.bodies import BODIES
from envs.lane_change import min_change_duration
from envs.world import World

LANES = {"ego": 0.0, "left_of_ego": 3.5, "right_of_ego": -3.5, "leftmost": 3.5, "rightmost": -3.5}
BODY = {body.name: index for index, body in enumerate(BODIES)}


# --- lead ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "metres"),
    [
        ("gap: 2", 2.0),
        ("gap: 50", 50.0),
        ("headway: 2", 2.0 * EGO_SPEED),
        ("gap: 12, headway: 0", 12.0),
        ("gap: 12, headway: 1", EGO_SPEED),
        ("gap: 30, headway: 1", 30.0),
    ],
)
def test_a_lead_starts_at_the_larger_of_its_gap_and_headway(keys: str, metres: float) -> None:
    for seed in range(3):
        assert gap(world(f"actors: [{{kind: lead, {keys}}}]", seed).state()) == pytest.approx(
            metres, abs=1e-9
        )


@pytest.mark.parametrize(("lane", "lateral"), LANES.items())
def test_a_lead_and_a_stalled_car_are_in_the_lane_that_is_named(lane: str, lateral: float) -> None:
    state = world(
        f"actors: [{{kind: lead, gap: 50, lane: {lane}}}, {{kind: stopped, at: 100, lane: {lane}}}]"
    ).state()
    assert state.vehicles.lateral == pytest.approx([lateral, lateral], abs=1e-9)


def test_the_outer_lanes_of_a_road_with_a_ramp_are_main_lanes() -> None:
    text = "road: {kind: on_ramp, lanes: 2, lane_width: 3.5}\nego: {lane: rightmost}\n"
    lanes = ("leftmost", "rightmost", "right_of_ego")
    actors = ", ".join(f"{{kind: stopped, at: 300, lane: {lane}}}" for lane in lanes)
    state = world(f"{text}actors: [{actors}]\nobstacles: [{{kind: lane_closure, at: 500}}]").state()
    assert state.vehicles.lateral == pytest.approx([1.75, -1.75, -5.25], abs=1e-9)
    _, laterals = obstacles(state, ObstacleKind.BARRIER)
    assert laterals == pytest.approx(-1.75 + 1.75 - 0.6)


@pytest.mark.parametrize(
    ("key", "speed"), [("", EGO_SPEED), ("speed_kmh: 36", 10.0), ("speed_kmh: 3.6", 1.0)]
)
def test_a_lead_holds_its_speed(key: str, speed: float) -> None:
    for state in states(world(f"actors: [{{kind: lead, gap: 400, {key}}}]"), 8.0):
        assert state.vehicles.speed[0] == pytest.approx(speed, abs=0.02)


@pytest.mark.parametrize("kind", ["lead, gap: 50", "stopped, at: 100", "cut_in", "cut_out, at: 400"])
@pytest.mark.parametrize("body", ["bus", "hatchback", "tanker"])
def test_a_body_is_the_one_that_is_named(kind: str, body: str) -> None:
    state = world(f"actors: [{{kind: {kind}, body: {body}}}]").state()
    assert state.vehicles.body[-1] == BODY[body]


@pytest.mark.parametrize("deceleration", [0.5, 2.0, 6.0, 8.5, 9.81])
@pytest.mark.parametrize("to_kmh", [0.0, 20.0])
def test_a_lead_brakes_as_its_keys_say(deceleration: float, to_kmh: float) -> None:
    brakes = f"{{after: 3, deceleration: {deceleration}, to_kmh: {to_kmh}, hold: 2}}"
    observed = list(states(world(f"actors: [{{kind: lead, gap: 600, brakes: {brakes}}}]"), 50.0))
    time = np.array([state.time for state in observed])
    speed = np.array([state.vehicles.speed[0] for state in observed])
    station = np.array([state.vehicles.station[0] for state in observed])
    start_time = time[np.flatnonzero(np.diff(speed) < -1e-6)[0]]
    assert start_time == pytest.approx(3.0, abs=DT / 2)
    slow = to_kmh / 3.6
    duration = (EGO_SPEED - slow) / deceleration
    braking = (time > 3.0 + DT / 2) & (time < 3.0 + duration - DT)
    assert np.diff(speed)[:-1][braking[1:-1]] == pytest.approx(-deceleration * DT, abs=1e-6)
    # exact kinematics: v² − v'² = 2·a·s, but for the last tick
    at_target = np.isclose(speed, slow, atol=1e-6)
    path = station[np.flatnonzero(at_target)[0]] - station[time < 3.0 + DT / 2][-1]
    assert path == pytest.approx((EGO_SPEED**2 - slow**2) / (2.0 * deceleration), abs=max(slow, 0.1) * DT)
    assert speed.min() == pytest.approx(slow, abs=1e-6)
    assert at_target.sum() * DT == pytest.approx(2.0, abs=2.5 * DT)
    assert speed[time < 3.0 + duration + 8.0][-1] > slow + 3.0


def test_rain_limits_a_brake_manoeuvre_to_the_wet_grip() -> None:
    text = (
        "conditions: {weather: {rain: 1, clear: 1}}\n"
        "actors: [{kind: lead, gap: 600, brakes: {after: 1, deceleration: 9.81}}]"
    )
    hardest = {}
    for seed in range(12):
        scenario_world = world(text, seed)
        min_acceleration = min(float(state.vehicles.acceleration[0]) for state in states(scenario_world, 2.0))
        hardest.setdefault(scenario_world.conditions.raining, set()).add(round(-min_acceleration, 6))
    assert hardest == {True: {5.5}, False: {9.81}}


# --- stopped -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "lateral"),
    [
        ("", 0.0),
        ("offset: -0.9", -0.9),
        ("place: right_shoulder", -5.25 - 1.5),
        ("place: right_shoulder, offset: 0.3", -5.25 - 1.5 + 0.3),
        ("place: left_shoulder", 5.25 + 0.5),
    ],
)
def test_a_stopped_vehicle_stands_at_its_position(keys: str, lateral: float) -> None:
    scenario_world = world(f"actors: [{{kind: stopped, at: 120, {keys}}}]")
    for state in (scenario_world.state(), list(states(scenario_world, 3.0))[-1]):
        assert rear(state) == pytest.approx(120.0, abs=1e-9)
        assert state.vehicles.lateral[0] == pytest.approx(lateral, abs=1e-9)
        assert state.vehicles.speed[0] == 0.0
        assert state.vehicles.indicator[0] == 2


# --- cut-in --------------------------------------------------------------------------------------


def changes(scenario_world: World, row: int, seconds: float) -> tuple[float, float, float, int]:
    """Lane change of a vehicle: start time, gap to the ego at the start, duration, and initial lane."""
    observed = list(states(scenario_world, seconds))
    first = int(observed[0].vehicles.target_lane[row])
    lanes = [int(state.vehicles.target_lane[row]) for state in observed]
    start = next(index for index, lane in enumerate(lanes[1:]) if lane != first)
    target = scenario_world.road.lanes[lanes[-1]].offset
    end = next(
        index
        for index in range(start, len(observed))
        if abs(observed[index].vehicles.lateral[row] - target) < 1e-6
    )
    return observed[start].time, gap(observed[start], row), (end - start) * DT, first


@pytest.mark.parametrize("metres", [10.0, 14.0, 30.0])
@pytest.mark.parametrize("slower", [0.0, 20.0])
@pytest.mark.parametrize("after", [1.0, 5.0])
def test_a_cut_in_starts_at_its_gap_and_time(metres: float, slower: float, after: float) -> None:
    text = f"actors: [{{kind: cut_in, gap: {metres}, slower_kmh: {slower}, after: {after}, duration: 2}}]"
    for seed in range(3):
        scenario_world = world(text, seed)
        assert scenario_world.state().vehicles.speed[0] == pytest.approx(EGO_SPEED - slower / 3.6)
        start_time, gap_at_start, duration, _ = changes(scenario_world, 0, 12.0)
        assert start_time == pytest.approx(after, abs=1.5 * DT)
        assert gap_at_start == pytest.approx(metres, abs=0.15 + slower / 3.6 * DT)
        assert duration == pytest.approx(2.0, abs=1.5 * DT)


@pytest.mark.parametrize(("side", "lanes"), [("left", {0}), ("right", {2}), ("either", {0, 2})])
def test_a_cut_in_comes_from_its_side(side: str, lanes: set[int]) -> None:
    text = f"actors: [{{kind: cut_in, side: {side}}}]"
    assert {int(world(text, seed).state().vehicles.lane[0]) for seed in range(12)} == lanes


@pytest.mark.parametrize("duration", [1.7, 3.0, 4.5])
def test_a_lane_change_takes_its_duration(duration: float) -> None:
    _, _, measured, _ = changes(world(f"actors: [{{kind: cut_in, after: 1, duration: {duration}}}]"), 0, 10.0)
    assert measured == pytest.approx(duration, abs=1.5 * DT)
    _, _, measured, _ = changes(world(f"actors: [{{kind: cut_out, at: 300, duration: {duration}}}]"), 1, 20.0)
    assert measured == pytest.approx(duration, abs=1.5 * DT)


def test_a_slow_vehicle_needs_18_m_of_road_for_its_lane_change() -> None:
    text = "speed_limit_kmh: 30\nactors: [{kind: cut_in, slower_kmh: 12, after: 1, duration: 2}]"
    _, _, duration, _ = changes(world(text), 0, 12.0)
    assert duration == pytest.approx(18.0 / 5.0, abs=1.5 * DT)


def test_no_lane_change_exceeds_the_grip() -> None:
    for grip in (8.0, 5.5):
        # second derivative of the minimum-jerk profile 10·p³ − 15·p⁴ + 6·p⁵
        p = np.linspace(0.0, 1.0, 100_001)
        peak = np.max(60.0 * p - 180.0 * p**2 + 120.0 * p**3)
        assert peak * 3.5 / min_change_duration(3.5, grip) ** 2 == pytest.approx(grip, rel=1e-6)
    text = (
        "conditions: {weather: {rain: 1, clear: 1}}\n"
        "actors: [{kind: cut_in, after: 1, duration: 1.7, slower_kmh: 0}]"
    )
    durations: dict[bool, float] = {}
    for seed in range(8):
        scenario_world = world(text, seed)
        durations[scenario_world.conditions.raining] = changes(scenario_world, 0, 6.0)[2]
    assert durations[False] == pytest.approx(1.7, abs=1.5 * DT)
    assert durations[True] == pytest.approx(min_change_duration(3.5, 5.5), abs=1.5 * DT)


# --- cut-out -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reveal", [30.0, 65.0])
@pytest.mark.parametrize("headway", [1.0, 2.2])
def test_a_cut_out_reveals_the_stationary_car_at_the_specified_distance(
    reveal: float, headway: float
) -> None:
    scenario_world = world(f"actors: [{{kind: cut_out, at: 300, headway: {headway}, reveal: {reveal}}}]")
    first = scenario_world.state()
    assert rear(first, 0) == pytest.approx(300.0)
    assert gap(first, 1) == pytest.approx(headway * EGO_SPEED)
    observed = list(states(scenario_world, 20.0))
    start = next(state for state, after in itertools.pairwise(observed) if after.vehicles.target_lane[1] != 1)
    front = rear(start, 1) + float(start.vehicles.length[1])
    assert 300.0 - front == pytest.approx(reveal, abs=EGO_SPEED * DT)
    assert start.vehicles.speed[1] == pytest.approx(EGO_SPEED, abs=0.02)
    assert int(observed[-1].vehicles.lane[1]) == 0  # to the left, where both sides are free


# --- queue ---------------------------------------------------------------------------------------


def test_a_queue_has_the_specified_length_gaps_and_position() -> None:
    state = world("actors: [{kind: queue, at: 200, per_lane: 5, spacing: 4}]").state()
    vehicles = state.vehicles
    for lane in range(3):
        rows = np.flatnonzero(vehicles.lane == lane)
        assert len(rows) == 5
        rears = vehicles.station[rows] - vehicles.length[rows] / 2.0 - state.route_start
        assert 200.0 <= rears[0] <= 208.0
        fronts = rears + vehicles.length[rows]
        assert rears[1:] - fronts[:-1] == pytest.approx(4.0, abs=1e-9)
        assert (vehicles.speed[rows] == 0.0).all()


@pytest.mark.parametrize("wait", [2.0, 7.0])
def test_a_queue_dissolves_after_its_delay_once_the_ego_is_within_40_m(wait: float) -> None:
    text = f"actors: [{{kind: queue, at: 200, per_lane: 2, dissolves: {wait}, to_kmh: 36}}]"
    observed = list(states(world(text), 30.0))
    arrival = (200.0 - 40.0 - EGO_FRONT) / EGO_SPEED
    start_time = next(state.time for state in observed if (state.vehicles.speed > 0.0).any())
    assert start_time == pytest.approx(arrival + wait, abs=2.5 * DT)
    assert observed[-1].vehicles.speed.max() == pytest.approx(10.0, abs=0.3)


def test_a_queue_accelerates_to_the_limit_if_no_speed_is_given() -> None:
    observed = list(states(world("actors: [{kind: queue, at: 100, per_lane: 1, dissolves: 1}]"), 60.0))
    assert observed[-1].vehicles.speed.max() == pytest.approx(EGO_SPEED, abs=0.6)


# --- lane closure --------------------------------------------------------------------------------


@pytest.mark.parametrize(("lane", "side"), [("leftmost", 1.0), ("rightmost", -1.0)])
def test_road_works_have_their_taper_length_and_lane(lane: str, side: float) -> None:
    closure = f"{{kind: lane_closure, at: 150, lane: {lane}, taper: 60, length: 80, spacing: 6}}"
    scenario_world = world(f"obstacles: [{closure}]")
    stations, laterals = obstacles(scenario_world.state(), ObstacleKind.CONE)
    assert stations[0] == pytest.approx(150.0) and stations[-1] == pytest.approx(210.0)
    assert np.diff(stations) == pytest.approx(6.0)
    # from the lane's outer edge to 0.6 m before its inner one
    assert laterals[0] == pytest.approx(side * 5.25) and laterals[-1] == pytest.approx(side * (1.75 + 0.6))
    stations, laterals = obstacles(scenario_world.state(), ObstacleKind.BARRIER)
    assert 210.0 < stations[0] < 215.0 and 285.0 < stations[-1] < 290.0
    assert laterals == pytest.approx(side * (1.75 + 0.6))


def test_a_number_may_be_drawn_from_a_range_or_from_choices() -> None:
    text = "actors: [{{kind: lead, gap: {}}}]"
    ranged = [gap(world(text.format("{min: 40, max: 50}"), seed).state()) for seed in range(40)]
    assert 40.0 <= min(ranged) < 41.5 and 48.5 < max(ranged) <= 50.0
    chosen = {round(gap(world(text.format("{choices: [20, 30]}"), seed).state()), 6) for seed in range(12)}
    assert chosen == {20.0, 30.0}
    assert scenario(text.format(40)).actors[0].gap.bounds == (40.0, 40.0)  # type: ignore[union-attr]
