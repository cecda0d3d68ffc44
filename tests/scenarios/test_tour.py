"""Long roads, vehicles that appear on the way, and the scenario `tour`, which uses both."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import load_suite
from envs.lane_hold import hold_lane
from envs.scenarios.entries import EGO_FRONT
from envs.scenarios.roads import Bend, Winding
from envs.scenarios.scenario import load_scenario, long_scenario_names, scenario_names
from envs.spawning.late_vehicles import LateVehicle
from envs.world import World

EMPTY = "traffic.density=0; ego.lane=middle; road.lanes=3; speed_limit_kmh=100; conditions.weather={clear: 1}"
LATE_ID = 2801  # of the first vehicle that appears on the way


def late_world(actor: str, *entries: str) -> World:
    """An empty straight road with a vehicle that appears after 200 m."""
    actors = ", ".join((f"{{{actor}, appears_at: 200}}", *entries))
    return World(
        load_scenario(f"cruise[{EMPTY}; road.kind=straight; road.grades=[]; actors=[{actors}]]"), 100_000
    )


def drive_until(world: World, appeared: bool = True, seconds: float = 40.0) -> World:
    """Drive straight on at constant speed until the late vehicle has appeared, or for a time."""
    lane = world.road.lane_at(world.ego.station, world.ego.lateral)
    while world.time < seconds and not (appeared and LATE_ID in world.state().vehicles.id):
        world.step(hold_lane(world.ego, world.road, lane, world.ego.speed, world.car))
    return world


def row_of(world: World) -> int:
    return int(np.flatnonzero(world.state().vehicles.id == LATE_ID)[0])


def gap_of(world: World) -> float:
    vehicles, row = world.state().vehicles, row_of(world)
    rear = vehicles.station[row] - vehicles.length[row] / 2.0
    return float(rear - world.ego.station - EGO_FRONT)


# --- roads -----------------------------------------------------------------------------------------


def test_a_winding_road_has_its_bends_where_the_file_puts_them() -> None:
    bends = (
        Bend(begins=1000, radius=500, length=250, side="left"),
        Bend(begins=2000, radius=1000, length=400, side="right"),
    )
    road = Winding(bends=bends, total_length=5000).build(np.random.default_rng(0))
    assert road.piece_station.tolist() == [0.0, 1000.0, 1250.0, 2000.0, 2400.0, 5000.0]
    assert road.piece_curvature.tolist() == [0.0, 1 / 500, 0.0, -1 / 1000, 0.0]
    assert float(road.piece_yaw[-1]) == pytest.approx(250 / 500 - 400 / 1000)
    assert {lane.end for lane in road.lanes} == {5000.0}


def test_a_lane_of_a_winding_road_may_end() -> None:
    road = Winding(drops=4000, drops_side="left", total_length=5000).build(np.random.default_rng(0))
    assert [lane.end for lane in road.lanes] == [4000.0, 5000.0, 5000.0]


@pytest.mark.parametrize("kind", ["straight", "curve", "s_bend", "on_ramp", "lane_drop"])
def test_every_kind_of_road_may_be_longer(kind: str) -> None:
    settings = (f"road.kind={kind}", "road.total_length=6000", "route_length=5000", "traffic.density=0")
    world = World(load_scenario("cruise", settings), 3)
    assert world.road.length == pytest.approx(6000.0)
    assert max(lane.end for lane in world.road.lanes) == 6000.0
    assert world.route_length == 5000.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("road={kind: straight, total_length: 2000}", "road.*total_length: .*2600"),
        ("road={kind: straight}; route_length=5000", "route_length: at most 2000 m"),
        (
            "road={kind: winding, bends: [{begins: 500, radius: 500, length: 200},"
            " {begins: 600, radius: 500, length: 200}]}",
            "road.bends.1.begins: at least 700, where the bend before it may end",
        ),
        ("road={kind: winding, drops: 2550}", "road.drops: must lie within 50 … 2500"),
        (
            "actors=[{kind: lead, gap: 100, appears_at: 500}]",
            "actors.0.gap: the vehicle appears in view, 100 m ahead of the ego; at least 300 m",
        ),
        (
            "actors=[{kind: cut_in, slower_kmh: 36, after: 20, gap: 20, appears_at: 500}]",
            "actors.0.after: the vehicle appears in view, 220 m ahead",
        ),
        (
            "actors=[{kind: lead, gap: 400, appears_at: 1900}]",
            "actors.0.gap: must lie within 1 … 39",
        ),
        ("actors=[{kind: queue, at: 400, appears_at: 100}]", "appears_at"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(settings: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario(f"cruise[{settings}]")
    assert "\n" not in str(caught.value)


# --- vehicles that appear on the way ---------------------------------------------------------------


def test_a_lead_appears_at_its_gap_once_the_ego_has_driven_far_enough() -> None:
    world = late_world("kind: lead, gap: 320, speed_kmh: 50")
    assert LATE_ID not in world.state().vehicles.id
    drive_until(world)
    assert world.progress == pytest.approx(200.0, abs=world.ego.speed * 0.1)
    assert gap_of(world) == pytest.approx(320.0, abs=world.ego.speed * 0.1)
    vehicles, row = world.state().vehicles, row_of(world)
    assert vehicles.lane[row] == 1
    assert vehicles.speed[row] == pytest.approx(50.0 / 3.6, abs=0.1)


def test_its_braking_counts_from_when_it_appears() -> None:
    world = drive_until(
        late_world("kind: lead, gap: 320, speed_kmh: 60, brakes: {after: 2, deceleration: 3, to_kmh: 0}")
    )
    appeared = world.time
    for instant, acceleration in ((1.9, 0.0), (2.2, -3.0)):
        drive_until(world, appeared=False, seconds=appeared + instant)
        assert world.state().vehicles.acceleration[row_of(world)] == pytest.approx(acceleration, abs=0.01)


def test_a_cut_in_on_the_way_changes_lanes_at_its_gap() -> None:
    world = drive_until(
        late_world("kind: cut_in, side: left, slower_kmh: 36, after: 30, gap: 20, duration: 3")
    )
    appeared, row = world.time, row_of(world)
    assert world.state().vehicles.lane[row] == 0
    drive_until(world, appeared=False, seconds=appeared + 29.0)
    assert world.state().vehicles.target_lane[row_of(world)] == 0
    drive_until(world, appeared=False, seconds=appeared + 30.3)
    assert world.state().vehicles.target_lane[row_of(world)] == 1
    assert gap_of(world) == pytest.approx(20.0, abs=4.0)


def test_a_vehicle_waits_until_its_place_is_free() -> None:
    """A parked car stands where the lead would appear; half a second later the ego is 14 m farther."""
    world = drive_until(
        late_world("kind: lead, gap: 320, speed_kmh: 50", "{kind: stopped, at: 522, lane: ego}")
    )
    assert world.progress > 200.0 + 0.4 * world.ego.speed
    assert world.traffic_contacts == 0


def test_a_copy_of_a_world_brings_the_same_vehicle() -> None:
    world = late_world("kind: lead, gap: 320, speed_kmh: {min: 40, max: 60}")
    twin = world.copy()
    drive_until(world)
    assert LATE_ID not in twin.state().vehicles.id
    drive_until(twin)
    assert np.array_equal(world.state().vehicles.x, twin.state().vehicles.x)
    assert world.state().vehicles.speed[row_of(world)] == twin.state().vehicles.speed[row_of(twin)]


# --- the tour --------------------------------------------------------------------------------------


def test_the_tour_is_five_kilometres_and_no_part_of_the_catalogue() -> None:
    assert "tour" in long_scenario_names()
    assert "tour" not in scenario_names()
    assert load_suite("tour").scenarios(scenario_names(), str) == ("tour",)
    world = World(load_scenario("tour"), 100_000)
    assert world.route_length == 5000.0
    assert np.count_nonzero(world.road.piece_curvature) == 2
    assert not world.road.profile.is_level


def test_its_hazards_are_strung_along_the_route() -> None:
    """Three vehicles that appear, two that stand, a pedestrian and road works."""
    world = World(load_scenario("tour[traffic.density=0]"), 100_000)
    state, front = world.state(), world.ego.station + EGO_FRONT
    late = [script.station - front for script in world._episode.scripts if isinstance(script, LateVehicle)]
    assert late == pytest.approx([50.0, 1900.0, 4150.0])
    parked = np.sort(state.vehicles.station[state.vehicles.parked]) - world.ego.station
    assert (parked > [1000.0, 3350.0]).all()
    assert len(state.pedestrians.id) == 1
    closure = state.obstacles.x.min() - world.ego.x
    assert 1200.0 < closure < 1500.0
