"""Traffic has the requested density, drives at the speed that this density allows, and stays dense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from drive_stack.errors import ConfigError
from drive_stack.road_map import RoadMap
from envs.overlap import count_touching
from envs.scenarios.roads import Curve, LaneDrop, OnRamp, RoadSpec, SBend, Straight
from envs.scenarios.scenario import load_scenario
from envs.traffic import Demand, EgoOnRoad, Mix, Traffic
from envs.traffic.density_control import Window
from envs.traffic.flow import STANDSTILL_GAP, equilibrium_speed, max_density, mean_length
from envs.traffic.lane_segments import stopping_distance
from envs.world import World

DT, START = 0.05, 300.0
ROADS: tuple[RoadSpec, ...] = (Straight(), Curve(), SBend(), OnRamp(), LaneDrop())
DENSITIES = {5.0: 6, 12.0: 4, 24.0: 2, 40.0: 2, 60.0: 2}  # density: number of seeds to average over
COMFORTABLE = 2.5  # [m/s²]
TOLERANCE = 0.05


@dataclass(frozen=True)
class Delivered:
    """Measurements of one drive."""

    at_start: float  # [vehicles/km/lane]
    on_average: float
    max_braking: float  # within the first second [m/s²]
    touching: int  # pairs of vehicles, summed over all checked ticks


def off_the_road(station: float, speed: float) -> EgoOnRoad:
    """An ego that traffic does not meet: 60 m to the right of the road."""
    return EgoOnRoad(station, -60.0, speed, -1, 4.7, 1.85)


def traffic_of(road: RoadMap, seed: int, kmh: float, density: float, large: float | None = None) -> Traffic:
    traffic = Traffic(road, np.random.default_rng(seed), capacity=640)
    traffic.set_limits(np.zeros(1), np.full(1, kmh / 3.6))
    traffic.populate(off_the_road(START, 0.0), Demand(density, Mix(kmh / 3.6, large_fraction=large)))
    return traffic


def density_at(traffic: Traffic, station: float) -> float:
    """Return vehicles per kilometre of existing lane between 250 m behind and 600 m ahead."""
    low, high = station - Window().behind, station + Window().ahead
    inside = (traffic.lane >= 0) & (traffic.station >= low) & (traffic.station <= high)
    metres = sum(max(min(lane.end, high) - max(lane.start, low), 0.0) for lane in traffic.road.lanes)
    return float(np.count_nonzero(inside)) / metres * 1000.0


def deliver(
    spec: RoadSpec, seed: int, kmh: float, density: float, seconds: float, large: float | None = None
) -> Delivered:
    """Let an ego pass next to the road at the initial mean speed of traffic."""
    traffic = traffic_of(spec.build(np.random.default_rng(seed)), seed + 100, kmh, density, large)
    speed, station = float(np.mean(traffic.states().speed)), START
    first, densities, max_braking, touching = density_at(traffic, START), [], 0.0, 0
    for tick in range(round(seconds / DT)):
        station += speed * DT
        traffic.step(DT, off_the_road(station, speed))
        if tick < 20:
            max_braking = max(max_braking, -float(traffic.states().acceleration.min()))
        if tick % 10 == 0:
            densities.append(density_at(traffic, station))
            _, poses, (_, lengths, widths, _) = traffic.footprints()
            touching += int(count_touching(poses, lengths, widths, np.zeros((0, 3)), np.zeros(0)))
    return Delivered(first, float(np.mean(densities)), max_braking, touching)


def check(
    spec: RoadSpec, kmh: float, density: float, seeds: int, seconds: float, large: float | None = None
) -> None:
    drives = [deliver(spec, seed, kmh, density, seconds, large) for seed in range(seeds)]
    assert np.mean([drive.at_start for drive in drives]) == pytest.approx(density, rel=TOLERANCE)
    assert np.mean([drive.on_average for drive in drives]) == pytest.approx(density, rel=TOLERANCE)
    assert max(drive.max_braking for drive in drives) <= COMFORTABLE
    assert sum(drive.touching for drive in drives) == 0


@pytest.mark.parametrize("spec", ROADS, ids=lambda spec: spec.kind)
@pytest.mark.parametrize("density", DENSITIES)
def test_the_requested_density_is_delivered_and_stays(spec: RoadSpec, density: float) -> None:
    check(spec, 120.0, density, DENSITIES[density], 20.0)


@pytest.mark.slow
@pytest.mark.parametrize("kmh", [50.0, 80.0, 100.0, 130.0])
@pytest.mark.parametrize("spec", ROADS, ids=lambda spec: spec.kind)
def test_the_requested_density_is_delivered_at_every_limit(spec: RoadSpec, kmh: float) -> None:
    for density, seeds in DENSITIES.items():
        check(spec, kmh, density, seeds, 30.0)


@pytest.mark.parametrize("large", [None, 0.0, 0.75])
def test_the_densest_traffic_that_is_allowed_is_delivered(large: float | None) -> None:
    check(Straight(lanes=3), 80.0, np.floor(max_density(large)), 2, 5.0, large)


@pytest.mark.parametrize(
    "keys, allowed",
    [
        # 1000 m / (mean length + 3 m): bodies of 5.70 m on average, all large ones of 9.90 m
        (("traffic.density=115",), "at most 114"),
        (("traffic.density=78", "traffic.large_share=1"), "at most 77"),
        (("traffic.density={min: 5, max: 90}", "traffic.large_share={min: 0, max: 1}"), "at most 77"),
    ],
)
def test_a_density_that_cannot_be_delivered_is_refused_when_it_is_read(
    keys: tuple[str, ...], allowed: str
) -> None:
    with pytest.raises(ConfigError, match=allowed):
        load_scenario("cruise", keys)


def test_the_mean_length_is_that_of_the_vehicles_that_are_drawn() -> None:
    road, rng = Straight(lanes=2).build(np.random.default_rng(0)), np.random.default_rng(1)
    for large in (None, 0.75):
        mix = Mix(30.0, held_out=True, large_fraction=large)
        lengths = [mix.draw(rng, 1, road).length for _ in range(3000)]
        assert np.mean(lengths) == pytest.approx(mean_length(large), rel=0.03)


@pytest.mark.parametrize("speed, gap", [(15.0, 26.0 / np.sqrt(15.0 / 16.0)), (0.0, 2.0)])
def test_equilibrium_speed_by_hand(speed: float, gap: float) -> None:
    """(s0 + v·T) / sqrt(1 − (v / v0)^4) with s0 = 2 m, T = 1.6 s, v0 = 30 m/s; (15 / 30)^4 = 1 / 16."""
    assert equilibrium_speed(gap, 30.0, 1.6) == pytest.approx(speed, abs=1e-6)


@pytest.mark.parametrize("density", [12.0, 40.0, 100.0])
def test_gaps_are_random_and_never_below_standstill(density: float) -> None:
    states = traffic_of(Straight(lanes=3).build(np.random.default_rng(3)), 3, 100.0, density).states()
    for lane in range(3):
        own = np.flatnonzero(states.lane == lane)
        own = own[np.argsort(states.station[own])]
        half = states.length[own] / 2.0
        gaps = np.diff(states.station[own]) - half[1:] - half[:-1]
        assert gaps.min() >= STANDSTILL_GAP / 2.0
        assert np.std(gaps) > 0.1 * np.mean(gaps)


def test_lanes_are_equally_dense_and_adjacent_lanes_are_occupied_in_dense_traffic() -> None:
    world = World(load_scenario("cruise", ("traffic.density=60", "road.lanes=3")), 4)
    vehicles = world.state().vehicles
    counts = [int(np.count_nonzero(vehicles.lane == lane)) for lane in range(3)]
    assert max(counts) - min(counts) <= 0.15 * np.mean(counts)
    distance = vehicles.station - world.ego.station
    ego_lane = world.road.lane_at(world.ego.station, world.ego.lateral)
    assert np.any((vehicles.lane != ego_lane) & (np.abs(distance) < 20.0))
    assert not np.any((vehicles.lane == ego_lane) & (distance > -25.0) & (distance < 40.0))


@pytest.mark.parametrize("density", [12, 24, 40, 60, 100])
def test_the_ego_starts_no_faster_than_it_can_brake_for_dense_traffic(density: int) -> None:
    scenario = load_scenario("cruise", (f"traffic.density={density}",))
    for seed in range(6):
        world = World(scenario, seed)
        ego, vehicles = world.ego, world.state().vehicles
        front = ego.station + world.car.length - world.car.rear_overhang
        lane = world.road.lane_at(ego.station, ego.lateral)
        rear = vehicles.station - vehicles.length / 2.0
        lead = min(np.flatnonzero((vehicles.lane == lane) & (rear > front)), key=lambda row: rear[row])
        closing = max(ego.speed - float(vehicles.speed[lead]), 0.0)
        assert closing**2 / (2.0 * (rear[lead] - front - STANDSTILL_GAP)) < 3.0
        if density <= 12:
            assert ego.speed >= 0.85 * world.speed_limit - 1e-9


def test_newcomers_appear_out_of_sight_and_can_stop_before_a_closed_lane() -> None:
    road = Straight(lanes=2).build(np.random.default_rng(0))
    stations = np.arange(900.0, 1000.0, 8.0)
    size, yaw = np.full(len(stations), 0.4), np.zeros(len(stations))
    cones = np.array([stations, np.full(len(stations), road.lanes[1].offset), size, size, yaw, size, size])
    newcomers = 0
    for seed in range(4):
        traffic = Traffic(road, np.random.default_rng(seed))
        traffic.set_limits(np.zeros(1), np.full(1, 28.0))
        station, speed = START, 12.0 if seed % 2 else 30.0  # slower than traffic, and faster
        traffic.populate(off_the_road(station, speed), Demand(10.0, Mix(28.0)), others=cones)
        known: set[int] = set()
        for tick in range(900):
            states = traffic.states()
            for row in np.flatnonzero(~np.isin(states.id, list(known))):
                distance = states.station[row] - station
                newcomers += tick > 0
                assert tick == 0 or 420.0 <= distance <= 601.0 or -251.0 <= distance <= -120.0
                ahead = 900.0 - states.station[row] - states.length[row] / 2.0
                if states.lane[row] == 1 and states.station[row] < 1000.0:
                    assert ahead > stopping_distance(float(states.speed[row]))
            known |= set(states.id.tolist())
            station += speed * DT
            traffic.step(DT, off_the_road(station, speed), None, cones[:4])
    assert newcomers > 20
