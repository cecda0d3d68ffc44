"""The opposite carriageway: its traffic is a function of seed and time, and nothing of the road meets it."""

import numpy as np
import pytest
from scenario_worlds import refusal, scenario, states, world, write_scenario

from drive_stack.geometry import wrap_angles
from drive_stack.road.scenery import NO_SCENERY
from drive_stack.types import ContactKind, Control
from drive_stack.world_state import VehicleStates, WorldState
from envs.oracles.tracks import nearby_actors
from envs.truth import forecast
from envs.world import World

ROADS = {
    "straight": "{kind: straight, lanes: 3}",
    "left": "{kind: curve, side: left, radius: 250, lanes: 2}",
    "right": "{kind: curve, side: right, radius: 250, lanes: 4}",
    "drop": "{kind: lane_drop, side: left, lanes: 3}",
    "ramp": "{kind: on_ramp}",
    "hill": "{kind: straight, lanes: 3, grades: [{begins: 0, percent: 5}]}",
}
STATIONS = (120.0, 480.0, 700.0, 1400.0)


def keys(road: str, density: float = 12) -> str:
    return f"road: {ROADS[road]}\nego: {{lane: leftmost}}\nscenery: {{opposite_traffic: {density}}}\n"


def background(state: WorldState) -> VehicleStates:
    assert state.background_vehicles is not None
    return state.background_vehicles


def test_there_is_none_unless_a_scenario_asks_for_it() -> None:
    plain = world("traffic: {density: 8}")
    assert plain.state().background_vehicles is None
    assert plain.conditions.scenery == NO_SCENERY


@pytest.mark.parametrize("road", ROADS)
def test_it_drives_along_its_lanes_towards_the_ego(road: str) -> None:
    """In a tenth of a second each vehicle moves by its speed along its heading, opposite to the road."""
    here = world(keys(road), 1)
    assert here._episode.background is not None
    traffic = here._episode.background.opposite
    assert traffic is not None
    for station in STATIONS:
        before, after = traffic.states(7.0, station), traffic.states(7.1, station)
        both = np.intersect1d(before.id, after.id)
        assert len(both) > 4
        first, second = np.searchsorted(before.id, both), np.searchsorted(after.id, both)
        step = np.column_stack([after.x[second] - before.x[first], after.y[second] - before.y[first]])
        middle = (before.yaw[first] + after.yaw[second]) / 2.0
        moved = before.speed[first, None] * 0.1 * np.column_stack([np.cos(middle), np.sin(middle)])
        assert np.abs(step - moved).max() < 0.01
        _, road_yaw = here.road.to_world(before.station, before.lateral)
        assert np.allclose(np.abs(wrap_angles(before.yaw - road_yaw)), np.pi)
        assert (before.speed > 5.0).all()


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("seed", range(4))
def test_vehicles_keep_their_gaps_behind_the_central_reserve(road: str, seed: int) -> None:
    here = world(keys(road, 30), seed)
    assert here._episode.background is not None
    traffic, carriageway = here._episode.background.opposite, here.conditions.scenery.opposite
    assert traffic is not None and carriageway is not None
    edge = max(here.road.paved(float(s))[1] for s in np.arange(0.0, here.road.length, 5.0))
    assert carriageway.inner_edge == pytest.approx(edge + 4.0)
    for time, station in zip((0.0, 33.3, 100.0, 250.0), STATIONS, strict=True):
        seen = traffic.states(time, station)
        assert (seen.lateral - seen.width / 2.0 > carriageway.inner_edge).all()
        assert (seen.lateral + seen.width / 2.0 < carriageway.outer_edge).all()
        assert (seen.station > station - 70.0).all() and (seen.station < station + 630.0).all()
        for lateral in carriageway.lanes:
            rows = np.flatnonzero(seen.lateral == lateral)
            rows = rows[np.argsort(seen.station[rows])]
            gaps = np.hypot(np.diff(seen.x[rows]), np.diff(seen.y[rows]))
            assert (gaps > (seen.length[rows][1:] + seen.length[rows][:-1]) / 2.0 + 1.5).all()


def test_the_density_is_that_of_the_key() -> None:
    """Of 12 vehicles a kilometre and lane, 24.5 are on 680 m of three lanes."""
    counts = [len(background(world(keys("straight"), seed).state()).id) for seed in range(40)]
    assert np.mean(counts) == pytest.approx(12 * 3 * 0.68, rel=0.08)
    assert len(background(world(keys("straight", 0)).state()).id) == 0


