"""Measures on hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.evaluation.metrics.comfort import comfort_share, comfortable_steps
from drive_stack.evaluation.metrics.driving_score import driving_score
from drive_stack.evaluation.metrics.fault import judge
from drive_stack.evaluation.metrics.ttc import times_to_collision
from drive_stack.evaluation.on_road import MovingBoxes
from drive_stack.geometry import box_corners, boxes_overlap
from drive_stack.types import Contact, ContactKind, Side

DT = 0.1


def box(
    x: float, y: float, heading: float, speed: float, length: float = 5.0, width: float = 2.0
) -> MovingBoxes:
    return MovingBoxes(
        np.array([[x, y]]),
        np.array([heading]),
        speed * np.array([[np.cos(heading), np.sin(heading)]]),
        np.array([length]),
        np.array([width]),
    )


def ttc(first: MovingBoxes, second: MovingBoxes) -> float:
    return float(times_to_collision(first, second)[0])


def test_closing_in_on_a_standing_car() -> None:
    # 50 m between centres, 45 m between bumpers, at 15 m/s
    assert ttc(box(0, 0, 0, 15), box(50, 0, 0, 0)) == pytest.approx(3.0)


def test_same_speed_never_meets() -> None:
    assert ttc(box(0, 0, 0, 15), box(50, 0, 0, 15)) == np.inf


def test_next_lane_is_passed() -> None:
    assert ttc(box(0, 0, 0, 30), box(50, 3.5, 0, 0)) == np.inf


def test_person_who_crosses_meets_the_bonnet() -> None:
    # the person's near edge reaches the car's flank line (1 m) after 4 s, the front after 45/10.75 s
    person = box(47.5, -5.25, np.pi / 2, 1.0, 0.5, 0.5)
    assert ttc(box(0, 0, 0, 10), person) == pytest.approx(max(4.0, (47.5 - 2.5 - 0.25) / 10))


def test_person_who_is_across_in_time_is_missed() -> None:
    assert ttc(box(0, 0, 0, 10), box(47.5, 0.0, np.pi / 2, 1.0, 0.5, 0.5)) == np.inf


def test_overlap_now_is_zero() -> None:
    assert ttc(box(0, 0, 0, 3), box(4, 0.5, 0.3, 0)) == 0.0


@given(st.floats(-30, 30), st.floats(-12, 12), st.floats(-3.1, 3.1), st.floats(0, 20), st.floats(-3.1, 3.1))
def test_ttc_is_when_the_boxes_first_overlap(x: float, y: float, h: float, v: float, turn: float) -> None:
    """Found by stepping both boxes on; and turning the whole scene changes nothing."""
    first, second = box(0, 0, 0, 12), box(x, y, h, v)
    found = ttc(first, second)
    cos, sin = np.cos(turn), np.sin(turn)
    moved = box(cos * x - sin * y, sin * x + cos * y, h + turn, v)
    turned = ttc(box(0, 0, turn, 12), moved)
    assert turned == pytest.approx(found, abs=1e-6) or (found > 100 and turned > 100)
    if 0.02 < found < 60:
        assert overlap(first, second, found, grown=1e-4)
        assert not overlap(first, second, found - 0.02)


def overlap(first: MovingBoxes, second: MovingBoxes, time: float, grown: float = 0.0) -> bool:
    corners = [
        box_corners(
            moving.centre[0] + time * moving.velocity[0],
            float(moving.heading[0]),
            float(moving.length[0]) + grown,
            float(moving.width[0]) + grown,
        )
        for moving in (first, second)
    ]
    return boxes_overlap(*corners)


def test_gentle_drive_is_comfortable() -> None:
    still = np.zeros(100)
    assert comfort_share(still + 1.0, still, still, DT) == 1.0


@pytest.mark.parametrize(
    ("along", "across", "yaw"), [(-5.0, 0.0, 0.0), (2.6, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 0.0, 1.0)]
)
def test_each_bound_counts(along: float, across: float, yaw: float) -> None:
    still = np.zeros(100)
    assert comfort_share(still + along, still + across, still + yaw, DT) == 0.0


def test_longitudinal_jerk_is_the_slope() -> None:
    after = np.arange(60) * DT - 3.0
    still = np.zeros(60)
    assert comfortable_steps(np.clip(4.0 * after, -3.0, 3.0), still, still, DT)[30]
    assert not comfortable_steps(np.clip(4.3 * after, -3.1, 3.1), still, still, DT)[30]


def test_one_harsh_moment_spoils_one_chunk() -> None:
    along = np.zeros(100)
    along[46:54] = -6.0
    assert 0.6 <= comfort_share(along, np.zeros(100), np.zeros(100), DT) <= 0.8


def contact(kind: ContactKind, side: Side, ego: float = 20.0, actor: float = 10.0) -> Contact:
    return Contact(1.0, 7, kind, side, abs(ego - actor), ego, actor)


@pytest.mark.parametrize(
    ("hit", "inside", "at_fault"),
    [
        (contact(ContactKind.VEHICLE, Side.FRONT), True, True),
        (contact(ContactKind.VEHICLE, Side.REAR), True, False),
        (contact(ContactKind.VEHICLE, Side.LEFT), True, False),
        (contact(ContactKind.VEHICLE, Side.LEFT), False, True),
        (contact(ContactKind.VEHICLE, Side.RIGHT, actor=0.0), True, True),
        (contact(ContactKind.VEHICLE, Side.FRONT, ego=0.0), True, False),
        (contact(ContactKind.PEDESTRIAN, Side.FRONT), True, True),
        (contact(ContactKind.PEDESTRIAN, Side.RIGHT, actor=2.0), True, False),
        (contact(ContactKind.RAIL, Side.RIGHT, actor=0.0), True, True),
    ],
)
def test_whose_fault(hit: Contact, inside: bool, at_fault: bool) -> None:
    verdict = judge(hit, inside_one_lane=inside)
    assert verdict.at_fault is at_fault and verdict.reason


def test_driving_score_is_the_product_of_its_terms() -> None:
    hits = [contact(ContactKind.PEDESTRIAN, Side.FRONT), contact(ContactKind.VEHICLE, Side.FRONT)]
    assert driving_score(0.8, hits, 0.1, timed_out=True).score == pytest.approx(
        100 * 0.8 * 0.5 * 0.6 * 0.7 * 0.9
    )
    assert driving_score(1.0, [], 0.0, timed_out=False).score == 100.0


def test_a_hit_while_standing_is_not_charged() -> None:
    assert (
        driving_score(1.0, [contact(ContactKind.VEHICLE, Side.REAR, ego=0.05)], 0.0, timed_out=False).score
        == 100.0
    )
