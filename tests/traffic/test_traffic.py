"""Vehicles of traffic touch nothing on any kind of road."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.vehicle import DRY_GRIP, WET_GRIP
from drive_stack.world_state import VehicleStates
from envs.overlap import count_touching
from envs.scenarios.roads import Curve, LaneDrop, OnRamp, RoadSpec, SBend, Straight
from envs.traffic import Demand, EgoOnRoad, Mix, Traffic

DT = 0.05
LIMIT = 33.0
AWAY = EgoOnRoad(300.0, -60.0, 0.0, -1, 4.7, 1.85)
NO_DISCS = np.zeros((0, 3)), np.zeros(0)
ROADS: tuple[RoadSpec, ...] = (
    Straight(), Curve(radius=250), SBend(radius=250), OnRamp(), LaneDrop(side="right"), LaneDrop(side="left"),
)  # fmt: skip


def traffic_on(spec: RoadSpec, seed: int, density: float = 12.0) -> Traffic:
    traffic = Traffic(spec.build(np.random.default_rng(seed)), np.random.default_rng(seed + 100))
    traffic.populate(AWAY, Demand(density, Mix(LIMIT)))
    return traffic


def add_car(traffic: Traffic, number: int, lane: int, station: float, speed: float) -> int:
    return traffic.spawn(
        id=number, body=1, colour=(9, 9, 9), length=4.6, width=1.85, height=1.45, lane=lane, station=station,
        speed=speed, target_speed=max(speed, 25.0),
    )  # fmt: skip


def count_contacts(states: VehicleStates, boxes: FloatArray | None = None) -> int:
    """Count the touching pairs among the vehicles and ``boxes`` (K, 5): x, y, yaw, length, width."""
    vehicles = np.stack([states.x, states.y, states.yaw, states.length, states.width], axis=1)
    bodies = vehicles if boxes is None else np.concatenate([vehicles, boxes])
    return int(count_touching(bodies[:, :3].copy(), bodies[:, 3].copy(), bodies[:, 4].copy(), *NO_DISCS))


def on_pavement(states: VehicleStates, road: RoadMap) -> bool:
    for station, lateral, width in zip(states.station, states.lateral, states.width, strict=True):
        right, left = road.paved(float(station))
        if not right <= lateral - width / 2.0 <= lateral + width / 2.0 <= left:
            return False
    return True


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spec", ROADS, ids=lambda spec: spec.kind)
def test_vehicles_neither_touch_nor_leave_the_road(spec: RoadSpec, seed: int) -> None:
    traffic = traffic_on(spec, seed)
    counts = []
    for tick in range(2400):
        traffic.step(DT, AWAY)
        if tick % 4 == 0:
            states = traffic.states()
            assert count_contacts(states) == 0
            assert on_pavement(states, traffic.road)
            assert np.all(states.speed >= 0.0)
            assert len(np.unique(states.id)) == len(states.id)
            counts.append(len(states.id))
    assert min(counts) > 0.6 * max(counts), "traffic is not renewed"


@pytest.mark.slow
@pytest.mark.parametrize("spec", ROADS, ids=lambda spec: spec.kind)
def test_vehicles_of_dense_traffic_do_not_touch(spec: RoadSpec) -> None:
    for seed in range(10, 22):
        traffic = traffic_on(spec, seed, density=25.0)
        for tick in range(2400):
            traffic.step(DT, AWAY)
            if tick % 4 == 0:
                assert count_contacts(traffic.states()) == 0


@pytest.mark.parametrize("spec", [OnRamp(), LaneDrop()], ids=lambda spec: spec.kind)
def test_all_vehicles_leave_a_lane_that_ends(spec: RoadSpec) -> None:
    for seed in range(3):
        traffic = traffic_on(spec, seed)
        ending = len(traffic.road.lanes) - 1
        changes = 0
        previous: dict[int, int] = {}
        for _ in range(1200):
            traffic.step(DT, AWAY)
            states = traffic.states()
            for number, lane, station in zip(states.id, states.lane, states.station, strict=True):
                assert lane != ending or station < traffic.road.lanes[ending].end
                changes += previous.get(int(number)) == ending and lane != ending
                previous[int(number)] = int(lane)
        assert changes > 0


def test_a_vehicle_that_cannot_change_lane_stops_before_its_lane_ends() -> None:
    road = LaneDrop(lanes=3).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    end = road.lanes[2].end
    for number in range(60):  # a wall of parked cars in the adjacent lane
        add_car(traffic, 100 + number, 1, end - 380.0 + 8.0 * number, 0.0)
        traffic.park(traffic.row_of(100 + number))
    car = add_car(traffic, 1, 2, end - 350.0, 25.0)
    for _ in range(800):
        traffic.step(DT, AWAY)
        assert count_contacts(traffic.states()) == 0
    assert traffic.speed[car] < 0.1
    assert end - 12.0 < traffic.station[car] + 2.3 < end


@pytest.mark.parametrize("lanes", [2, 3])
def test_goes_round_a_standing_car_and_the_ego(lanes: int) -> None:
    road = Straight(lanes=lanes).build(np.random.default_rng(0))
    for lane in range(lanes):
        traffic = Traffic(road, np.random.default_rng(0))
        traffic.park(add_car(traffic, 1, lane, 800.0, 0.0))
        ego = EgoOnRoad(700.0, road.lanes[lane].offset, 0.0, lane, 4.7, 1.85)
        box = np.array([[700.0, road.lanes[lane].offset, 0.0, 4.7, 1.85]])
        for number in range(4):
            add_car(traffic, 10 + number, lane, 640.0 - 60.0 * number, 15.0)
        passed: set[int] = set()
        for _ in range(1600):
            traffic.step(DT, ego)
            assert count_contacts(traffic.states(), box) == 0
            states = traffic.states()
            passed |= set(states.id[(states.station > 820.0) & (states.id > 1)])
        assert len(passed) == 4


@pytest.mark.parametrize("speed", [1.0, 2.0, 3.0, 6.0])
@pytest.mark.parametrize("offset", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("gap", [30.0, 40.0, 60.0, 90.0])
def test_does_not_stop_in_the_middle_of_a_change_beside_a_standing_car(
    speed: float, offset: float, gap: float
) -> None:
    """A slow car that changes lane is oblique, but it is not wider in its new lane than a straight one."""
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    parked = add_car(traffic, 1, 1, 800.0, 0.0)
    traffic.park(parked)
    traffic._rows["lateral"][parked] += offset  # to the side on which the others pass
    for number in range(3):
        add_car(traffic, 10 + number, 1, 800.0 - gap - 25.0 * number, speed)
    for _ in range(1200):
        traffic.step(DT, AWAY)
        assert count_contacts(traffic.states()) == 0
    assert np.all(traffic.states().station[traffic.states().id > 1] > 820.0)


def test_goes_on_when_its_front_has_passed_a_standing_car() -> None:
    """It stands a metre behind the car, four fifths into its change, and slants out of the old lane."""
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    parked = add_car(traffic, 1, 0, 800.0, 0.0)
    traffic.park(parked)
    traffic._rows["lateral"][parked] -= 0.9
    car = add_car(traffic, 2, 1, 794.5, 0.0)
    row = traffic._rows[car]
    shift = road.lanes[0].offset - road.lanes[1].offset
    row["shift"], row["progress"], row["duration"], row["heading"] = shift, 0.72, 3.0, -0.2
    row["lateral"] = road.lanes[1].offset + 0.1 * shift
    for _ in range(200):
        traffic.step(DT, AWAY)
        assert count_contacts(traffic.states()) == 0
        if traffic.station[car] > 820.0:
            return
    pytest.fail("it stands behind the car for good")


def test_goes_round_closed_lanes() -> None:
    road = Straight(lanes=3).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    stations = np.arange(450.0, 550.0, 8.0)
    lateral = np.full(len(stations), road.lanes[2].offset)
    cones = (stations, lateral, np.full(len(stations), 0.4), np.full(len(stations), 0.4))
    boxes = np.stack([stations, lateral, 0.0 * stations, cones[2], cones[3]], axis=1)
    traffic.populate(AWAY, Demand(12.0, Mix(LIMIT)), others=np.array([*cones, 0.0 * stations, *cones[2:]]))
    assert count_contacts(traffic.states(), boxes) == 0
    for tick in range(1600):
        traffic.step(DT, AWAY, None, cones)
        if tick % 3 == 0:
            assert count_contacts(traffic.states(), boxes) == 0
    assert np.mean(traffic.states().speed) > 10.0


@pytest.mark.parametrize("offset", [0.0, 8.0, 16.0])
def test_brakes_for_a_crossing_pedestrian(offset: float) -> None:
    """The pedestrian walks at 1.5 m/s from the verge and would meet the car after a few seconds."""
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    add_car(traffic, 1, 0, 400.0, 20.0)
    add_car(traffic, 2, 1, 395.0, 20.0)
    right, left = road.paved(500.0)
    y = right
    for _ in range(500):
        y = min(y + 1.5 * DT, left + 1.0)
        walking = 1.5 if y < left + 1.0 else 0.0
        person = tuple(np.array([value]) for value in (500.0 + offset, y, 0.0, walking, 0.3, 0.3))
        traffic.step(DT, AWAY, person)
        states = traffic.states()
        poses = np.stack([states.x, states.y, states.yaw], axis=1)
        disc = np.array([[500.0 + offset, y, 0.0]])
        assert count_touching(poses, states.length, states.width, disc, np.array([0.3])) == 0
    assert np.all(traffic.states().station > 520.0), "they drive on once the road is free"


def test_drives_past_a_pedestrian_on_the_verge() -> None:
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    car = add_car(traffic, 1, 1, 400.0, 25.0)
    person = tuple(np.array([value]) for value in (500.0, road.paved(500.0)[0] - 0.5, 0.0, 0.0, 0.3, 0.3))
    slowest = 25.0
    for _ in range(200):
        traffic.step(DT, AWAY, person)
        slowest = min(slowest, float(traffic.speed[car]))
    assert slowest > 23.0


def test_changes_lane_in_front_of_the_ego() -> None:
    """highway-env's traffic never does: there the ego has no target speed."""
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    slow = add_car(traffic, 1, 1, 520.0, 10.0)
    traffic._rows["target_speed"][slow] = 10.0
    traffic.scripted[slow] = True
    car = add_car(traffic, 2, 1, 400.0, 25.0)
    station = 345.0
    for _ in range(400):
        station += 22.0 * DT
        traffic.step(DT, EgoOnRoad(station, road.lanes[0].offset, 22.0, 0, 4.7, 1.85))
        if traffic.lane[car] == 0:
            assert traffic.station[car] > station + 4.7
            return
    pytest.fail("it stayed behind the slow car")


