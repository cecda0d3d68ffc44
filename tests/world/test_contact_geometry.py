"""Contacts where early exits and interpolation matter: fast passes, rotations, rails, corners."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_stack.geometry import box_corners
from drive_stack.road_map import Lane, build_road
from drive_stack.types import Contact, ContactKind, FloatArray, Side
from drive_stack.vehicle import VehicleParameters
from envs.contacts import ContactMonitor, EgoBody, RoadPosition, Shapes, contact_side, ego_body
from envs.overlap import first_touch, pose_at

CAR = VehicleParameters(length=4.0, width=2.0)  # its half diagonal is √5 = 2.236 m
ROAD = build_road(((500.0, 0.0),), (Lane(0.0, 3.5, 0.0, 500.0),), left_shoulder=1.0, right_shoulder=3.0)
RAIL_LEFT, RAIL_RIGHT = 3.25, -5.25  # half a lane, the shoulder, and half a metre


def body(x: float, y: float, yaw: float, speed: float) -> EgoBody:
    return EgoBody(np.array([x, y, yaw], dtype=np.float64), speed)


def cars(*rows: tuple[int, float, float, float, float]) -> Shapes:
    """Rows of id, x, y, yaw, speed; all 4 m × 2 m."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    size = np.full(len(table), 4.0), np.full(len(table), 2.0), np.zeros(len(table))
    kinds = (ContactKind.VEHICLE,) * len(table)
    return Shapes(table[:, 0].astype(np.int64), kinds, table[:, 1:4].copy(), table[:, 4].copy(), *size)


def rail_hits(monitor: ContactMonitor, now: EgoBody) -> list[Contact]:
    return monitor.update_rail(0.0, now, ROAD, RoadPosition.of(now, ROAD, 100.0))


# --- the swept test ------------------------------------------------------------------------------


def swept(start: FloatArray, end: FloatArray, size: tuple[float, float, float], box_end: FloatArray) -> float:
    """Fraction at which a shape touches a box of 4 m × 2 m that starts at the origin.

    ``size`` is length, width, radius.
    """
    length, width, radius = (np.array([value]) for value in size)
    fractions = first_touch(
        np.zeros(3), box_end, 4.0, 2.0, start[None], end[None], length, width, radius, 0.05
    )
    return float(fractions[0])


@pytest.mark.parametrize(
    ("size", "fraction"),
    [((4.0, 2.0, 0.0), 26.0 / 60.0), ((0.0, 0.0, 0.5), 27.5 / 60.0)],
    ids=["a box: 30 m less 2 m and 2 m", "a disc: 30 m less 2 m and 0.5 m"],
)
def test_a_body_that_passes_through_within_one_tick_is_hit(
    size: tuple[float, float, float], fraction: float
) -> None:
    """It starts 30 m ahead and ends 30 m behind, so that only the sweep can detect it."""
    start, end = np.array([30.0, 0.5, 0.0]), np.array([-30.0, 0.5, 0.0])
    assert swept(start, end, size, np.zeros(3)) == pytest.approx(fraction, abs=0.05 / 60.0 + 1e-9)
    assert swept(start, end + np.array([0.0, 8.0, 0.0]), (4.0, 2.0, 0.0), np.zeros(3)) == -1.0
    ahead = np.array([30.0, 0.5, 0.0])
    assert swept(ahead, ahead, size, np.array([60.0, 0.0, 0.0])) == pytest.approx(fraction, abs=0.05 / 60.0)


def test_a_corner_that_touches_only_during_a_turn_hits() -> None:
    """The car turns by 90° on the spot; a post stands at 45°, 2.15 m away.

    Its corner, at 26.57° and 2.236 m, passes the post at 18.43°; before and after, nothing reaches it.
    """
    post = np.array([2.15 * math.cos(math.pi / 4.0), 2.15 * math.sin(math.pi / 4.0), 0.0])
    fraction = swept(post, post, (0.0, 0.0, 0.02), np.array([0.0, 0.0, math.pi / 2.0]))
    assert 0.75 * 18.43 / 90.0 < fraction < 18.43 / 90.0
    assert swept(post, post, (0.0, 0.0, 0.02), np.zeros(3)) == -1.0


