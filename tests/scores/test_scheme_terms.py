"""The quantities that the schemes need, from small logs, computed by hand.

The ego is 4.7 m × 1.85 m, its rear axle 1.4 m behind its centre; lanes are 3.6 m wide about 3.6, 0 and −3.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from synthetic_logs import START, Script, log_of
from tiny_world import Body

from drive_stack.evaluation.schemes.carla import carla_2_0, carla_2_1
from drive_stack.evaluation.schemes.drive import Drive
from drive_stack.evaluation.schemes.nuplan import epdms, nuplan, pdms
from drive_stack.evaluation.schemes.scoring import ExpertDrive, drive_of
from drive_stack.types import Contact, ContactKind, Side

LENGTH = 4.7


def steady(speed: float) -> Callable[[float], float]:
    return lambda time: speed * time


def at_lateral(lateral: float) -> Callable[[float], float]:
    return lambda time: lateral


def quantities(script: Script, expert: ExpertDrive | None = None) -> Drive:
    return drive_of(log_of(script), expert=expert)


# --- time to collision ---------------------------------------------------------------------------


def behind_a_lead(gap: float, closing: float = 10.0) -> Script:
    """The last of three instants is ``gap`` behind a lead's rear bumper; the ego drives at 20 m/s."""

    def others(time: float) -> list[Body]:
        ahead = 1.4 + LENGTH / 2.0 + gap + closing * (0.2 - time) + 2.25
        return [Body(START + 20.0 * time + ahead, 0.0, 20.0 - closing)]

    return Script(0.2, steady(20.0), 400.0, others=others)


@pytest.mark.parametrize(
    ("gap", "reported", "nuplan_s"),
    [
        (8.7, 0.87, 0.9),
        (20.0, 2.0, 2.0),
        (28.9, 2.89, 2.9),
        (29.1, 2.91, math.inf),  # nuPlan uses steps below 3 s
        (99.9, 9.99, math.inf),
        (100.1, None, math.inf),  # the reported time ends at 10 s
    ],
)
def test_the_minimum_time_to_collision_is_the_last_one(
    gap: float, reported: float | None, nuplan_s: float
) -> None:
    log = log_of(behind_a_lead(gap))
    assert log.min_ttc == (None if reported is None else pytest.approx(reported))
    assert drive_of(log, expert=None).min_ttc == pytest.approx(nuplan_s)


@pytest.mark.parametrize(("centre", "counts"), [(-2.3, True), (-2.4, False)])
def test_an_actor_counts_from_the_ego_s_rear_bumper_on(centre: float, counts: bool) -> None:
    """The ego's rear bumper is 2.35 m behind its centre. The other approaches laterally at 1 m/s from 1 m."""

    def others(time: float) -> list[Body]:
        return [Body(START + 1.4 + centre + 20.0 * time, 1.85 / 2.0 + 0.9 + 1.0 - time, 20.0, -1.0)]

    log = log_of(Script(0.2, steady(20.0), 400.0, others=others))
    assert (log.min_ttc is not None) is counts
    if counts:
        assert log.min_ttc == pytest.approx(0.8, abs=0.15)  # turned by 2.9°, its corner is 0.11 m nearer


def test_an_at_fault_collision_has_a_time_to_collision_of_zero() -> None:
    hit = Contact(1.0, 500, ContactKind.OBJECT, Side.FRONT, 20.0, 20.0, 0.0)
    assert quantities(Script(2.0, steady(20.0), 400.0, contacts=(hit,))).min_ttc == 0.0
    assert quantities(Script(2.0, steady(20.0), 400.0)).min_ttc == math.inf


# --- the road ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lateral", [3.6, 0.0, -3.6])
def test_every_lane_has_a_limit_and_a_direction(lateral: float) -> None:
    """0.446 m/s too fast, 100 steps, 101 samples: 1 − 1.01 · 0.2; backwards at 5 m/s: 11 · 0.5 m in 1 s."""
    too_fast = Script(10.0, steady(20.0), 400.0, lateral=at_lateral(lateral), limit=20.0 - 0.446)
    assert quantities(too_fast).speed_compliance == pytest.approx(1.0 - 1.01 * 0.2, abs=1e-6)
    against = quantities(Script(4.0, steady(-5.0), 400.0, lateral=at_lateral(lateral)))
    assert against.wrong_way == pytest.approx(5.5, abs=1e-6)
    assert against.wrong_way_navsim == pytest.approx(5.5, abs=1e-6)


@pytest.mark.parametrize(
    ("metres", "factor"), [(1.9, 1.0), (2.0, 0.5), (5.9, 0.5), (6.0, 0.0)], ids=lambda value: str(value)
)
def test_driving_the_wrong_way_costs_half_from_two_metres_and_all_from_six(
    metres: float, factor: float
) -> None:
    forwards = quantities(Script(20.0, steady(20.0), 400.0))
    against = Drive(**{**_fields(forwards), "wrong_way": metres, "wrong_way_navsim": metres})
    assert nuplan(against).total == pytest.approx(100.0 * factor)
    assert epdms(against).total == pytest.approx(100.0 * factor)


