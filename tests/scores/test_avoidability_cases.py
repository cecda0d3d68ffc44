"""Avoidability: actors from behind, speeding, grip, and the motion of the other after its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.evaluation.avoidability import (
    BRAKING,
    JERK,
    PERCEPTION_TIME,
    REACTION_TIME,
    Reason,
    evaluate_avoidability,
)
from drive_stack.evaluation.avoidability.encounter import Trajectory
from drive_stack.evaluation.avoidability.extrapolation import ExtrapolatedTrajectory
from drive_stack.evaluation.avoidability.reference_driver import braking_distance
from drive_stack.evaluation.episode_log import EpisodeLog
from drive_stack.evaluation.metrics.ttc import times_to_collision
from drive_stack.evaluation.result import EpisodeId, Status, summarise
from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene, road_scene
from drive_stack.types import Contact, ContactKind, Side
from drive_stack.vehicle import DRY_GRIP, WET_GRIP
from drive_stack.world_state import Conditions, Weather

DT, LENGTH, WIDTH, LANE, PERSON = 0.1, 4.7, 1.85, 3.5, 0.5
ACTOR = 5
Motion = Callable[[float], tuple[float, float, float, float]]  # time to station, lateral and their rates


def box(motion: Motion, time: float, length: float, width: float) -> MovingBoxes:
    station, lateral, speed, lateral_speed = motion(time)
    return MovingBoxes(
        np.array([[station, lateral]]), np.zeros(1), np.array([[speed, lateral_speed]]),
        np.array([length]), np.array([width]),
    )  # fmt: skip


def record(ego: Motion, other: Motion, *, person: bool = False, limit: float = np.inf, grip: float = DRY_GRIP,
           begins: float = 0.0) -> list[RoadScene]:  # fmt: skip
    """Ten scenes per second from ``begins`` up to the first contact."""
    scenes: list[RoadScene] = []
    size = (PERSON, PERSON) if person else (LENGTH, WIDTH)
    for step in range(round(begins / DT), 300):
        own, others = box(ego, step * DT, LENGTH, WIDTH), box(other, step * DT, *size)
        lanes = np.array([-LANE, 0.0, LANE])
        scenes.append(RoadScene(step * DT, own, others, np.array([ACTOR]), lanes, limit, grip))
        if times_to_collision(own, others)[0] == 0.0:
            return scenes[-120:]
    raise AssertionError("nothing was hit")


def steady(speed: float, station: float = 0.0, lateral: float = 0.0) -> Motion:
    return lambda time: (station + speed * time, lateral, speed, 0.0)


def slowing(speed: float, braking: float, begins: float, station: float = 0.0) -> Motion:
    def motion(time: float) -> tuple[float, float, float, float]:
        braked = min(max(time - begins, 0.0), speed / braking)
        distance = speed * (min(time, begins) + braked) - braking * braked**2 / 2.0
        return station + distance, 0.0, speed - braking * braked, 0.0

    return motion


def crossing(station: float, lateral: float, speed: float, begins: float) -> Motion:
    """Walks to the left from ``lateral``."""
    return lambda time: (
        station, lateral + speed * max(time - begins, 0.0), 0.0, speed if time >= begins else 0.0
    )  # fmt: skip


# --- from behind ---------------------------------------------------------------------------------


def test_a_stationary_ego_hit_from_behind_could_not_avoid_it() -> None:
    avoidability = evaluate_avoidability(record(steady(0.0), steady(15.0, -60.0)), ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (False, Reason.STANDING)


@pytest.mark.parametrize(
    "ego", [steady(10.0), slowing(20.0, 3.0, 1.0), slowing(20.0, 9.0, 1.0)], ids=["slow", "slows", "stops"]
)
def test_an_ego_hit_from_behind_in_its_lane_could_not_avoid_it(ego: Motion) -> None:
    """However the ego drove: the other has to keep the distance."""
    avoidability = evaluate_avoidability(record(ego, steady(20.0, -20.0)), ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (False, Reason.FROM_BEHIND)


@pytest.mark.parametrize("limit", [10.0, np.inf])
def test_a_lane_change_in_front_of_a_faster_car_could_be_avoided(limit: float) -> None:
    def moves_over(time: float) -> tuple[float, float, float, float]:
        done = min(max(time - 2.0, 0.0) / 2.0, 1.0)
        return 20.0 * time, LANE * done, 20.0, LANE / 2.0 if 0.0 < done < 1.0 else 0.0

    avoidability = evaluate_avoidability(record(moves_over, steady(30.0, -50.0, LANE), limit=limit), ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (True, Reason.LANE)


# --- speed and grip ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit_kmh", "avoids", "reason"),
    [(50.0, True, Reason.SPEEDING), (130.0, False, Reason.TOO_LATE), (200.0, False, Reason.TOO_LATE)],
)
def test_speeding_makes_a_collision_avoidable(limit_kmh: float, avoids: bool, reason: Reason) -> None:
    """A runner 108 m ahead of an ego at 130 km/h, which stops within 137 m; at 50 km/h within 35 m."""
    runner = crossing(108.0 + LENGTH / 2.0, -6.6, 2.2, begins=2.0)
    scenes = record(steady(130.0 / 3.6, -260.0 / 3.6), runner, person=True, limit=limit_kmh / 3.6)
    avoidability = evaluate_avoidability(scenes, ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (avoids, reason)


def stopping_distance(speed: float, braking: float) -> float:
    """By hand: 1.15 s of delay, the ramp, and the rest at constant deceleration."""
    ramp = braking / JERK
    slower = speed - JERK * ramp**2 / 2.0
    waited = speed * (PERCEPTION_TIME + REACTION_TIME)
    return waited + speed * ramp - JERK * ramp**3 / 6.0 + slower**2 / (2.0 * braking)


@pytest.mark.parametrize(("grip", "braking"), [(DRY_GRIP, BRAKING), (WET_GRIP, 5.5)])
def test_the_road_s_grip_bounds_the_braking(grip: float, braking: float) -> None:
    """A person steps out at a distance just above and just below the stopping distance.

    That is right after the record of 1.9 s, at which the ego's centre is 38 m on.
    """
    for spare in (-1.0, 1.0):
        front = stopping_distance(20.0, braking) + spare
        steps_out = crossing(38.0 + LENGTH / 2.0 + front + PERSON / 2.0, -1.3, 0.2, begins=1.9001)
        scenes = record(steady(20.0), steps_out, person=True, grip=grip)
        assert evaluate_avoidability(scenes, ACTOR).avoidable is (spare > 0.0)


def test_a_curve_leaves_less_grip_for_braking() -> None:
    times = np.arange(0.0, 8.0, 0.01)
    curve = 1.0 / 100.0
    travelled = braking_distance(times, 20.0, 0.0, grip=WET_GRIP, curvature=curve)
    speed = np.gradient(travelled, times)
    braking = -np.gradient(speed, times)
    moving = (times > 2.0) & (speed > 0.5)
    assert np.hypot(braking, curve * speed**2)[moving].max() <= WET_GRIP + 0.05
    straight = braking_distance(times, 20.0, 0.0, grip=WET_GRIP)
    assert straight[-1] == pytest.approx(stopping_distance(20.0, WET_GRIP), abs=0.05)
    assert travelled[-1] > straight[-1] + 2.0


# --- after the record ----------------------------------------------------------------------------


def extrapolated(
    speeds: tuple[float, float], *, lateral: float = 0.0, lateral_speed: float = 0.0, person: bool = False
) -> ExtrapolatedTrajectory:
    """Two records 0.1 s apart, the last at time 0 and station 0."""
    centre = np.array([[-(speeds[0] + speeds[1]) / 2.0 * DT, lateral - lateral_speed * DT], [0.0, lateral]])
    velocity = np.array([[speeds[0], lateral_speed], [speeds[1], lateral_speed]])
    size = (PERSON, PERSON) if person else (LENGTH, WIDTH)
    other = Trajectory(centre, velocity, np.zeros(2), *size)
    return ExtrapolatedTrajectory(np.array([-DT, 0.0]), other, np.array([0.0, LANE]))


def test_a_braking_car_continues_to_brake_until_it_stands() -> None:
    # 10 m/s, 5 m/s²: 7.5 m after 1 s, 10 m from 2 s on
    stations = extrapolated((10.5, 10.0)).at(np.array([1.0, 2.0, 5.0])).centre[:, 0]
    assert stations == pytest.approx([7.5, 10.0, 10.0])


def test_an_accelerating_car_keeps_its_speed_and_a_stationary_car_stays() -> None:
    assert extrapolated((9.5, 10.0)).at(np.array([3.0])).centre[0, 0] == pytest.approx(30.0)
    assert extrapolated((0.3, 0.0)).at(np.array([3.0])).centre[0, 0] == 0.0


def test_a_pedestrian_keeps_walking() -> None:
    walker = extrapolated((1.0, 0.8), lateral=1.0, lateral_speed=1.5, person=True).at(np.array([4.0]))
    assert walker.centre[0] == pytest.approx([3.2, 7.0])


@pytest.mark.parametrize(
    ("lateral", "lateral_speed", "end"),
    [(1.5, -1.0, 0.0), (1.5, 1.0, LANE), (LANE + 0.5, 1.0, LANE + 0.5), (0.2, 0.01, 0.2), (0.2, 0.0, 0.2)],
    ids=["to the right", "to the left", "off the lanes", "keeps its lane", "straight"],
)
def test_a_lane_changer_ends_in_the_next_lane(lateral: float, lateral_speed: float, end: float) -> None:
    after = extrapolated((20.0, 20.0), lateral=lateral, lateral_speed=lateral_speed).at(np.array([0.1, 6.0]))
    assert after.centre[1] == pytest.approx([120.0, end])
    assert abs(after.centre[0, 1] - lateral) <= abs(lateral_speed) * 0.1 + 1e-9
    assert after.heading[1] == 0.0


def test_a_braking_lane_changer_stops_in_both_directions() -> None:
    # it drives 0.25 m more, and laterally a fifth of that
    after = extrapolated((10.0, 5.0), lateral=3.0, lateral_speed=-1.0).at(np.array([10.0, 20.0]))
    assert after.centre[:, 0] == pytest.approx(0.25)
    assert after.centre[:, 1] == pytest.approx(2.95)


def test_a_pedestrian_who_walks_into_a_stationary_car_does_not_count() -> None:
    """At 5 m/s the driver stands after 2.1 s and 8.8 m, across the line that the walker reaches at 2.4 s."""
    line = stopping_distance(5.0, BRAKING) + 1.8
    walker = crossing(line, -(WIDTH + PERSON) / 2.0 - 2.4 * 1.4, 1.4, begins=0.0)
    scenes = record(steady(5.0), walker, person=True)
    assert 2.3 < scenes[-1].time < 2.6
    avoidability = evaluate_avoidability(scenes, ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (True, Reason.BRAKING)


# --- short records, several contacts ------------------------------------------------------------


@pytest.mark.parametrize(("begins", "avoids"), [(0.0, True), (4.0, True), (9.0, False)])
def test_an_actor_without_a_record_is_no_risk(begins: float, avoids: bool) -> None:
    """A stationary car 200 m ahead at 20 m/s, on record only from ``begins`` on."""
    whole = record(steady(20.0), steady(0.0, 200.0))
    empty = MovingBoxes(np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    late = [
        scene if scene.time >= begins else replace(scene, others=empty, ids=np.zeros(0, dtype=np.int64))
        for scene in whole
    ]
    assert evaluate_avoidability(late, ACTOR).avoidable is avoids
    short = [scene for scene in whole if scene.time >= begins]
    assert evaluate_avoidability(short, ACTOR).avoidable is avoids


@pytest.mark.parametrize("spare", [-0.5, 0.5])
def test_an_occluded_actor_is_a_risk_from_when_it_is_visible(spare: float) -> None:
    """A lead swerves at 2 s and reveals a stationary car about one stopping distance ahead."""
    distance = 40.0 + LENGTH + stopping_distance(20.0, BRAKING) + spare
    scenes = []
    for scene in record(steady(20.0), steady(0.0, distance)):
        lead = np.array([scene.ego.centre[0, 0] + 10.0, 0.0 if scene.time < 1.99 else LANE])
        car = scene.others
        both = MovingBoxes(
            np.stack([car.centre[0], lead]), np.zeros(2), np.array([[0.0, 0.0], [20.0, 0.0]]),
            np.full(2, LENGTH), np.full(2, WIDTH),
        )  # fmt: skip
        scenes.append(replace(scene, others=both, ids=np.array([ACTOR, 6])))
    assert evaluate_avoidability(scenes, ACTOR).avoidable is (spare > 0.0)


def test_a_single_record_leaves_no_time() -> None:
    avoidability = evaluate_avoidability(record(steady(20.0), steady(0.0, 200.0))[-1:], ACTOR)
    assert (avoidability.avoidable, avoidability.reason) == (False, Reason.TOO_LATE)


def test_of_several_contacts_those_at_fault_are_evaluated() -> None:
    """Hit from behind while it drives into a stationary car: the second contact is at fault."""
    world = TinyWorld(straight_road(), speed=20.0)
    lateral = world.ego().lateral
    world.bodies = [Body(200.0, lateral), Body(-45.0, lateral, speed=26.5)]
    log = EpisodeLog(dt=DT)
    while world.gap(world.bodies[0]) > 0.0:
        log.add(world.world_state())
        world.speed, world.x = 20.0, world.x + 20.0 * DT
        for body in world.bodies:
            body.station += body.speed * DT
        world.time += DT
    behind = Contact(world.time, 2, ContactKind.VEHICLE, Side.REAR, 6.5, 20.0, 26.5)
    ahead = Contact(world.time, 1, ContactKind.VEHICLE, Side.FRONT, 20.0, 20.0, 0.0)
    log.add(replace(world.world_state(), contacts=(behind, ahead)))
    result = summarise(
        EpisodeId("a", False, "cruise", 0), log, Status.COLLISION, clamped_actions=0, stages_ms={}
    )
    assert (result.avoidable, result.avoidable_reason, result.charged) == (True, Reason.BRAKING.value, True)


def test_a_scene_holds_the_road_and_its_grip() -> None:
    world = TinyWorld(straight_road(lanes=2, curvature=0.002), limit=25.0)
    wet = replace(world.world_state(), conditions=Conditions(weather=Weather.RAIN))
    scene = road_scene(wet)
    assert sorted(scene.lanes.tolist()) == pytest.approx([-1.8, 1.8])
    assert (scene.speed_limit, scene.grip, scene.curvature) == (25.0, WET_GRIP, 0.002)
    assert road_scene(world.world_state()).grip == DRY_GRIP
