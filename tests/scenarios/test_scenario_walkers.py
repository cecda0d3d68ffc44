"""Keys of pedestrians have their documented effect."""

from __future__ import annotations

import numpy as np
import pytest
from scenario_worlds import DT, EGO_SPEED, pedestrian_positions, states, world

from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WorldState
from envs.bodies import BODIES
from envs.world import World

WIDTH = VehicleParameters().width
EDGE = 5.25  # of the outer lanes [m]
RIGHT, LEFT = -EDGE - 3.0, EDGE + 1.0  # of the pavement [m]
RAIL = 0.5  # beyond the pavement [m]


def world_with_pedestrians(keys: str, lane: str = "middle", seed: int = 0) -> World:
    return world(f"ego: {{lane: {lane}, speed_share: 1}}\npeople: [{{{keys}}}]", seed)


def state_at_impact(keys: str, seed: int = 0) -> tuple[WorldState, float]:
    """The state when the ego's front reaches the first pedestrian, and the position on its bonnet, 0 … 1."""
    for state in states(world_with_pedestrians(keys, "rightmost", seed), 30.0):
        station, lateral = pedestrian_positions(state)
        if state.route_start + station[0] - state.ego.station - 3.75 <= 0.0:
            return state, float(lateral[0] - state.ego.lateral) / WIDTH + 0.5
    raise AssertionError("the ego did not reach the pedestrian")


# --- bystanders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "lateral"),
    [
        ("side: right, place: verge, clear: 1.2", RIGHT - RAIL - 1.2),
        ("side: left, place: verge, clear: 1.2", LEFT + RAIL + 1.2),
        ("side: right, place: shoulder, clear: 0.8", -EDGE - 0.8),
        ("side: left, place: shoulder, clear: 0.8", EDGE + 0.8),
    ],
)
def test_bystanders_stand_at_their_positions_and_stay_there(keys: str, lateral: float) -> None:
    scenario_world = world_with_pedestrians(f"kind: bystanders, at: 100, count: 5, spread: 8, {keys}")
    first, *_, last = states(scenario_world, 3.0)
    for state in (first, last):
        stations, laterals = pedestrian_positions(state)
        assert len(stations) == 5
        assert laterals == pytest.approx(lateral, abs=1e-6)
        assert (np.abs(stations - 100.0) <= 4.0 + 1e-6).all()
    assert (pedestrian_positions(first)[0] == pedestrian_positions(last)[0]).all()
    keys = "kind: bystanders, at: 100, count: 5, spread: 8"
    many = [pedestrian_positions(world_with_pedestrians(keys, seed=seed).state())[0] for seed in range(20)]
    assert np.ptp(np.concatenate(many)) > 7.0


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_the_specified_fraction_of_bystanders_are_children(fraction: float) -> None:
    children = [
        world_with_pedestrians(f"kind: bystanders, at: 100, count: 40, children: {fraction}", seed=seed)
        .state()
        .pedestrians.child
        for seed in range(10)
    ]
    assert np.mean(children) == pytest.approx(fraction, abs=0.07 if 0.0 < fraction < 1.0 else 0.0)


def test_bystanders_do_not_stand_inside_a_parked_car() -> None:
    text = (
        "actors: [{kind: stopped, at: 100, place: right_shoulder}]\n"
        "people: [{kind: bystanders, at: 102, place: shoulder, clear: 1.5, count: 6, spread: 10}]"
    )
    for seed in range(10):
        state = world(text, seed).state()
        stations, laterals = pedestrian_positions(state)
        car = state.vehicles
        centre = float(car.station[0]) - state.route_start
        longitudinal_gap = np.abs(stations - centre) - car.length[0] / 2.0 - state.pedestrians.radius
        lateral_gap = np.abs(laterals - car.lateral[0]) - car.width[0] / 2.0 - state.pedestrians.radius
        assert (np.maximum(longitudinal_gap, lateral_gap) > 0.0).all()
        assert laterals == pytest.approx(-EDGE - 1.5)


