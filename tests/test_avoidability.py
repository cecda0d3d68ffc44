"""UN R157's careful driver replayed: what it can avoid, and what nobody could."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.evaluation.avoidability import BRAKING, JERK, REACTION, avoidable, cut_in_avoidable
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
    distance = speed * REACTION + speed * ramp - JERK * ramp**3 / 6.0 + (speed - lost) ** 2 / (2.0 * BRAKING)
    assert avoidable(straight_on(speed, distance + 1.5, speed), CAR)
    assert not avoidable(straight_on(speed, distance - 1.5, speed), CAR)


def test_r157_cut_ins() -> None:
    slower = 20.0 / 3.6
    assert avoidable(straight_on(60.0 / 3.6, 30.0, slower, across=LANE, begins=2.0), CAR)
    assert not avoidable(straight_on(100.0 / 3.6, 10.5, 40.0 / 3.6, across=LANE, begins=2.0), CAR)
    assert cut_in_avoidable(30.0 / slower, slower) and cut_in_avoidable(10.0 / slower, slower)
    assert not cut_in_avoidable(10.0 / 10.0, 10.0)  # 10 m at 36 km/h: 1.0 s < 10 / 12 + 0.35 s
    assert not cut_in_avoidable(0.3, 0.0)


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
