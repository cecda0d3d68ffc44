"""The world of every scenario: steady start, no accidents among traffic, reproducible episodes."""

import dataclasses

import numpy as np
import pytest
import yaml
from lane_driver import drive

from drive_stack.types import ContactKind, Control, NavigationCommand
from drive_stack.world_state import WorldState
from envs.bodies import BODIES, HELD_OUT_PAINTS
from envs.lane_hold import hold_lane
from envs.scenarios.scenario import CATALOGUE, Scenario, load_scenario, scenario_names
from envs.speed_limits import build_speed_limits, posted_limit
from envs.truth import forecast
from envs.world import World

SEEDS = (0, 7, 100_003)


def fingerprint(state: WorldState) -> list[bytes]:
    """Every number of a state."""
    arrays = [
        np.asarray(getattr(part, field.name))
        for part in (state.ego, state.vehicles, state.pedestrians, state.obstacles)
        for field in dataclasses.fields(part)
    ]
    return [array.tobytes() for array in arrays] + [repr(state.contacts).encode(), repr(state.time).encode()]


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_starts_in_a_steady_state_and_traffic_has_no_contacts(name: str) -> None:
    scenario = load_scenario(name)
    for seed in SEEDS:
        world = World(scenario, seed)
        state = world.state()
        assert state.route_start < state.route_end < world.road.length - 300.0
        assert 0.5 * state.speed_limit < state.ego.speed <= state.speed_limit + 1e-9
        lane = world.road.lanes[world.road.lane_at(state.ego.station, state.ego.lateral)]
        assert abs(state.ego.lateral - lane.lateral_at(state.ego.station)) < 1e-6
        ids = np.concatenate([state.vehicles.id, state.pedestrians.id, state.obstacles.id])
        assert len(set(ids)) == len(ids)
        assert 0 not in ids
        drive(world, 10.0)
        assert world.outcome in (None, "completed")
        assert world.traffic_contacts == 0


@pytest.mark.parametrize(
    "name", ["dense_traffic", "cut_out", "jam_tail", "pedestrian_crossing", "construction"]
)
def test_the_same_seed_and_controls_repeat_bit_for_bit(name: str) -> None:
    scenario = load_scenario(name)
    first, second = (drive(World(scenario, 5), 6.0) for _ in range(2))
    assert fingerprint(first.state()) == fingerprint(second.state())
    other = drive(World(scenario, 6), 6.0)
    assert fingerprint(first.state()) != fingerprint(other.state())


@pytest.mark.parametrize("name", ["dense_traffic", "cut_in", "braking_lead", "pedestrian_crossing"])
def test_a_copy_evolves_equally_and_leaves_the_original_unchanged(name: str) -> None:
    world = drive(World(load_scenario(name), 11), 3.0)
    before = fingerprint(world.state())
    twin = drive(world.copy(), 8.0)
    assert fingerprint(world.state()) == before
    assert fingerprint(drive(world, 8.0).state()) == fingerprint(twin.state())


def test_a_forecast_leaves_the_world_unchanged_and_is_exact() -> None:
    world = World(load_scenario("dense_traffic"), 3)
    before = fingerprint(world.state())
    predicted = forecast(world, 2.0, 0.2)
    assert fingerprint(world.state()) == before
    lane, speed = world.road.lane_at(world.ego.station, world.ego.lateral), world.ego.speed
    for step in range(10):
        for _ in range(4):
            world.move(hold_lane(world.ego, world.road, lane, speed, world.car))
        for actor, pose in zip(*world.actor_poses(), strict=True):
            if actor in predicted:
                assert np.array_equal(predicted[actor][step], pose)
    assert len(predicted) > 10


def test_a_state_stays_as_it_was_when_the_world_moves_on() -> None:
    world = World(load_scenario("pedestrian_crossing"), 2)
    state = world.state()
    before = fingerprint(state)
    drive(world, 3.0)
    assert fingerprint(state) == before


@pytest.mark.parametrize("control", [Control(np.nan, 1.0), Control(0.0, np.inf), Control(9.0, -99.0)])
def test_invalid_controls_are_counted_and_replaced(control: Control) -> None:
    world = World(load_scenario("cruise"), 1)
    for _ in range(40):
        world.step(control)
    assert world.clamped_actions == 40
    assert np.isfinite([world.ego.x, world.ego.y, world.ego.yaw, world.ego.speed, world.ego.steering]).all()