# --- walker --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lane", "lateral"),
    [("ego", 0.0), ("left_of_ego", 3.5), ("right_of_ego", -3.5), ("leftmost", 3.5), ("rightmost", -3.5)],
)
@pytest.mark.parametrize("bonnet", [0.0, 0.25, 1.0])
def test_a_walker_is_in_the_named_lane_and_at_its_position(lane: str, lateral: float, bonnet: float) -> None:
    stations, laterals = pedestrian_positions(
        world_with_pedestrians(f"kind: walker, at: 90, lane: {lane}, bonnet: {bonnet}").state()
    )
    assert stations[0] == pytest.approx(90.0)
    assert laterals[0] == pytest.approx(lateral + (bonnet - 0.5) * WIDTH)


@pytest.mark.parametrize(("towards", "sign"), [("false", 1.0), ("true", -1.0)])
@pytest.mark.parametrize("kmh", [0.0, 5.0, 8.0])
def test_a_walker_has_the_specified_speed_and_direction(towards: str, sign: float, kmh: float) -> None:
    *_, last = states(
        world_with_pedestrians(f"kind: walker, at: 200, speed_kmh: {kmh}, towards: {towards}"), 5.0
    )
    assert pedestrian_positions(last)[0][0] == pytest.approx(200.0 + sign * kmh / 3.6 * 5.0, abs=1e-6)


@pytest.mark.parametrize("metres", [3.0, 10.0])
def test_a_walker_leaves_the_lane_after_the_specified_distance(metres: float) -> None:
    observed = list(
        states(world_with_pedestrians(f"kind: walker, at: 400, speed_kmh: 5, after_limit: {metres}"), 20.0)
    )
    positions = np.array([[part[0] for part in pedestrian_positions(state)] for state in observed])
    assert positions[-1, 0] == pytest.approx(400.0 + metres, abs=5.0 / 3.6 * 2 * DT)
    assert positions[-1, 1] < RIGHT  # the near side
    still_in_lane = positions[positions[:, 0] < 400.0 + metres - 0.1]
    assert still_in_lane[:, 1] == pytest.approx(0.0, abs=1e-6)


