"""Metrics on cases computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polygons import boxes_overlap

from drive_stack.evaluation.metrics.comfort import comfort_fraction, comfortable_steps
from drive_stack.evaluation.metrics.driving_score import driving_score
from drive_stack.evaluation.metrics.fault import Verdict, evaluate_contact
from drive_stack.evaluation.metrics.ttc import (
    NavsimTimeToCollision,
    nuplan_time_to_collision,
    times_to_collision,
)
from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene
from drive_stack.geometry import box_corners
from drive_stack.types import Contact, ContactKind, ObjectClass, Side

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


def test_approaching_a_stationary_car() -> None:
    # 50 m between centres, 45 m between bumpers, at 15 m/s
    assert ttc(box(0, 0, 0, 15), box(50, 0, 0, 0)) == pytest.approx(3.0)


def test_same_speed_never_meets() -> None:
    assert ttc(box(0, 0, 0, 15), box(50, 0, 0, 15)) == np.inf


def test_next_lane_is_passed() -> None:
    assert ttc(box(0, 0, 0, 30), box(50, 3.5, 0, 0)) == np.inf


def test_a_crossing_pedestrian_is_hit_by_the_front() -> None:
    # the pedestrian's near edge reaches the car's flank line (1 m) after 4 s, the front after 45/10.75 s
    person = box(47.5, -5.25, np.pi / 2, 1.0, 0.5, 0.5)
    assert ttc(box(0, 0, 0, 10), person) == pytest.approx(max(4.0, (47.5 - 2.5 - 0.25) / 10))


def test_a_pedestrian_who_crosses_in_time_is_missed() -> None:
    assert ttc(box(0, 0, 0, 10), box(47.5, 0.0, np.pi / 2, 1.0, 0.5, 0.5)) == np.inf


def test_overlap_now_is_zero() -> None:
    assert ttc(box(0, 0, 0, 3), box(4, 0.5, 0.3, 0)) == 0.0


@given(st.floats(-30, 30), st.floats(-12, 12), st.floats(-3.1, 3.1), st.floats(0, 20), st.floats(-3.1, 3.1))
def test_ttc_is_when_the_boxes_first_overlap(x: float, y: float, h: float, v: float, turn: float) -> None:
    """Checked by moving both boxes on. Turning the whole scene changes nothing."""
    first, second = box(0, 0, 0, 12), box(x, y, h, v)
    time = ttc(first, second)
    cos, sin = np.cos(turn), np.sin(turn)
    moved = box(cos * x - sin * y, sin * x + cos * y, h + turn, v)
    turned = ttc(box(0, 0, turn, 12), moved)
    assert turned == pytest.approx(time, abs=1e-6) or (time > 100 and turned > 100)
    if 0.02 < time < 60:
        assert overlap(first, second, time, grown=1e-4)
        assert not overlap(first, second, time - 0.02)


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
    assert comfort_fraction(still + 1.0, still, still, DT) == 1.0


@pytest.mark.parametrize(
    ("along", "across", "yaw"), [(-5.0, 0.0, 0.0), (2.6, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 0.0, 1.0)]
)
def test_each_bound_counts(along: float, across: float, yaw: float) -> None:
    still = np.zeros(100)
    assert comfort_fraction(still + along, still + across, still + yaw, DT) == 0.0


def test_longitudinal_jerk_is_the_slope() -> None:
    after = np.arange(60) * DT - 3.0
    still = np.zeros(60)
    assert comfortable_steps(np.clip(4.0 * after, -3.0, 3.0), still, still, DT)[30]
    assert not comfortable_steps(np.clip(4.3 * after, -3.1, 3.1), still, still, DT)[30]


def test_one_harsh_moment_affects_one_chunk_and_an_incomplete_chunk_is_left_out() -> None:
    along = np.zeros(100)
    along[46:54] = -6.0
    assert comfort_fraction(along, np.zeros(100), np.zeros(100), DT) == 0.8
    along = np.zeros(110)
    along[105] = -30.0
    assert comfort_fraction(along, np.zeros(110), np.zeros(110), DT) == 0.8  # its jerk reaches back to 98


@pytest.mark.parametrize("dt", [0.05, 0.1])
def test_acceleration_is_smoothed_over_eight_samples_of_a_tenth(dt: float) -> None:
    """A triangle of 0.8 s each way: 8 samples leave 2.537 / 2.8 of its peak, 15 would leave 2.321 / 2.8."""
    time = np.arange(round(6.0 / dt)) * dt
    triangle = np.maximum(1.0 - np.abs(time - 3.0) / 0.8, 0.0)
    still = np.zeros_like(time)
    assert not comfortable_steps(2.8 * triangle, still, still, dt).all()
    assert comfortable_steps(2.64 * triangle, still, still, dt).all()  # 2.39 m/s²


@pytest.mark.parametrize(("dt", "samples"), [(0.05, 61), (0.1, 121), (0.2, 241), (0.04, 49)])
def test_any_step_is_resampled_to_a_tenth(dt: float, samples: int) -> None:
    """121 samples last 120 steps: 6 s, 12 s, 24 s and 4.8 s."""
    still = np.zeros(121)
    assert len(comfortable_steps(still, still, still, dt)) == samples


def test_yaw_acceleration_is_the_second_derivative_of_the_heading_over_five_samples() -> None:
    still = np.zeros(60)
    ramp = np.clip(np.arange(60) - 20.0, 0.0, 4.0) * DT  # 1 rad/s² for 0.4 s
    assert comfortable_steps(still, still, 1.85 * ramp, DT).all()
    assert not comfortable_steps(still, still, 2.2 * ramp, DT).all()


def test_jerk_is_the_slope_of_the_magnitude() -> None:
    """A lateral acceleration that changes its sign keeps its magnitude: no jerk at the zero-free ends."""
    after = np.arange(60) * DT - 3.0
    still = np.zeros(60)
    swing = np.clip(9.0 * after, -4.5, 4.5)  # through zero at 9 m/s³: the magnitude falls and rises again
    assert comfortable_steps(still, swing, still, DT).all()
    rise = np.clip(9.0 * (after + 0.25), 0.0, 4.5)
    assert comfortable_steps(still, rise, still, DT).all()
    assert not comfortable_steps(np.full(60, -3.9), 4.0 * rise, still, DT).all()


@pytest.mark.parametrize("samples", [12, 19])
def test_a_drive_shorter_than_a_chunk_is_evaluated_as_a_whole(samples: int) -> None:
    still = np.zeros(samples)
    assert comfort_fraction(still, still, still, DT) == 1.0
    assert comfort_fraction(still - 5.0, still, still, DT) == 0.0


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
def test_which_contacts_are_at_fault(hit: Contact, inside: bool, at_fault: bool) -> None:
    verdict = evaluate_contact(hit, inside_one_lane=inside)
    assert verdict.at_fault is at_fault and verdict.reason


@pytest.mark.parametrize(
    ("hit", "inside", "reason"),
    [
        (contact(ContactKind.VEHICLE, Side.FRONT, ego=0.0), True, "the ego stood still"),
        (contact(ContactKind.VEHICLE, Side.LEFT, actor=0.0), True, "drove into a standing vehicle"),
        (contact(ContactKind.RAIL, Side.LEFT, actor=0.0), True, "drove into a standing rail"),
        (contact(ContactKind.OBJECT, Side.REAR, actor=0.0), True, "drove into a standing object"),
        (contact(ContactKind.VEHICLE, Side.REAR), True, "was hit from behind by a vehicle"),
        (contact(ContactKind.PEDESTRIAN, Side.FRONT), True, "hit the pedestrian with its front"),
        (contact(ContactKind.VEHICLE, Side.LEFT), False, "hit the vehicle sideways while between lanes"),
        (contact(ContactKind.VEHICLE, Side.LEFT), True, "was hit on the left by a vehicle in its own lane"),
    ],
)
def test_the_reason_is_stated(hit: Contact, inside: bool, reason: str) -> None:
    assert evaluate_contact(hit, inside_one_lane=inside).reason == reason


def test_the_bearing_decides_who_is_behind_where_it_is_known() -> None:
    flank = contact(ContactKind.VEHICLE, Side.LEFT)
    assert not evaluate_contact(flank, inside_one_lane=False, behind=True).at_fault
    rear = contact(ContactKind.VEHICLE, Side.REAR)
    assert evaluate_contact(
        rear, inside_one_lane=False, behind=False
    ).at_fault  # a lateral collision to nuPlan
    assert not evaluate_contact(rear, inside_one_lane=True, behind=False).at_fault


@pytest.mark.parametrize(
    ("side", "speed", "at_fault", "reason"),
    [
        (Side.LEFT, 2.8, False, "was hit on the left by an animal in its own lane"),
        (Side.FRONT, 2.8, True, "hit the animal with its front"),
        (Side.LEFT, 0.0, True, "drove into a standing animal"),
    ],
)
def test_an_animal_that_runs_into_the_car_is_no_standing_object(
    side: Side, speed: float, at_fault: bool, reason: str
) -> None:
    hit = replace(contact(ContactKind.OBJECT, side, actor=speed), label=ObjectClass.ANIMAL)
    assert evaluate_contact(hit, inside_one_lane=True) == Verdict(at_fault, reason)


@pytest.mark.parametrize(
    ("side", "ego", "actor", "at_fault"),
    [
        (Side.LEFT, 0.05, 10.0, False),
        (Side.LEFT, 0.06, 0.0, True),
        (Side.FRONT, 0.05, 10.0, False),
        (Side.FRONT, 0.06, 10.0, True),
        (Side.LEFT, 10.0, 0.05, True),
        (Side.LEFT, 10.0, 0.06, False),
    ],
)
def test_nuplan_counts_as_stopped_up_to_five_centimetres_per_second(
    side: Side, ego: float, actor: float, at_fault: bool
) -> None:
    hit = contact(ContactKind.VEHICLE, side, ego=ego, actor=actor)
    assert evaluate_contact(hit, inside_one_lane=True).at_fault is at_fault


def test_driving_score_is_the_product_of_its_terms() -> None:
    hits = [contact(ContactKind.PEDESTRIAN, Side.FRONT), contact(ContactKind.VEHICLE, Side.FRONT)]
    assert driving_score(0.8, hits, 0.1).score == pytest.approx(100 * 0.8 * 0.5 * 0.6 * 0.9)
    assert driving_score(1.0, [], 0.0).score == 100.0
    terms = driving_score(0.8, hits, 0.1)
    assert (terms.route, terms.penalty, terms.off_lane) == (0.8, pytest.approx(0.3), 0.1)


def scene(*others: MovingBoxes, speed: float = 20.0) -> RoadScene:
    """The ego's centre at the origin; ``others`` have one row each."""
    rows = [np.concatenate([getattr(one, name) for one in others]) for name in FIELDS]
    return RoadScene(0.0, box(0, 0, 0, speed, 4.7, 1.85), MovingBoxes(*rows), np.arange(1, len(others) + 1))