def _fields(drive: Drive) -> dict[str, object]:
    return {name: getattr(drive, name) for name in Drive.__dataclass_fields__}


def test_on_the_shoulder_there_is_no_limit() -> None:
    script = Script(10.0, steady(20.0), 400.0, lateral=at_lateral(-3.6 - 2.0), limit=10.0)
    assert quantities(script).speed_compliance == 1.0


@pytest.mark.parametrize(("lateral", "fraction"), [(-3.6 - 2.29, 0.0), (-3.6 - 2.31, 1.0)])
def test_carla_s_lanes_end_half_a_metre_beyond_the_line(lateral: float, fraction: float) -> None:
    assert quantities(Script(2.0, steady(20.0), 400.0, lateral=at_lateral(lateral))).off_lane == fraction


def test_the_off_lane_fraction_is_of_the_distance_and_not_of_the_time() -> None:
    """Four seconds at 5 m/s on the road, then four seconds at 15 m/s on the shoulder: 60 m of 80 m."""
    script = Script(
        8.0,
        lambda time: 5.0 * time + 10.0 * max(time - 4.0, 0.0),
        400.0,
        lateral=lambda time: -3.6 if time < 4.05 else -3.6 - 2.5,
    )
    log = log_of(script)
    oblique = math.hypot(1.5, 2.5)  # the step of 1.5 m that also moves 2.5 m laterally
    assert log.off_lane_fraction == pytest.approx((58.5 + oblique) / (78.5 + oblique), abs=1e-6)


def test_the_farthest_corner_at_any_time_counts() -> None:
    """Half a second of ten at 0.5 m beyond the left edge line: 0.425 m off a shoulder of 1 m."""
    script = Script(10.0, steady(20.0), 400.0, lateral=lambda time: 5.4 + 0.5 if 5.04 < time < 5.56 else 3.6)
    assert quantities(script).off_drivable == pytest.approx(0.425, abs=1e-6)


# --- comfort -------------------------------------------------------------------------------------


def test_a_single_harsh_second_makes_a_whole_drive_uncomfortable() -> None:
    """5 m/s² for 1.5 s of 10 s; 1.5 m/s² are comfortable."""

    def distance(acceleration: float) -> Callable[[float], float]:
        def driven(time: float) -> float:
            duration = min(max(time - 4.0, 0.0), 1.5)
            return 20.0 * time + acceleration * duration * (time - 4.0 - duration / 2.0)

        return driven

    assert not quantities(Script(10.0, distance(5.0), 400.0)).comfortable
    assert quantities(Script(10.0, distance(1.5), 400.0)).comfortable


def test_accelerations_are_those_of_the_body_s_centre() -> None:
    """The centre is 1.4 m ahead of the rear axle: a turn adds −1.4 · ω² longitudinally, and 1.4 · dω/dt
    laterally."""
    log = log_of(Script(1.0, steady(10.0), 400.0))
    log.yaw_rate = [0.5] * len(log.time)
    log.acceleration = [1.0] * len(log.time)
    assert log.longitudinal_acceleration == pytest.approx(1.0 - 1.4 * 0.25)
    assert log.lateral_acceleration == pytest.approx(10.0 * 0.5, abs=1e-6)
    log.yaw_rate = [0.2 * time for time in log.time]
    expected = [10.0 * 0.2 * time + 1.4 * 0.2 for time in log.time]
    assert log.lateral_acceleration == pytest.approx(expected, abs=1e-6)


# --- progress ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speed", "route", "expert", "progress"),
    [
        pytest.param(20.0, 400.0, None, 0.5, id="no expert: the fraction of the route"),
        pytest.param(20.0, 400.0, ExpertDrive(800.0, 40.0), 0.25, id="200 m where the expert drove 800 m"),
        pytest.param(20.0, 400.0, ExpertDrive(100.0, 4.0), 0.8, id="80 m in the 4 s of its 100 m"),
        pytest.param(20.0, 200.0, ExpertDrive(210.0, 11.0), 1.0, id="arrived sooner by a shorter path"),
        pytest.param(20.0, 200.0, ExpertDrive(200.0, 5.0), 0.5, id="arrived, in twice the time"),
        pytest.param(20.0, 199.0, ExpertDrive(150.0, 10.0), 1.0, id="farther than the expert"),
    ],
)
def test_the_progress_of_ten_seconds(
    speed: float, route: float, expert: ExpertDrive | None, progress: float
) -> None:
    script = Script(10.0, steady(speed), route)
    assert quantities(script, expert).progress == pytest.approx(progress, abs=1e-3)


