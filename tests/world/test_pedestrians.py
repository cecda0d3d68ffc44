"""Pedestrians: Euro NCAP's timing, pauses, yielding to other vehicles, copies."""

import numpy as np
import pytest
from scenario_worlds import states, world

from drive_stack.road_map import Lane, RoadMap, build_road
from envs.pedestrians import (
    EgoView,
    Mode,
    Motion,
    PedestrianMotion,
    Pedestrians,
    PedestrianSpec,
    VehicleBodies,
)
from envs.traffic.records import EgoOnRoad
from envs.traffic.traffic import Traffic

DT = 0.05
WIDTH = 1.85
EGO_LATERAL = -1.8
CLOTHES = np.zeros((4, 3), dtype=np.uint8)
NO_VEHICLES = VehicleBodies(*(np.zeros(0) for _ in range(5)), is_ego=np.zeros(0, dtype=np.bool_))


def road(curvature: float = 0.0) -> RoadMap:
    lanes = (Lane(1.8, 3.6, 0.0, 1000.0), Lane(-1.8, 3.6, 0.0, 1000.0))
    return build_road(((1000.0, curvature),), lanes)


def crosser(motion: Motion, lateral: float = -6.8, facing: float = np.pi / 2) -> Pedestrians:
    spec = PedestrianSpec(1, 200.0, lateral, facing, Mode.WAIT, 1.75, False, CLOTHES, motion)
    return Pedestrians(road(), (spec,))


def ego(front: float, speed: float) -> EgoView:
    return EgoView(front, front - 4.7, EGO_LATERAL, speed)


def vehicle(station: float, lateral: float, speed: float) -> VehicleBodies:
    arrays = (np.array([value]) for value in (station, lateral, speed, 4.5, 1.8))
    return VehicleBodies(*arrays, is_ego=np.array([False]))


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("side, speed", [(1.0, 5 / 3.6), (-1.0, 8 / 3.6), (1.0, 3 / 3.6)])
@pytest.mark.parametrize("ego_speed", [10.0, 16.7, 25.0])
def test_an_ego_that_keeps_its_speed_meets_them_at_the_intended_point(
    fraction: float, side: float, speed: float, ego_speed: float
) -> None:
    impact_offset = side * (fraction - 0.5) * WIDTH
    start = EGO_LATERAL - side * 5.0
    pedestrians = crosser(
        Motion(speed, goal=start + side * 12.0, impact_offset=impact_offset), start, side * np.pi / 2
    )
    front = 20.0
    while front < 200.0:
        pedestrians.step(DT, ego(front, ego_speed), NO_VEHICLES)
        front += ego_speed * DT
    assert pedestrians.lateral[0] - EGO_LATERAL == pytest.approx(impact_offset, abs=2 * speed * DT + 0.05)


def test_a_pedestrian_crosses_to_the_other_side_and_stays_there() -> None:
    pedestrians = crosser(Motion(1.4, goal=5.0))
    for tick in range(600):
        pedestrians.step(DT, ego(100.0 + tick * 0.75, 15.0), NO_VEHICLES)
    assert pedestrians.mode[0] == Mode.STAND
    assert pedestrians.lateral[0] == pytest.approx(5.0, abs=0.1)
    assert pedestrians.speed[0] == 0.0


def test_a_pedestrian_pauses_half_way_for_the_specified_duration() -> None:
    pedestrians = crosser(Motion(1.4, goal=5.0, pause_offset=0.0, pause_duration=2.0))
    pause_laterals = []
    for _ in range(800):
        pedestrians.step(DT, ego(170.0, 10.0), NO_VEHICLES)
        if pedestrians.mode[0] == Mode.PAUSE:
            pause_laterals.append(pedestrians.lateral[0])
    assert len(pause_laterals) * DT == pytest.approx(2.0, abs=0.1)
    assert np.allclose(pause_laterals, EGO_LATERAL, atol=0.5)
    assert pedestrians.lateral[0] == pytest.approx(5.0, abs=0.1)