FIELDS = ("centre", "heading", "velocity", "length", "width")
NO_ACTORS: frozenset[int] = frozenset()


def test_nuplan_counts_actors_in_the_cone_ahead() -> None:
    """At 3 m to the left: 30° from the rear axle, 1.4 m back, are at 1.4 + x = 3 / tan 30° = 5.196 m."""
    for x, expected in ((3.7, np.inf), (3.9, 0.6)):
        moving_in = box(x, 3.0, 0.0, 20.0, 4.7, 1.85)
        moving_in.velocity[0, 1] = -2.0  # the flanks are 1.15 m apart: 0.575 s
        assert nuplan_time_to_collision(
            scene(moving_in), 1.4, between_lanes=False, collided=NO_ACTORS
        ) == pytest.approx(expected)
        assert nuplan_time_to_collision(
            scene(moving_in), 1.4, between_lanes=True, collided=NO_ACTORS
        ) == pytest.approx(0.6)


@pytest.mark.parametrize(("half_length", "expected"), [(1.2, 0.7), (0.05, np.inf)])
def test_nuplan_checks_only_its_discrete_steps(half_length: float, expected: float) -> None:
    """Something long that crosses at 40 m/s is still there at the step of 0.7 s; something short is not.

    The ego moves at 20 m/s; its front reaches the box's line, 2 m deep, from 0.61 s on. The box's centre is
    on the ego's line at 0.65 s; it touches for (0.925 m + its half length) / 40 m/s before and after.
    """
    across = box(2.35 + 1.0 + 20.0 * 0.61, -40.0 * 0.65, np.pi / 2.0, 40.0, 2.0 * half_length, 2.0)
    seconds = nuplan_time_to_collision(scene(across), 1.4, between_lanes=True, collided=NO_ACTORS)
    assert seconds == pytest.approx(expected)