def test_the_rotation_of_the_other_vehicle_is_swept_too() -> None:
    """A car 2.9 m to the left turns from level to level, by 170°: upright it reaches down to 0.9 m.

    The ego's flank is at 1 m; level, turned by 5° at most, the other's lowest corner is at 1.73 m.
    """
    start = np.array([0.0, 2.9, math.radians(5.0)])
    end = np.array([0.0, 2.9, math.radians(175.0)])
    assert swept(start, start, (4.0, 2.0, 0.0), np.zeros(3)) == -1.0
    assert swept(end, end, (4.0, 2.0, 0.0), np.zeros(3)) == -1.0
    assert 0.1 < swept(start, end, (4.0, 2.0, 0.0), np.zeros(3)) < 0.5


@given(st.floats(-8.0, 8.0), st.floats(-8.0, 8.0), st.floats(-3.1, 3.1), st.floats(-3.1, 3.1))
@settings(max_examples=60)
def test_the_fraction_is_that_of_the_first_touch(x: float, y: float, yaw: float, other_yaw: float) -> None:
    """Just before it the boxes are apart, and at it they touch, by a separate test on stationary boxes."""
    start, end = np.array([20.0, 3.0, other_yaw]), np.array([x, y, other_yaw + 0.3])
    box_end = np.array([1.0, 0.5, yaw / 10.0])
    fraction = swept(start, end, (4.5, 1.8, 0.0), box_end)
    earlier = fraction - 0.15 / math.hypot(x - 21.0, y - 3.5)  # 15 cm of relative motion

    def touching(instant: float) -> bool:
        own, other = pose_at(np.zeros(3), box_end, instant), pose_at(start, end, instant)
        return touch_of_stationary_boxes(own, other) >= 0.0

    assert fraction < 0.0 or touching(fraction)
    assert earlier <= 0.0 or not touching(earlier)
    assert fraction >= 0.0 or not touching(1.0)


def touch_of_stationary_boxes(own: FloatArray, other: FloatArray) -> float:
    sizes = np.array([4.5]), np.array([1.8]), np.zeros(1)
    return float(first_touch(own, own, 4.0, 2.0, other[None], other[None], *sizes, 0.05)[0])


def test_a_pose_is_interpolated_along_the_smaller_angle() -> None:
    between = pose_at(np.array([0.0, 2.0, 3.1]), np.array([4.0, 4.0, -3.1]), 0.25)
    assert between[:2] == pytest.approx([1.0, 2.5])
    assert between[2] == pytest.approx(3.1 + 0.25 * (2.0 * math.pi - 6.2))


# --- properties of a contact -----------------------------------------------------------------------


def test_the_speed_of_a_hit_is_that_at_the_touch() -> None:
    """Braking from 24 m/s to 16 m/s within a tick of 1 m; the front has to go 0.5 m: half-way, 20 m/s."""
    other = cars((7, 4.5, 0.0, 0.0, 5.0))
    before, now = body(0.0, 0.0, 0.0, 24.0), body(1.0, 0.0, 0.0, 16.0)
    (hit,) = ContactMonitor(CAR).update(0.05, before, now, other, other)
    assert hit.ego_speed == pytest.approx(20.0, abs=0.2)
    assert hit.impact_speed == pytest.approx(15.0, abs=0.2)
    assert hit.actor_speed == 5.0


@pytest.mark.parametrize(
    ("closing", "side"),
    [((10.0, 1.0), Side.FRONT), ((1.0, 10.0), Side.LEFT)],
    ids=["faster longitudinally", "faster laterally"],
)
def test_at_a_corner_the_side_with_the_higher_closing_speed_is_hit(
    closing: tuple[float, float], side: Side
) -> None:
    assert contact_side(np.array([2.0, 1.0]), np.array(closing), CAR) is side
    # the closing speed weighs as much as 1 cm for each m/s: 9 cm for a difference of 9 m/s
    assert contact_side(np.array([2.0, 0.90]), np.array([1.0, 10.0]), CAR) is Side.FRONT


def test_the_point_of_contact_is_the_mean_of_the_overlapping_corners() -> None:
    """A transverse car overlaps the bonnet on the right: the point of contact is at the front right."""
    transverse = cars((7, 2.9, -1.9, math.pi / 2.0, 0.0))
    now = body(0.0, 0.0, 0.0, 10.0)
    (hit,) = ContactMonitor(CAR).update(0.05, now, now, transverse, transverse)
    assert (hit.side, hit.impact_speed) == (Side.FRONT, 10.0)