def test_slows_for_curves_and_limits() -> None:
    road = Curve(radius=250, lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    traffic.set_limits(np.array([0.0, 1500.0]), np.array([LIMIT, 15.0]))
    car = add_car(traffic, 1, 1, 100.0, 30.0)
    traffic._rows["target_speed"][car] = 30.0
    for _ in range(1600):
        traffic.step(DT, EgoOnRoad(float(traffic.station[car]), -60.0, 0.0, -1, 4.7, 1.85))
        curvature = abs(float(road.curvature_at(np.asarray(traffic.station[car]))))
        assert traffic.speed[car] ** 2 * curvature < 3.0
        if traffic.station[car] > 1520.0:
            assert traffic.speed[car] < 17.0


@pytest.mark.parametrize("grip", [DRY_GRIP, WET_GRIP])
def test_brakes_no_harder_than_the_tyres_hold(grip: float) -> None:
    """A car detects an obstacle too late in a curve of radius 250 m."""
    road = Curve(radius=250, lanes=2, begins=420, length=250).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0), grip=grip)
    traffic.park(add_car(traffic, 1, 1, 520.0, 0.0))
    car = add_car(traffic, 2, 1, 480.0, 25.0)
    max_demanded = 0.0
    for _ in range(30):
        before = float(traffic.speed[car])
        traffic.step(DT, AWAY)
        curvature = float(road.curvature_at(np.asarray(traffic.station[car])))
        lateral = before**2 * curvature / (1.0 - curvature * road.lanes[1].offset)
        demanded = float(np.hypot((traffic.speed[car] - before) / DT, lateral))
        assert demanded <= grip + 0.05
        max_demanded = max(max_demanded, demanded)
    assert max_demanded > 0.95 * grip