def test_the_log_has_the_distance_at_a_time() -> None:
    """From 10 m/s at 2 m/s²: 10 t + t², exact by trapezoids; after the end it stays constant."""
    log = log_of(Script(5.0, lambda time: 10.0 * time + time**2, 400.0))
    assert log.distance == pytest.approx(75.0, abs=1e-3)
    assert log.duration == pytest.approx(5.0)
    assert [log.distance_at(time) for time in (0.0, 2.0, 9.0)] == pytest.approx([0.0, 24.0, 75.0], abs=1e-3)
    assert log.step_distances.tolist()[:2] == pytest.approx([0.0, 1.01])
    later = replace(log, time=[time + 3.0 for time in log.time])  # the clock need not start at 0
    assert [later.distance_at(time) for time in (0.0, 2.0, 9.0)] == pytest.approx([0.0, 24.0, 75.0], abs=1e-3)


def test_the_farthest_point_of_the_route_counts_and_not_the_last() -> None:
    """100 m on and 50 m back of a route of 400 m."""
    log = log_of(Script(15.0, lambda time: 10.0 * time if time <= 10.0 else 200.0 - 10.0 * time, 400.0))
    assert log.route_completion == pytest.approx(0.25, abs=1e-6)


# --- totals and terms --------------------------------------------------------------------------


def test_each_term_is_named_and_rounded() -> None:
    """Half a route at half the traffic's speed, 1/3 of it off the lanes, with faults in most other terms."""
    person = Contact(1.0, 1, ContactKind.PEDESTRIAN, Side.FRONT, 5.0, 10.0, 1.0)
    cone = Contact(2.0, 2, ContactKind.OBJECT, Side.FRONT, 5.0, 10.0, 0.0)
    drive = Drive(
        route_completion=0.5,
        progress=0.4,
        collisions=(person, cone),
        at_fault=(cone,),
        at_fault_navsim=(cone,),
        off_lane=1.0 / 3.0,
        traffic_pace=(0.5,),
        min_ttc=1.0,
        ttc_within_bound=True,
        comfortable=True,
        off_drivable=0.0,
        wrong_way=3.0,
        wrong_way_navsim=3.0,
        speed_compliance=0.75,
        lane_kept=True,
    )
    # 100 · 0.5 · (0.5 · 0.65) · (1 − 0.3 · 0.5) · 2/3 and 100 · 0.5 · 2/3 / (1 + 1.6 + 0.4 · 0.5)
    assert carla_2_0(drive).total == 9.208
    assert dict(carla_2_0(drive).terms) == {
        "route_completion": 0.5, "collisions": 0.325, "minimum_speed": 0.85, "in_lane": 0.6667
    }  # fmt: skip
    assert carla_2_1(drive).total == 11.905
    assert dict(carla_2_1(drive).terms) == {
        "route_completion": 0.5, "collisions_cost": 1.6, "minimum_speed_cost": 0.2, "in_lane": 0.6667
    }  # fmt: skip
    # 100 · 0.5 · 0.5 · (5 · 0.4 + 5 + 4 · 0.75 + 2) / 16
    assert nuplan(drive).total == 18.75
    assert dict(nuplan(drive).terms) == {
        "no_collision": 0.5, "drivable_area": 1.0, "driving_direction": 0.5, "making_progress": 1.0,
        "progress": 0.4, "ttc": 1.0, "speed": 0.75, "comfort": 1.0,
    }  # fmt: skip
    # 100 · 0.5 · (5 + 5 · 0.4 · 0.5 + 2) / 12 and 100 · 0.25 · (5 · 0.4 + 5 + 2 + 2) / 14
    assert pdms(drive).total == 33.333
    assert dict(pdms(drive).terms) == {
        "no_collision": 0.5, "drivable_area": 1.0, "progress": 0.2, "ttc": 1.0, "comfort": 1.0
    }  # fmt: skip
    assert epdms(drive).total == 19.643
    assert dict(epdms(drive).terms) == {
        "no_collision": 0.5, "drivable_area": 1.0, "driving_direction": 0.5, "progress": 0.4, "ttc": 1.0,
        "lane_keeping": 1.0, "history_comfort": 1.0,
    }  # fmt: skip


def test_nuplan_s_bounds_are_exact() -> None:
    whole = _fields(quantities(Script(20.0, steady(20.0), 400.0)))
    assert nuplan(Drive(**{**whole, "min_ttc": 0.95})).terms["ttc"] == 0.0
    assert nuplan(Drive(**{**whole, "min_ttc": 0.96})).terms["ttc"] == 1.0
    assert nuplan(Drive(**{**whole, "progress": 0.2})).terms["making_progress"] == 1.0
    assert nuplan(Drive(**{**whole, "progress": 0.199})).terms["making_progress"] == 0.0


def test_a_log_of_a_single_instant_has_scores() -> None:
    """A driver that fails at once leaves only the state after reset."""
    drive = quantities(Script(0.0, steady(20.0), 400.0))
    assert (drive.route_completion, drive.off_lane, drive.speed_compliance) == (0.0, 0.0, 1.0)
    assert np.isinf(drive.min_ttc) and drive.comfortable and drive.lane_kept