def test_no_pedestrian_steps_out_in_front_of_a_driver_who_cannot_stop() -> None:
    near = vehicle(170.0, 1.8, 20.0)  # 28 m away at 20 m/s
    far = vehicle(60.0, 1.8, 20.0)  # 138 m away
    for others, crosses in ((near, False), (far, True)):
        pedestrians = crosser(Motion(1.4, goal=5.0))
        pedestrians.step(DT, ego(190.0, 10.0), others)
        assert bool(pedestrians.mode[0] == Mode.CROSS) is crosses


def test_no_pedestrian_walks_into_a_stationary_vehicle() -> None:
    pedestrians = crosser(Motion(1.4, goal=5.0))
    pedestrians.mode[0] = Mode.CROSS
    for _ in range(400):
        pedestrians.step(DT, ego(100.0, 5.0), vehicle(200.0, -1.8, 0.0))
    flank = -1.8 - 0.9
    assert flank - 1.2 < pedestrians.lateral[0] < flank - pedestrians.radius[0]


def test_a_walker_leaves_the_lane_after_a_while_and_curves_follow_the_road() -> None:
    motion = Motion(1.5, goal=-6.8, leaves_lane_after=15.0)
    spec = PedestrianSpec(1, 200.0, -1.8, 0.0, Mode.WALK_ALONG, 1.7, False, CLOTHES, motion)
    pedestrians = Pedestrians(road(1.0 / 250.0), (spec,))
    start, _ = pedestrians.xy()
    for _ in range(200):
        pedestrians.step(DT, ego(0.0, 10.0), NO_VEHICLES)
    assert pedestrians.lateral[0] == pytest.approx(-1.8)
    assert np.linalg.norm(pedestrians.xy()[0] - start) == pytest.approx(15.0, abs=0.05)
    for _ in range(200):
        pedestrians.step(DT, ego(0.0, 10.0), NO_VEHICLES)
    assert pedestrians.lateral[0] == pytest.approx(-6.8, abs=0.1)


def test_legs_move_with_speed_only() -> None:
    pedestrians = crosser(Motion(1.4, goal=5.0))
    before = pedestrians.gait.copy()
    pedestrians.step(DT, ego(0.0, 1.0), NO_VEHICLES)
    assert np.array_equal(pedestrians.gait, before)
    pedestrians.mode[0], cycles, last = Mode.CROSS, 0.0, float(pedestrians.gait[0])
    pedestrians.speed[0] = 1.4
    for _ in range(20):
        pedestrians.step(DT, ego(0.0, 1.0), NO_VEHICLES)
        cycles += (float(pedestrians.gait[0]) - last) % (2 * np.pi) / (2 * np.pi)
        last = float(pedestrians.gait[0])
    assert 0.8 < cycles < 1.2  # an adult makes about two steps a second


def test_a_copy_is_independent() -> None:
    pedestrians = crosser(Motion(1.4, goal=5.0))
    twin = pedestrians.copy()
    pedestrians.mode[0] = Mode.CROSS
    for _ in range(20):
        pedestrians.step(DT, ego(0.0, 1.0), NO_VEHICLES)
    assert twin.lateral[0] == -6.8
    assert twin.mode[0] == Mode.WAIT
    assert pedestrians.lateral[0] > -6.8


def test_traffic_sees_a_pedestrian_stand_once_they_have_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    crossing = world(
        "ego: {lane: middle, speed_share: 1}\ntraffic: {density: 10}\n"
        "people: [{kind: crosser, at: 100, side: right}]"
    )
    seen: list[float] = []
    step = Traffic.step

    def watched(traffic: Traffic, dt: float, ego: EgoOnRoad, motion: PedestrianMotion, *rest: object) -> None:
        seen.append(float(np.hypot(motion[2], motion[3]).max()))
        step(traffic, dt, ego, motion, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Traffic, "step", watched)
    speeds = [float(state.pedestrians.speed.max()) for state in states(crossing, 60.0, speed=10.0)]
    assert max(speeds) > 0.5 and speeds[-1] == 0.0  # they have walked across, and stand
    assert seen == speeds[:-1]
