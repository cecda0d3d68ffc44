"""The shape of the road: its boundaries, its motion, and its estimation from measured lines."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_measurements import GRID

from drive_stack.camera_model import CameraModel
from drive_stack.perception.ground_shape import GroundView
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_shape import (
    CURVATURES,
    KNOTS,
    LEVEL_SIZE,
    SIZE,
    WIDTH,
    boundaries,
    lane_path,
    motion,
)
from drive_stack.types import FloatArray

LANE, VIEW = 3.6, GroundView.of(CameraModel())


def shape(offset: float, heading: float, curvature: float) -> FloatArray:
    state = np.zeros(SIZE)
    state[0], state[1], state[CURVATURES], state[WIDTH:LEVEL_SIZE] = offset, heading, curvature, LANE
    return state


@pytest.mark.parametrize("curvature", [0.0, 1 / 250.0, -1 / 500.0])
def test_boundaries_of_an_arc_are_circles(curvature: float) -> None:
    lines = boundaries(shape(0.0, 0.0, curvature)[None], GRID.anchors[:28], VIEW)[0]
    for line, edge in zip(lines, (5.4, 1.8, -1.8, -5.4), strict=True):
        if curvature == 0.0:
            expected = np.full(28, edge)
        else:
            centre = 1.0 / curvature
            arc = np.sqrt((centre - edge) ** 2 - GRID.anchors[:28] ** 2)
            expected = centre - np.sign(curvature) * arc
        assert line == pytest.approx(expected, abs=0.03)


def test_offset_and_heading_place_the_path() -> None:
    path = lane_path(shape(0.5, 0.1, 0.0), 60.0)
    lateral = path.xy @ np.array([np.sin(0.1), np.cos(0.1)])  # distance along the lane's normal
    assert lateral == pytest.approx(-0.5, abs=1e-9)
    assert path.heading == pytest.approx(-0.1)


def test_motion_keeps_the_lines_where_they_are() -> None:
    before = shape(0.4, 0.05, 1 / 400.0)
    before[CURVATURES] += 1e-5 * KNOTS
    after, _ = motion(before, 2.0, 0.01)
    old, new = lane_path(before, 80.0), lane_path(after, 80.0)
    new_origin = np.array([2.0 * np.cos(0.005), 2.0 * np.sin(0.005)])
    cos, sin = np.cos(0.01), np.sin(0.01)
    old_in_new = (old.xy - new_origin) @ np.array([[cos, -sin], [sin, cos]])
    y = np.interp(old_in_new[5:30, 0], new.xy[:, 0], new.xy[:, 1])
    assert y == pytest.approx(old_in_new[5:30, 1], abs=0.02)


@pytest.mark.parametrize("offset", [-1.2, 0.0, 0.9])
@pytest.mark.parametrize("heading", [-0.08, 0.03])
@pytest.mark.parametrize("curvature", [0.0, 1 / 250.0, -1 / 500.0])
def test_lines_give_back_the_shape_that_made_them(offset: float, heading: float, curvature: float) -> None:
    truth = shape(offset, heading, curvature)
    y = boundaries(truth[None], GRID.anchors, VIEW)[0]
    y[np.abs(y) > GRID.half_width] = np.nan
    shapes = ShapeFilter(VIEW)
    shapes.update(GRID.anchors, y, np.full_like(y, 0.03), rounds=10)
    assert shapes.mean[0] == pytest.approx(offset, abs=0.05)
    assert shapes.mean[1] == pytest.approx(heading, abs=0.005)
    assert shapes.mean[CURVATURES][0] == pytest.approx(curvature, abs=6e-4)
    assert shapes.mean[WIDTH] == pytest.approx(LANE, abs=0.05)


def test_outliers_do_not_bend_the_road() -> None:
    y = boundaries(shape(0.3, 0.0, 0.0)[None], GRID.anchors, VIEW)[0]
    y[1, 5:9] += 1.5
    shapes = ShapeFilter(VIEW)
    shapes.update(GRID.anchors, y, np.full_like(y, 0.05), rounds=10)
    assert shapes.mean[0] == pytest.approx(0.3, abs=0.08)
    assert np.abs(shapes.mean[CURVATURES]).max() < 5e-4


def test_covariance_stays_positive_definite() -> None:
    rng, shapes = np.random.default_rng(0), ShapeFilter(VIEW)
    truth = shape(0.0, 0.0, 1 / 500.0)
    for _ in range(100):
        shapes.predict(3.0, 3.0 / 500.0)
        y = boundaries(truth[None], GRID.anchors, VIEW)[0] + rng.normal(size=(4, GRID.rows)) * 0.1
        y[rng.random(y.shape) < 0.5] = np.nan
        shapes.update(GRID.anchors, y, np.full_like(y, 0.1))
        level = shapes.covariance[:LEVEL_SIZE, :LEVEL_SIZE]
        assert float(np.linalg.eigvalsh(level).min()) > 0.0 and not shapes.covariance[LEVEL_SIZE:].any()
