"""UN R157's careful driver replayed: what it can avoid, and what nobody could."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.evaluation.avoidability import (
    BRAKING,
    JERK,
    PERCEPTION,
    REACTION,
    avoidable,
    cut_in_avoidable,
)
from drive_stack.evaluation.on_road import MovingBoxes, OnRoad

DT, LENGTH, WIDTH, LANE = 0.1, 4.7, 1.85, 3.5
CAR = 5


def boxes(rows: list[tuple[float, float, float, float]]) -> MovingBoxes:
    """Rows of station, lateral, speed along, speed across."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    heading = np.zeros(len(table))
    size = np.full(len(table), LENGTH), np.full(len(table), WIDTH)
    return MovingBoxes(table[:, :2], heading, table[:, 2:], *size)


def straight_on(
    speed: float,
    gap: float,
    closing: float,
    *,
    across: float = 0.0,
    begins: float = 0.0,
    seconds: float = 12.0,
) -> list[OnRoad]:
    """The ego keeps its speed; a car ``gap`` ahead, slower by ``closing``, comes over within 2 s."""
    scenes = []
    for step in range(round(12.0 / DT) + 1):
        time = step * DT
        moved = np.clip((time - begins) / 2.0, 0.0, 1.0)
        lateral = across * (1.0 - float(moved))
        sideways = -across / 2.0 if 0.0 <= time - begins < 2.0 else 0.0
        # before it begins it drives as fast as the ego, ``gap`` ahead
        lost = closing * max(time - begins, 0.0)
        other = (LENGTH + gap + speed * time - lost, lateral, speed - closing * (time >= begins), sideways)
        scenes.append(OnRoad(time, boxes([(speed * time, 0.0, speed, 0.0)]), boxes([other]), np.array([CAR])))
        if other[0] - speed * time < LENGTH and abs(lateral) < WIDTH:
            return scenes
    raise AssertionError("nothing was hit")


def test_a_standing_car_in_sight_is_always_avoidable() -> None:
    assert avoidable(straight_on(36.0, 250.0, 36.0), CAR)


def test_a_standing_car_that_shows_too_late_is_not() -> None:
    # 36 m/s: 27 m of reaction and 36² / (2 · 7.6) = 85 m of braking do not fit into 60 m
    assert not avoidable(straight_on(36.0, 60.0, 36.0), CAR)


def test_braking_distance_decides() -> None:
    """The least gap that is enough is what the driver's own numbers say, by hand."""
    speed = 20.0
    ramp = BRAKING / JERK
    lost = JERK * ramp**2 / 2.0
    waited = speed * (PERCEPTION + REACTION)
    distance = waited + speed * ramp - JERK * ramp**3 / 6.0 + (speed - lost) ** 2 / (2.0 * BRAKING)
    assert avoidable(straight_on(speed, distance + 1.5, speed), CAR)
    assert not avoidable(straight_on(speed, distance - 1.5, speed), CAR)


@pytest.mark.parametrize("speed_kmh", [60.0, 100.0, 130.0])
def test_r157_cut_ins(speed_kmh: float) -> None:
    """20 km/h slower, changing lane within 2 s: avoidable at 30 m, not at 10 m."""
    slower = 20.0 / 3.6
    assert avoidable(straight_on(speed_kmh / 3.6, 30.0, slower, across=LANE, begins=2.0), CAR)
    assert not avoidable(straight_on(speed_kmh / 3.6, 10.0, slower, across=LANE, begins=2.0), CAR)


def test_the_regulation_s_own_rule_for_cut_ins() -> None:
    assert cut_in_avoidable(30.0 / (20.0 / 3.6), 20.0 / 3.6)
    assert cut_in_avoidable(1.19, 10.0)  # 10 / 12 + 0.35 s = 1.183 s
    assert not cut_in_avoidable(1.18, 10.0)
    assert not cut_in_avoidable(0.3, 0.0)


