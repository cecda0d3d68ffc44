"""Plane geometry by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polygons import boxes_overlap

from drive_stack.geometry import (
    box_corners,
    rotation,
    to_local,
    to_world,
    wrap_angle,
    wrap_angles,
)

angles = st.floats(-50.0, 50.0)
metres = st.floats(-500.0, 500.0)


@given(angles)
def test_wrapped_angles_are_in_range_and_point_the_same_way(angle: float) -> None:
    wrapped = wrap_angle(angle)
    assert -np.pi <= wrapped < np.pi
    assert np.cos(wrapped) == pytest.approx(np.cos(angle), abs=1e-9)
    assert np.sin(wrapped) == pytest.approx(np.sin(angle), abs=1e-9)
    assert wrap_angles(np.array([angle]))[0] == wrapped


@given(metres, metres, metres, metres, angles)
def test_local_undoes_world(x: float, y: float, ox: float, oy: float, yaw: float) -> None:
    point, origin = np.array([x, y]), np.array([ox, oy])
    assert to_local(to_world(point, origin, yaw), origin, yaw) == pytest.approx(point, abs=1e-9)


def test_quarter_turn() -> None:
    assert rotation(np.pi / 2.0) @ np.array([1.0, 0.0]) == pytest.approx([0.0, 1.0])
    assert to_local(np.array([1.0, 3.0]), np.array([1.0, 1.0]), np.pi / 2.0) == pytest.approx([2.0, 0.0])


@given(metres, metres, angles)
def test_box_has_its_size_and_turns_left(x: float, y: float, yaw: float) -> None:
    corners = box_corners(np.array([x, y]), yaw, 4.0, 2.0)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert sides == pytest.approx([4.0, 2.0, 4.0, 2.0])
    following = np.roll(corners, -1, axis=0)
    area = 0.5 * np.sum(corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1])
    assert area == pytest.approx(8.0, abs=1e-6)


@given(angles, st.floats(0.05, 3.0), angles)
def test_overlap_is_symmetric_and_ignores_the_frame(yaw: float, distance: float, frame: float) -> None:
    first = box_corners(np.zeros(2), 0.0, 4.0, 2.0)
    second = box_corners(np.array([distance, distance]), yaw, 3.0, 1.0)
    answer = boxes_overlap(first, second)
    assert boxes_overlap(second, first) == answer
    moved = [to_world(box * 1.0, np.array([30.0, -7.0]), frame) for box in (first, second)]
    distance_from_touching = abs(distance - 1.0)
    if distance_from_touching > 1e-6:
        assert boxes_overlap(moved[0], moved[1]) == answer or _nearly_touch(first, second)


def _nearly_touch(first: np.ndarray, second: np.ndarray) -> bool:
    grown = second + 1e-9 * np.sign(second - second.mean(axis=0))
    shrunk = second - 1e-9 * np.sign(second - second.mean(axis=0))
    return boxes_overlap(first, grown) != boxes_overlap(first, shrunk)


def test_boxes_side_by_side() -> None:
    car = box_corners(np.zeros(2), 0.0, 4.0, 2.0)
    assert boxes_overlap(car, box_corners(np.array([3.9, 1.9]), 0.0, 4.0, 2.0))
    assert not boxes_overlap(car, box_corners(np.array([4.1, 0.0]), 0.0, 4.0, 2.0))
    # near at a corner: axis-aligned bounds overlap, the boxes do not
    assert not boxes_overlap(car, box_corners(np.array([3.0, 2.0]), np.pi / 4.0, 2.0, 0.4))