def test_a_lane_change_leaves_less_grip_for_braking() -> None:
    """At a quarter of a minimum-jerk change over d in T, 5.6·d / T² of the grip is lateral."""
    road = Straight(lanes=2, lane_width=3.5).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0), grip=WET_GRIP)
    traffic.park(add_car(traffic, 1, 1, 520.0, 0.0))
    car = add_car(traffic, 2, 1, 490.0, 25.0)
    traffic.force_lane_change(car, 0, 2.0)
    for _ in range(10):
        before = float(traffic.speed[car])
        traffic.step(DT, AWAY)
    lateral = 3.5 * (60 * 0.225 - 180 * 0.225**2 + 120 * 0.225**3) / 2.0**2
    expected = -float(np.sqrt(WET_GRIP**2 - lateral**2))
    assert (traffic.speed[car] - before) / DT == pytest.approx(expected, abs=0.05)


def test_signals_before_and_while_changing() -> None:
    traffic = traffic_on(LaneDrop(), 1)
    lit: dict[int, int] = {}
    changes = 0
    previous: dict[int, int] = {}
    for _ in range(800):
        traffic.step(DT, AWAY)
        states = traffic.states()
        for number, target, light in zip(states.id, states.target_lane, states.indicator, strict=True):
            key = int(number)
            if key in previous and previous[key] != target:
                changes += 1
                assert light == np.sign(target - previous[key])
                assert lit.get(key, 0) >= 18, "about a second before"
            lit[key] = lit.get(key, 0) + 1 if light != 0 else 0
            previous[key] = int(target)
    assert changes > 3


