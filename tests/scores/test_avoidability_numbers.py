"""The regulation's numbers, computed by hand: when a risk starts, and how far braking takes the car.

Other tests use the constants of the code; here they are written out. Vehicles are 4.7 m × 1.85 m.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from road_scenes import DT, LENGTH, WIDTH, Row, boxes, scene, trajectory

from drive_stack.evaluation.avoidability.encounter import Encounter
from drive_stack.evaluation.avoidability.reference_driver import braking_distance
from drive_stack.evaluation.avoidability.replay import (
    Avoidability,
    Reason,
    braking_demand,
    evaluate_avoidability,
)
from drive_stack.evaluation.avoidability.risk import perception_start, risk_start
from drive_stack.evaluation.road_scene import RoadScene


def encounter_of(ego: list[Row], other: list[Row], *, begins: float = 0.0, person: bool = False) -> Encounter:
    """Both actors at steps of 0.1 s."""
    count = len(ego)
    size = (0.5, 0.5) if person else (LENGTH, WIDTH)
    return Encounter(
        time=begins + np.arange(count) * DT,
        ego=trajectory(ego),
        other=trajectory(other, *size),
        visible=np.ones(count, dtype=np.bool_),
        speed_limit=np.full(count, np.inf),
        grip=8.0,
        curvature=0.0,
        lanes=np.array([-3.5, 0.0, 3.5]),
    )


# --- the reference driver --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grip", "distance"),
    [
        # 1.15 s · 20 m/s = 23 m; 0.600 s of ramp at 12.65 m/s³ up to 7.593 m/s²: 11.549 m, then 17.721 m/s
        # are left: 17.721² / (2 · 7.593) = 20.680 m
        (8.0, 55.23),
        # up to 5 m/s² within 0.395 s: 7.774 m, and 19.012² / 10 = 36.145 m
        (5.0, 66.92),
    ],
)
def test_the_stopping_distance_from_20_m_s(grip: float, distance: float) -> None:
    times = np.arange(0.0, 10.0, 0.005)
    assert braking_distance(times, 20.0, 0.0, grip=grip)[-1] == pytest.approx(distance, abs=0.02)
    later = braking_distance(times, 20.0, 0.5, grip=grip)
    assert later[-1] == pytest.approx(distance + 10.0, abs=0.02)


def test_the_brakes_take_effect_after_1_15_seconds_with_the_regulation_s_jerk() -> None:
    """At 1.55 s, 0.4 s into the ramp: 31 m less 12.65 · 0.4³ / 6 = 0.1349 m."""
    times = np.arange(3.0, 5.0, 0.001)  # the clock need not begin at zero
    travelled = braking_distance(times, 20.0, 3.0, grip=8.0)
    assert travelled[0] == 0.0
    assert travelled[1100] == pytest.approx(22.0, abs=1e-9)
    assert travelled[1150] == pytest.approx(23.0, abs=1e-4)
    assert travelled[1550] == pytest.approx(31.0 - 0.1349, abs=0.002)


def test_in_a_curve_the_friction_circle_limits_the_braking() -> None:
    """20 m/s on a radius of 100 m use 4 m/s² of 5 m/s². Braking uses all of the rest after the ramp."""
    times = np.arange(0.0, 3.0, 0.001)
    speed = np.gradient(braking_distance(times, 20.0, 0.0, grip=5.0, curvature=0.01), times)
    braking = -np.gradient(speed, times)
    used = np.hypot(braking, 0.01 * speed**2)
    assert used[1500:2500] == pytest.approx(5.0, abs=0.01)
    assert 3.1 < braking[1450] < 3.5  # √(25 − 16) = 3 m/s² at 20 m/s, and more below
    beyond = braking_distance(times, 20.0, 0.0, grip=3.9, curvature=0.01)
    assert beyond[-1] == pytest.approx(20.0 * times[-1])  # no grip remains for braking


# --- when a risk starts ------------------------------------------------------------------------------


def is_risk(ego: Row, other: Row, *, braking: float = 0.0, person: bool = False) -> bool:
    """Whether records 5 to 9 of ten are a risk; in the first five the other is 50 m to the side."""
    egos, others = [], []
    for step in range(10):
        seconds = step * DT
        slower = braking * max(step - 4, 0) * DT
        egos.append((ego[0] + ego[2] * seconds, *ego[1:]))
        lateral_shift = 50.0 if step < 5 else 0.0
        others.append((other[0] + ego[2] * seconds, other[1] + lateral_shift, other[2] - slower, other[3]))
    start = risk_start(encounter_of(egos, others, person=person))
    assert start in (4, 8)  # it starts between two records, and the last one may lie after the collision
    return start == 4


def gap_ahead(gap: float, speed: float, lateral: float = 0.0, lateral_speed: float = 0.0) -> Row:
    return LENGTH + gap, lateral, speed, lateral_speed


@pytest.mark.parametrize(
    ("gap", "lead", "expected"),
    [
        pytest.param(99.0, 10.0, True, id="closed in 9.9 s"),
        pytest.param(101.0, 10.0, False, id="closed in 10.1 s"),
        pytest.param(39.9, 19.0, True, id="closing less than 2 s behind"),
        pytest.param(40.1, 19.0, False, id="closing more than 2 s behind"),
        pytest.param(19.9, 20.0, True, id="less than 1 s behind at its speed"),
        pytest.param(20.1, 20.0, False, id="more than 1 s behind at its speed"),
        pytest.param(20.1, 21.0, False, id="separating"),
        pytest.param(19.9, 21.0, True, id="separating, but too close"),
    ],
)
def test_when_a_vehicle_ahead_is_a_risk(gap: float, lead: float, expected: bool) -> None:
    assert is_risk((0.0, 0.0, 20.0, 0.0), gap_ahead(gap, lead)) is expected
    adjacent = gap_ahead(gap, lead, lateral=1.86)  # a lateral gap of 1 cm
    assert not is_risk((0.0, 0.0, 20.0, 0.0), adjacent)


@pytest.mark.parametrize(("braking", "expected"), [(5.1, True), (4.9, False)])
def test_a_lead_that_brakes_hard_is_a_risk_at_any_distance(braking: float, expected: bool) -> None:
    """150 m ahead, a time gap of 5 s; a closing speed of at most 2.6 m/s."""
    assert is_risk((0.0, 0.0, 30.0, 0.0), gap_ahead(150.0, 30.0), braking=braking) is expected
    assert not is_risk((0.0, 0.0, 30.0, 0.0), gap_ahead(150.0, 34.0), braking=braking)  # not closing yet
    assert not is_risk((0.0, 0.0, 30.0, 0.0), gap_ahead(150.0, 30.0, 1.86), braking=braking)


@pytest.mark.parametrize(("lateral_speed", "expected"), [(-0.11, True), (-0.09, False), (0.11, False)])
def test_an_actor_that_enters_the_path_within_ten_seconds_is_a_risk(
    lateral_speed: float, expected: bool
) -> None:
    """Abreast with a lateral gap of 1 m, which closes in 9.1 s, 11.1 s or never."""
    assert is_risk((0.0, 0.0, 20.0, 0.0), (1.0, WIDTH + 1.0, 20.0, lateral_speed)) is expected
    assert is_risk((0.0, 0.0, 20.0, 0.0), (1.0, -WIDTH - 1.0, 20.0, -lateral_speed)) is expected
    assert not is_risk((0.0, 0.0, 20.0, 0.0), (30.0, WIDTH + 1.0, 20.0, lateral_speed))  # and stays ahead


@pytest.mark.parametrize(("speed", "expected"), [(30.0, True), (20.0, False), (10.0, False)])
def test_an_actor_that_approaches_from_behind_is_a_risk(speed: float, expected: bool) -> None:
    assert is_risk((0.0, 0.0, 20.0, 0.0), (-LENGTH - 5.0, 0.0, speed, 0.0)) is expected


def test_an_occluded_risk_starts_where_it_becomes_visible() -> None:
    ego = [(20.0 * step * DT, 0.0, 20.0, 0.0) for step in range(10)]
    stationary = [(40.0, 0.0, 0.0, 0.0)] * 10
    visible = encounter_of(ego, stationary)
    assert risk_start(visible) == 0
    occluded = replace(visible, visible=np.arange(10) >= 6)
    assert risk_start(occluded) == 6
    assert risk_start(replace(visible, visible=np.arange(10) != 9)) == 0  # the last record does not count


# --- when the risk is perceived -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lateral", "speed", "person", "after"),
    [
        pytest.param(3.5, -1.0, False, 0.375, id="moves 0.375 m first"),
        pytest.param(-3.5, 1.0, False, 0.375, id="from the right"),
        pytest.param(3.5, 1.0, False, 0.375, id="away from the ego"),
        pytest.param(2.0, -1.0, False, 0.15, id="reaches the path before"),
        pytest.param(1.0, -1.0, False, 0.0, id="in the path from the start"),
        pytest.param(3.5, -0.1, False, 0.9, id="hardly moves: at the collision"),
        pytest.param(3.5, -1.0, True, 0.0, id="a person has no lane"),
    ],
)
def test_when_the_driver_starts_to_perceive_the_risk(
    lateral: float, speed: float, person: bool, after: float
) -> None:
    """The records start at 7 s; the risk starts at the fourth, 0.3 s later."""
    other = [(10.0, lateral + speed * max(step - 3, 0) * DT, 20.0, speed) for step in range(13)]
    ego = [(0.0, 0.0, 20.0, 0.0)] * 13
    assert perception_start(encounter_of(ego, other, begins=7.0, person=person), 3) == pytest.approx(
        7.3 + after
    )


def approach(speed: float, gap: float, *, limit: float = np.inf) -> list[RoadScene]:
    """At ``speed`` towards a stationary car whose rear is ``gap`` ahead at the start of the record."""
    scenes = []
    for step in range(300):
        own = (speed * step * DT, 0.0, speed, 0.0)
        scenes.append(
            replace(scene(step * DT, [(5, (LENGTH + gap, 0.0, 0.0, 0.0))], own), speed_limit=limit, grip=8.0)
        )
        if own[0] >= gap:
            break
    return scenes


@pytest.mark.parametrize(
    ("speed", "gap", "limit", "expected"),
    [
        (20.0, 56.5, 30.0, Avoidability(True, Reason.BRAKING)),  # 55.2 m are needed
        (20.0, 54.0, 30.0, Avoidability(False, Reason.TOO_LATE)),
        (20.0, 54.0, 19.0, Avoidability(True, Reason.SPEEDING)),  # 50.9 m from 19 m/s
        (20.0, 54.0, 20.0, Avoidability(False, Reason.TOO_LATE)),
        (20.0, 56.5, 19.0, Avoidability(True, Reason.BRAKING)),
    ],
)
def test_the_stopping_distance_decides(
    speed: float, gap: float, limit: float, expected: Avoidability
) -> None:
    assert evaluate_avoidability(approach(speed, gap, limit=limit), 5) == expected


@pytest.mark.parametrize(("speed", "reason"), [(0.04, Reason.STANDING), (0.06, Reason.FROM_BEHIND)])
def test_an_ego_slower_than_5_cm_per_second_counts_as_stationary(speed: float, reason: Reason) -> None:
    scenes = [
        scene(step * DT, [(5, (-10.0 + step, 0.0, 10.0, 0.0))], (0.0, 0.0, speed, 0.0)) for step in range(8)
    ]
    assert evaluate_avoidability(scenes, 5) == Avoidability(False, reason)


@pytest.mark.parametrize("curvature", [0.0, 1.0 / 60.0])
def test_a_curve_makes_a_collision_unavoidable_that_is_avoidable_on_a_straight(curvature: float) -> None:
    """20 m/s on a radius of 60 m use 6.67 m/s² of 8 m/s²; 4.42 m/s² remain for braking at first."""
    scenes = [replace(moment, curvature=-curvature) for moment in approach(20.0, 56.0)]
    assert evaluate_avoidability(scenes, 5).avoidable is (curvature == 0.0)


@pytest.mark.parametrize(
    ("station", "reason"),
    [
        pytest.param(-LENGTH - 0.5, Reason.FROM_BEHIND, id="half a metre behind"),
        pytest.param(-LENGTH + 0.5, Reason.TOO_LATE, id="half abreast"),
    ],
)
def test_an_actor_comes_from_behind_if_it_is_wholly_behind_when_the_risk_starts(
    station: float, reason: Reason
) -> None:
    """It enters from the left at 10 m/s lateral speed, 0.5 m/s faster than the ego."""
    scenes = []
    for step in range(5):
        own, lateral = 20.0 * step * DT, max(3.5 - 10.0 * max(step - 2, 0) * DT, 0.0)
        other = (own + station + 0.5 * step * DT, lateral, 20.5, -10.0 * (step >= 2))
        scenes.append(
            replace(scene(step * DT, [(5, other)], (own, 0.0, 20.0, 0.0)), grip=8.0, lanes=np.zeros(1))
        )
    assert evaluate_avoidability(scenes, 5) == Avoidability(False, reason)


def test_an_ego_that_moved_a_moment_before_was_not_stationary() -> None:
    """The last but one record has 1 m/s: the collision itself stopped the ego."""
    scenes = [
        scene(step * DT, [(5, (-10.0 + step, 0.0, 10.0, 0.0))], (0.0, 0.0, 1.0 * (step < 7), 0.0))
        for step in range(8)
    ]
    assert evaluate_avoidability(scenes, 5).reason is Reason.FROM_BEHIND
    assert evaluate_avoidability(scenes, 6) == Avoidability(True, Reason.UNSEEN)


def test_an_ego_that_stood_in_the_last_two_records_was_stationary() -> None:
    """In the third last record the ego still moved."""
    scenes = [
        scene(step * DT, [(5, (-10.0 + step, 0.0, 10.0, 0.0))], (0.0, 0.0, 1.0 * (step < 6), 0.0))
        for step in range(8)
    ]
    assert evaluate_avoidability(scenes, 5).reason is Reason.STANDING


@pytest.mark.parametrize(("speed", "avoids"), [(2.0, False), (0.5, True)])
def test_a_slow_car_still_drives_into_a_person(speed: float, avoids: bool) -> None:
    """A pedestrian 1 m ahead: at 2 m/s that is 0.5 s; at 0.5 m/s the driver stops after 0.6 m."""
    scenes = []
    for step in range(22):
        person = replace(boxes([(2.35 + 1.0 + 0.25, 0.0, 0.0, 0.0)], 0.5), width=np.array([0.5]))
        moment = scene(step * DT, [(5, (0.0, 0.0, 0.0, 0.0))], (speed * step * DT, 0.0, speed, 0.0))
        scenes.append(replace(moment, others=person, grip=8.0))
        if speed * step * DT >= 1.0:
            break
    assert evaluate_avoidability(scenes, 5).avoidable is avoids


# --- how much braking a hazard demands -----------------------------------------------------------------


def until_contact(gap: float) -> list[RoadScene]:
    """At 20 m/s towards a stationary car that is ``gap`` ahead when it comes in sight."""
    return [
        replace(
            scene(step * DT, [(1, (LENGTH + gap, 0.0, 0.0, 0.0))], ego=(2.0 * step, 0.0, 20.0, 0.0)),
            speed_limit=30.0,
        )
        for step in range(round(gap / 2.0) + 1)
    ]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        # 23 m until the brakes take effect. Half of the braking, 3.797 m/s², is reached after 0.300 s:
        # 5.946 m, and 19.430² / (2 · 3.797) = 49.72 m
        (78.66, 0.5),
        (55.23, 1.0),  # the whole braking distance, see above
        # 1.5 times the braking, 11.39 m/s², is reached after 0.900 s: 16.466 m, and 14.874² / 22.78 = 9.712 m
        (49.18, 1.5),
        (30.0, 2.0),  # 7 m would need 27 m/s²: beyond what is distinguished
    ],
)
def test_the_demand_of_a_stationary_car_at_20_m_s(gap: float, expected: float) -> None:
    assert braking_demand(until_contact(gap), 1) == pytest.approx(expected, abs=0.02)


def test_a_hazard_that_the_lane_avoids_demands_nothing() -> None:
    adjacent = [
        scene(step * DT, [(1, (40.0, 3.5, 0.0, 0.0))], ego=(2.0 * step, 0.0, 20.0, 0.0)) for step in range(15)
    ]
    assert braking_demand(adjacent, 1) == 0.0
    assert braking_demand(adjacent, 7) == 0.0  # not on record


def test_the_demand_exceeds_one_exactly_where_the_collision_is_unavoidable() -> None:
    for gap in (50.0, 54.0, 55.0, 55.5, 56.0, 60.0):
        scenes = until_contact(gap)
        assert (braking_demand(scenes, 1) <= 1.0) is evaluate_avoidability(scenes, 1).avoidable