def test_nuplan_leaves_out_a_stationary_ego_and_actors_that_it_has_hit() -> None:
    oncoming = scene(box(10.0, 0.0, np.pi, 10.0), speed=0.0)
    assert nuplan_time_to_collision(oncoming, 1.4, between_lanes=False, collided=NO_ACTORS) == np.inf
    ahead = scene(box(10.0, 0.0, 0.0, 10.0))
    assert nuplan_time_to_collision(ahead, 1.4, between_lanes=False, collided=NO_ACTORS) == pytest.approx(0.6)
    assert nuplan_time_to_collision(ahead, 1.4, between_lanes=False, collided=frozenset({1})) == np.inf


@pytest.mark.parametrize(
    ("speed", "between_lanes", "gap", "within"),
    [
        (20.0, False, 18.1, True),  # moved on by 0.9 s it is not there yet
        (20.0, False, 17.9, False),
        (0.0, False, -0.5, True),  # a standing ego, though they overlap
    ],
)
def test_navsim_projects_the_ego_by_0_9_seconds(
    speed: float, between_lanes: bool, gap: float, within: bool
) -> None:
    check = NavsimTimeToCollision(DT, 1.4)
    standing = box(2.35 + gap + 2.5, 0.0, 0.0, 0.0)
    for step in range(10):
        check.add(replace(scene(standing, speed=speed), time=step * DT), between_lanes=between_lanes)
    assert check.within_bound is within


def test_navsim_compares_the_projected_ego_with_the_recorded_others() -> None:
    """A car 10 m ahead stands for 0.4 s and is gone by then: only the step of 0.6 s could meet it."""
    check = NavsimTimeToCollision(DT, 1.4)
    for step in range(20):
        place = box(2.35 + 10.0 + 2.5, 0.0 if step < 4 else 40.0, 0.0, 0.0)
        check.add(replace(scene(place), time=step * DT), between_lanes=False)
    assert check.within_bound


@pytest.mark.parametrize(("between_lanes", "within"), [(False, True), (True, False)])
def test_navsim_ignores_actors_touched_laterally_unless_between_lanes(
    between_lanes: bool, within: bool
) -> None:
    check = NavsimTimeToCollision(DT, 1.4)
    for step in range(20):
        abreast = box(0.0, 1.8, 0.0, 20.0)  # they overlap
        check.add(replace(scene(abreast), time=step * DT), between_lanes=between_lanes)
    assert check.within_bound is within