def braking_lead(speed: float, headway: float, deceleration: float, *, after: float = 6.0) -> list[OnRoad]:
    """The ego holds its speed ``headway`` seconds behind a car that brakes ``after`` seconds."""
    scenes: list[OnRoad] = []
    own, theirs, pace = 0.0, LENGTH + headway * speed, speed
    while theirs - own >= LENGTH or not scenes:
        time = len(scenes) * DT
        ego, other = boxes([(own, 0.0, speed, 0.0)]), boxes([(theirs, 0.0, pace, 0.0)])
        scenes.append(OnRoad(time, ego, other, np.array([CAR])))
        pace = max(pace - deceleration * DT, 0.0) if time >= after else pace
        own, theirs = own + speed * DT, theirs + pace * DT
    ego, other = boxes([(own, 0.0, speed, 0.0)]), boxes([(theirs, 0.0, pace, 0.0)])
    return [*scenes, OnRoad(len(scenes) * DT, ego, other, np.array([CAR]))]


def test_r157_braking_lead() -> None:
    """Full braking at the regulation's 60 km/h and 2.0 s of headway is avoidable.

    By hand the reference driver stops with 5.1 m to spare; at 130 km/h it is 0.6 m, less than a step.
    """
    assert avoidable(braking_lead(60.0 / 3.6, 2.0, 9.81), CAR)


def test_a_tailgater_is_not_excused() -> None:
    assert not avoidable(braking_lead(30.0, 1.1, 9.81), CAR)  # too near for this, yet lawful
    assert avoidable(braking_lead(30.0, 0.3, 9.81), CAR)
    assert not avoidable(braking_lead(30.0, 0.3, 9.81, after=0.2), CAR)  # no time to fall back


def test_a_car_that_sways_in_its_lane_is_not_taken_to_cut_in() -> None:
    """0.3 m towards the ego is wandering; the same cut-in after it is judged as without."""
    sway = straight_on(60.0 / 3.6, 10.0, 20.0 / 3.6, across=LANE, begins=4.0)
    swayed = []
    for scene in sway:
        centre = scene.others.centre.copy()
        centre[0, 1] -= 0.3 * np.clip(scene.time, 0.0, 1.0) * (scene.time < 4.0)
        others = MovingBoxes(
            centre, scene.others.heading, scene.others.velocity, scene.others.length, scene.others.width
        )
        swayed.append(OnRoad(scene.time, scene.ego, others, scene.ids))
    assert avoidable(sway, CAR) is avoidable(swayed, CAR) is False


def test_the_ego_s_own_swerve_is_its_own_doing() -> None:
    """Beside a car that keeps its lane, whoever moves over could have stayed."""
    scenes = []
    for step in range(60):
        lateral = -LANE + LANE * min(max(step * DT - 3.0, 0.0) / 2.0, 1.0)
        sideways = LANE / 2.0 if 3.0 <= step * DT < 5.0 else 0.0
        ego = boxes([(20.0 * step * DT, lateral, 20.0, sideways)])
        other = boxes([(20.0 * step * DT + 1.0, 0.0, 20.0, 0.0)])
        scenes.append(OnRoad(step * DT, ego, other, np.array([CAR])))
        if abs(lateral) < WIDTH:
            break
    assert avoidable(scenes, CAR)


def test_a_hidden_car_is_no_risk_until_it_shows() -> None:
    """The same standing car: in sight from far off, or behind a lead that swerves out 40 m before it."""
    in_sight = straight_on(30.0, 200.0, 30.0)
    behind = []
    for scene in in_sight:
        place = scene.others.centre[0, 0]
        lead_station = scene.ego.centre[0, 0] + 25.0
        swerved = place - lead_station < 40.0
        lead = (lead_station, LANE if swerved else 0.0, 30.0, 0.0)
        others = boxes([(place, 0.0, 0.0, 0.0), lead])
        behind.append(OnRoad(scene.time, scene.ego, others, np.array([CAR, 6])))
    assert avoidable(in_sight, CAR)
    assert not avoidable(behind, CAR)


def test_somebody_who_was_never_seen_leaves_the_ego_charged() -> None:
    assert avoidable(straight_on(20.0, 50.0, 20.0), 99)


@pytest.mark.parametrize("time", [0.0, 3.0])
def test_the_same_course_later_is_judged_alike(time: float) -> None:
    scenes = [
        OnRoad(scene.time + time, scene.ego, scene.others, scene.ids)
        for scene in straight_on(36.0, 60.0, 36.0)
    ]
    assert not avoidable(scenes, CAR)