def test_held_out_appearance_is_on_no_training_seed() -> None:
    scenario = load_scenario("dense_traffic")
    held_out = [index for index, body in enumerate(BODIES) if body.held_out]

    def counts(seed: int) -> int:
        vehicles = World(scenario, seed).state().vehicles
        paints = [tuple(colour) in HELD_OUT_PAINTS for colour in vehicles.colour.tolist()]
        return int(np.isin(vehicles.body, held_out).sum()) + sum(paints)

    assert sum(counts(seed) for seed in range(5)) == 0
    assert sum(counts(100_000 + seed) for seed in range(5)) > 0


def test_hitting_the_stalled_car_is_a_collision_from_the_front() -> None:
    world = World(load_scenario("stationary_lead"), 4)
    drive(world, 60.0, braking=False)
    assert world.outcome == "collision"
    hit = world.state().contacts[0]
    assert hit.kind is ContactKind.VEHICLE
    assert hit.side.value == "front"
    assert hit.impact_speed > 5.0


def test_leaving_the_road_ends_at_the_rail() -> None:
    world = World(load_scenario("cruise"), 4)
    while world.outcome is None:
        world.step(Control(-0.05, 0.0))
    assert world.outcome == "collision"
    assert world.state().contacts[0].kind is ContactKind.RAIL


@pytest.mark.parametrize(("wait_until_open", "outcome"), [(False, "off_road"), (True, None)])
def test_the_gore_next_to_a_ramp_is_off_the_road_and_has_no_rail(
    wait_until_open: bool, outcome: str | None
) -> None:
    """From the ramp into the main lanes: across the gore, or where the ramp has opened."""
    world = World(load_scenario("merge", ("traffic.density=0", "route_length=800")), 1)
    road = world.road
    ramp = len(road.lanes) - 1
    if wait_until_open:
        while world.ego.station < road.lanes[ramp].opens:
            world.step(hold_lane(world.ego, road, ramp, 15.0, world.car))
    start = world.ego.station
    while world.outcome is None and world.ego.station < start + 100.0:
        world.step(hold_lane(world.ego, road, ramp - 1, 15.0, world.car))
    assert world.outcome == outcome
    assert world.state().contacts == ()
    right, left = road.paved(world.ego.station)
    assert right < world.ego.lateral < left  # paved, as in the image


def test_standing_still_ends_as_stuck() -> None:
    world = World(load_scenario("cruise", ("traffic.density=0",)), 4)
    while world.outcome is None:
        world.step(Control(0.0, -5.0))
    assert world.outcome == "stuck"
    assert 30.0 < world.time < 45.0


def test_the_navigation_commands_a_lane_change_on_the_ramp() -> None:
    world = World(load_scenario("merge"), 1)
    assert world.state().command is NavigationCommand.CHANGE_LEFT
    assert World(load_scenario("cruise"), 1).state().command is NavigationCommand.FOLLOW


def test_the_highest_density_and_longest_queue_fit_on_the_road() -> None:
    data = yaml.safe_load((CATALOGUE / "jam_tail.yaml").read_text(encoding="utf-8"))
    del data["extends"]
    data["road"]["lanes"], data["traffic"]["density"], data["actors"][0]["per_lane"] = 4, 60, 40
    world = World(Scenario.model_validate(data), 1)
    assert len(world.state().vehicles.id) > 180
    drive(world, 3.0)
    assert world.traffic_contacts == 0


def test_limits_fall_in_zones_and_before_curves() -> None:
    road = World(load_scenario("curves", ("road.radius=250",)), 1).road
    start = float(road.piece_station[1])
    limits = build_speed_limits(road, 120 / 3.6, ((100.0, 200.0, 60 / 3.6),), grip=8.0)
    kmh = [round(limits.at(station) * 3.6) for station in (50.0, 150.0, 250.0, start - 50.0, start + 50.0)]
    assert kmh == [120, 60, 120, 90, 90]
    assert posted_limit(25.29) * 3.6 == pytest.approx(90.0)


def test_in_fog_the_limit_lets_a_driver_stop_within_the_visible_distance() -> None:
    scenario = load_scenario("cruise", ("conditions.weather={fog: 1}", "conditions.fog_visibility=120"))
    assert World(scenario, 0).state().speed_limit * 3.6 <= 71.0