def test_dense_traffic_is_slower() -> None:
    fast, slow = (background(world(keys("straight", density), 2).state()).speed for density in (6, 60))
    assert slow.max() < 0.6 * fast.min()


def test_seed_and_time_determine_it() -> None:
    first, again, other = (background(world(keys("left"), seed).state()) for seed in (5, 5, 6))
    assert np.array_equal(first.x, again.x) and np.array_equal(first.colour, again.colour)
    assert len(first.x) != len(other.x) or not np.array_equal(first.x, other.x)


def test_the_road_is_the_same_with_and_without_it() -> None:
    """Own traffic, sensors, contacts and forecasts do not know of it."""
    text = "traffic: {density: 20}\nego: {lane: leftmost}\n"
    twins = world(text, 3), world(text + "scenery: {opposite_traffic: 40}\n", 3)
    for plain, added in zip(*(states(twin, 6.0) for twin in twins), strict=True):
        assert plain.ego == added.ego
        assert np.array_equal(plain.vehicles.x, added.vehicles.x)
        assert (plain.blind_spot_left, plain.contacts) == (added.blind_spot_left, added.contacts)
    state = twins[1].state()
    ids = background(state).id
    assert len(ids) > 40
    assert not np.isin(ids, nearby_actors(state).id).any()
    assert forecast(twins[0], 1.0, 0.5).keys() == forecast(twins[1], 1.0, 0.5).keys()


def test_who_leaves_the_road_to_the_left_meets_the_rail_and_no_vehicle() -> None:
    here = world(keys("straight", 100))
    for _ in range(120):
        here.step(Control(0.2, 0.0))
    assert {contact.kind for contact in here.contacts} == {ContactKind.RAIL}


def test_training_seeds_have_no_held_out_bodies_or_paints() -> None:
    drawn = [world(keys("straight", 40), seed).state() for seed in (*range(6), *range(200_000, 200_006))]
    orange = [(background(state).colour == (232, 134, 28)).all(axis=1).any() for state in drawn]
    assert not any(orange[:6]) and any(orange[6:])


def test_more_than_fits_on_a_lane_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = write_scenario(tmp_path, "scenery: {opposite_traffic: 140}\n")
    assert "scenery.opposite_traffic: at most 114 vehicles" in refusal(file)


def test_it_costs_nothing_while_the_world_is_stepped() -> None:
    """It has no state of its own: a copy in a forecast has the same traffic at the same time."""
    here = World(scenario(keys("straight")), 4)
    copy = here.copy()
    for twin in (here, copy):
        for _ in range(10):
            twin.move(Control(0.0, 0.0))
    assert here._episode.background is copy._episode.background
    assert np.array_equal(background(here.state()).x, background(copy.state()).x)


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_look_different_and_drive_as_before(seed: int) -> None:
    """Where two alike would be within 40 m, one of them has another paint; nothing else changes."""
    text = "ego: {lane: middle}\ntraffic: {density: 60, large_share: 0%s}"
    plain, distinct = (world(text % more, seed) for more in ("", ", distinct_looks: true"))
    for before, after in zip(states(plain, 8.0, 5.0), states(distinct, 8.0, 5.0), strict=True):
        assert np.array_equal(before.vehicles.x, after.vehicles.x)
        assert np.array_equal(before.vehicles.body, after.vehicles.body)
    start = world(text % ", distinct_looks: true", seed).state().vehicles
    assert _alike(world(text % "", seed).state().vehicles) > 5
    assert _alike(start) == 0


def _alike(vehicles: VehicleStates) -> int:
    """The number of pairs within 40 m along the road that have the same body and paint."""
    near = np.abs(vehicles.station[:, None] - vehicles.station) < 40.0
    same = (vehicles.body[:, None] == vehicles.body) & (vehicles.colour[:, None] == vehicles.colour).all(
        axis=2
    )
    return int(np.triu(near & same, 1).sum())


def test_neighbours_in_the_opposite_traffic_and_on_service_areas_look_different() -> None:
    here = world("scenery: {opposite_traffic: 30, variety: true}", 1)
    assert here._episode.background is not None and here._episode.background.opposite is not None
    traffic = here._episode.background.opposite
    for lane in range(3):
        rows = np.flatnonzero(traffic.lane == lane)
        body, colour = traffic.vehicles.body[rows], traffic.vehicles.colour[rows]
        for apart in (1, 2):
            same = (body[apart:] == body[:-apart]) & (colour[apart:] == colour[:-apart]).all(axis=1)
            assert not same.any()