# --- crosser -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "towards"), [("right", 1.0), ("left", -1.0)])
@pytest.mark.parametrize("bonnet", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("kmh", [4.0, 8.0])
def test_a_crosser_meets_the_ego_at_the_intended_point(
    side: str, towards: float, bonnet: float, kmh: float
) -> None:
    state, position = state_at_impact(
        f"kind: crosser, at: 350, side: {side}, bonnet: {bonnet}, speed_kmh: {kmh}"
    )
    distance_from_side = position if towards > 0.0 else 1.0 - position
    assert distance_from_side == pytest.approx(bonnet, abs=(kmh / 3.6 * DT * 1.5 + 0.02) / WIDTH)
    assert state.pedestrians.speed[0] == pytest.approx(kmh / 3.6)
    assert pedestrian_positions(state)[0][0] == pytest.approx(350.0)


def test_crossers_have_the_specified_number_and_size() -> None:
    first = world_with_pedestrians("kind: crosser, at: 200, count: 4, child: true").state()
    stations, laterals = pedestrian_positions(first)
    assert len(stations) == 4 and first.pedestrians.child.all()
    assert (first.pedestrians.height <= 1.4).all()
    assert stations[0] == pytest.approx(200.0)
    assert (
        (np.arange(4) * 0.64 - 1e-6 <= stations - 200.0) & (stations - 200.0 <= np.arange(4) * 1.04 + 1e-6)
    ).all()
    assert laterals[0] == pytest.approx(RIGHT - 0.2)
    assert not world_with_pedestrians("kind: crosser, at: 200").state().pedestrians.child.any()


@pytest.mark.parametrize("kmh", [3.0, 5.0, 9.0])
@pytest.mark.parametrize("position", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize(("side", "towards"), [("right", 1.0), ("left", -1.0)])
def test_a_crosser_who_pauses_stands_at_the_specified_point_of_the_bonnet(
    kmh: float, position: float, side: str, towards: float
) -> None:
    keys = f"kind: crosser, at: 300, side: {side}, speed_kmh: {kmh}, half_way: {{at: {position}, hold: 3}}"
    scenario_world = world_with_pedestrians(keys, "rightmost")
    observed = list(states(scenario_world, 30.0))
    lateral = np.array([pedestrian_positions(state)[1][0] for state in observed])
    speed = np.array([state.pedestrians.speed[0] for state in observed])
    start = int(np.flatnonzero(speed > 0.0)[0])
    on_lanes = np.abs(lateral) < EDGE
    standing = np.flatnonzero((speed < 0.01) & (np.arange(len(observed)) > start) & on_lanes)
    bonnet = (lateral[standing] + 3.5) * towards / WIDTH + 0.5
    assert bonnet == pytest.approx(position, abs=0.006)
    assert len(standing) * DT == pytest.approx(3.0, abs=4 * DT)
    assert lateral[-1] * towards > 5.0 or speed[-1] > 0.0  # continues afterwards


def test_no_pedestrian_walks_back_to_their_pause_point() -> None:
    keys = "kind: crosser, at: 300, speed_kmh: 5, half_way: {at: 0.5, hold: 2}"
    lateral = [
        pedestrian_positions(state)[1][0] for state in states(world_with_pedestrians(keys, "rightmost"), 30.0)
    ]
    assert (np.diff(lateral) >= 0.0).all()


@pytest.mark.parametrize("probability", [0.0, 0.4, 1.0])
def test_the_specified_fraction_of_crossers_pause_half_way(probability: float) -> None:
    stops = []
    for seed in range(60):
        scenario_world = world_with_pedestrians(
            f"kind: crosser, at: 200, half_way: {{chance: {probability}}}", seed=seed
        )
        stops.append(not np.isnan(scenario_world._episode.pedestrians.specs[0].motion.pause_offset))
    assert np.mean(stops) == pytest.approx(probability, abs=0.15 if 0.0 < probability < 1.0 else 0.0)


@pytest.mark.parametrize("clear", [0.5, 1.0, 1.4])
def test_a_vehicle_that_hides_a_child_has_the_specified_clearance_to_the_ego(clear: float) -> None:
    keys = f"kind: crosser, at: 200, child: true, hidden_by: {{body: van, clear: {clear}, second: sedan}}"
    state = world_with_pedestrians(keys, "rightmost").state()
    car = state.vehicles
    names = [BODIES[int(body)].name for body in car.body]
    assert names == ["van", "sedan"]
    flank = state.ego.lateral - WIDTH / 2.0
    assert flank - (car.lateral + car.width / 2.0) == pytest.approx([clear, clear])
    stations, laterals = pedestrian_positions(state)
    front = car.station + car.length / 2.0 - state.route_start
    assert stations[0] - front[0] == pytest.approx(0.8)
    assert front[0] - car.length[0] - front[1] == pytest.approx(1.0)
    assert laterals[0] == pytest.approx(flank - clear - 1.0)  # hidden behind its flank


def test_the_crossing_is_timed_by_the_ego_s_speed() -> None:
    for kmh in (36, 72):
        text = f"speed_limit_kmh: {kmh}\nego: {{lane: rightmost, speed_share: 1}}\n"
        text += "people: [{kind: crosser, at: 350}]"
        observed = list(states(world(text), 36.0))
        departure = next(state for state in observed if state.pedestrians.speed[0] > 0.0)
        walking_time = (3.0 + 0.15 + 1.75) / (
            5.0 / 3.6
        ) + 5.0 / 3.6 / 5.0  # to mid-lane, with the time to gather speed
        remaining = departure.route_start + 350.0 - departure.ego.station - 3.75
        assert remaining / (kmh / 3.6) == pytest.approx(walking_time, abs=2.5 * DT)
    assert EGO_SPEED == 20.0