@pytest.mark.parametrize("yaw", [0.0, math.pi / 2.0, -2.0])
def test_the_body_s_centre_is_ahead_of_the_rear_axle(yaw: float) -> None:
    """Half of 4.7 m less 0.95 m behind the axle: 1.4 m."""
    body_of_ego = ego_body(10.0, 20.0, yaw, 5.0, VehicleParameters())
    assert body_of_ego.pose == pytest.approx([10.0 + 1.4 * math.cos(yaw), 20.0 + 1.4 * math.sin(yaw), yaw])


# --- rails -----------------------------------------------------------------------------------------


def test_a_rail_contact_lasts_while_nothing_else_touches() -> None:
    """A car that scrapes along the rail hits it once, with or without traffic around."""
    monitor, scraping = ContactMonitor(CAR), body(100.0, 2.3, 0.0, 20.0)
    far, near = cars((7, 200.0, 0.0, 0.0, 0.0)), cars((7, 103.0, 1.0, 0.0, 0.0))
    none = cars()
    assert len(rail_hits(monitor, scraping)) == 1
    for others, hits in ((none, 0), (far, 0), (near, 1), (near, 0), (far, 0)):
        assert len(monitor.update(0.0, scraping, scraping, others, others)) == hits
        assert rail_hits(monitor, scraping) == []
    assert rail_hits(monitor, body(102.0, 0.0, 0.0, 20.0)) == []
    assert len(rail_hits(monitor, scraping)) == 1


def test_a_hit_away_from_the_rail_is_no_rail_contact() -> None:
    monitor, other = ContactMonitor(CAR), cars((7, 103.0, 0.0, 0.0, 0.0))
    clear = body(100.0, 0.0, 0.0, 20.0)
    assert len(monitor.update(0.0, clear, clear, other, other)) == 1
    assert len(rail_hits(monitor, body(100.0, 2.3, 0.0, 20.0))) == 1


def test_a_vehicle_that_separates_can_be_hit_again_while_another_touches() -> None:
    monitor, ego = ContactMonitor(CAR), body(0.0, 0.0, 0.0, 10.0)
    both = cars((5, 3.9, 0.0, 0.0, 0.0), (6, 0.0, 1.9, 0.0, 0.0))
    only_one = cars((5, 3.9, 0.0, 0.0, 0.0), (6, 0.0, 9.0, 0.0, 0.0))
    hits_by_step = [monitor.update(0.0, ego, ego, now, now) for now in (both, only_one, both)]
    assert [[hit.actor_id for hit in hits] for hits in hits_by_step] == [[5, 6], [], [6]]


@given(st.floats(-7.0, 5.0), st.floats(-math.pi, math.pi))
@settings(max_examples=200)
def test_the_rail_is_hit_where_a_corner_is_beyond_it(lateral: float, yaw: float) -> None:
    """The early exit for a car in the middle of the road does not hide a contact."""
    now = body(100.0, lateral, yaw, 10.0)
    corner_laterals = box_corners(now.pose[:2], yaw, 4.0, 2.0)[:, 1]
    beyond_left, beyond_right = corner_laterals.max() - RAIL_LEFT, RAIL_RIGHT - corner_laterals.min()
    if min(abs(beyond_left), abs(beyond_right)) < 1e-6:
        return
    hits = rail_hits(ContactMonitor(CAR), now)
    assert len(hits) == int(beyond_left > 0.0 or beyond_right > 0.0)
    if hits and (beyond_left > 0.0) != (beyond_right > 0.0):
        assert hits[0].side is (Side.LEFT if beyond_left > 0.0 else Side.RIGHT)
        outward = math.sin(yaw) if beyond_left > 0.0 else -math.sin(yaw)
        assert hits[0].impact_speed == pytest.approx(max(10.0 * outward, 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("lateral", "side"), [(RAIL_LEFT - 2.23, Side.LEFT), (RAIL_RIGHT + 2.23, Side.RIGHT)]
)
def test_the_far_corner_of_a_rotated_car_hits_the_rail(lateral: float, side: Side) -> None:
    """Turned so that a diagonal points at the rail, the car reaches 2.236 m."""
    yaw = math.pi / 2.0 - math.atan(0.5)
    (hit,) = rail_hits(ContactMonitor(CAR), body(100.0, lateral, yaw, 10.0))
    assert hit.side is side
    inward = math.copysign(0.02, lateral)
    assert rail_hits(ContactMonitor(CAR), body(100.0, lateral - inward, yaw, 10.0)) == []