def test_newcomers_appear_out_of_sight() -> None:
    traffic = traffic_on(Straight(), 5)
    known, station = set(traffic.states().id), 300.0
    newcomers = 0
    for _ in range(1200):
        station += 28.0 * DT
        traffic.step(DT, EgoOnRoad(station, -60.0, 28.0, -1, 4.7, 1.85))
        states = traffic.states()
        for number, own_station in zip(states.id, states.station, strict=True):
            if number not in known:
                newcomers += 1
                assert own_station - station > 350.0 or own_station - station < -100.0
        known |= set(states.id)
    assert newcomers > 0


def test_scripts_override_the_driver() -> None:
    road = Straight(lanes=2).build(np.random.default_rng(0))
    traffic = Traffic(road, np.random.default_rng(0))
    car = add_car(traffic, 7, 1, 400.0, 20.0)
    traffic.scripted[car] = True
    traffic.force_acceleration(car, -4.0)
    for _ in range(20):
        traffic.step(DT, AWAY)
    assert traffic.speed[car] == pytest.approx(16.0)
    traffic.release(car)
    traffic.force_lane_change(car, 0, 2.0)
    for _ in range(41):
        traffic.step(DT, AWAY)
    assert float(traffic.states().lateral[0]) == pytest.approx(road.lanes[0].offset)
    assert traffic.row_of(7) == car
    traffic.remove(car)
    with pytest.raises(KeyError, match="7"):
        traffic.row_of(7)
    assert len(traffic.states().id) == 0


def test_equal_seeds_give_equal_traffic_and_a_copy_is_independent() -> None:
    first, second = traffic_on(OnRamp(), 8), traffic_on(OnRamp(), 8)
    for _ in range(200):
        first.step(DT, AWAY)
        second.step(DT, AWAY)
    twin = first.copy()
    saved = first.states()
    for _ in range(400):
        twin.step(DT, AWAY)
    assert np.array_equal(first.states().x, saved.x)
    for _ in range(400):
        first.step(DT, AWAY)
        second.step(DT, AWAY)
    for name in ("id", "x", "y", "yaw", "speed", "target_lane"):
        expected = getattr(first.states(), name)
        assert np.array_equal(getattr(second.states(), name), expected)
        assert np.array_equal(getattr(twin.states(), name), expected)
