"""The ground ahead: where it appears, and its estimation from the spacing of lines."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_measurements import GRID, measured_ends

from drive_stack.camera_model import CameraModel
from drive_stack.perception.ground_shape import (
    GROUND_STATIONS,
    VERTICAL_KNOTS,
    BodyPitch,
    GroundView,
    estimate_ground,
    height_weights,
    point_at,
    true_distances,
)
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_network import PITCH_STEP, LaneMeasurement
from drive_stack.perception.lanes_shape import (
    LEVEL_SIZE,
    PITCH,
    SIZE,
    VERTICAL,
    WIDTH,
    boundaries,
    jacobian,
)
from drive_stack.types import FloatArray, GroundEstimate, Image

CAMERA = CameraModel()
VIEW = GroundView.of(CAMERA)
LANE = 3.6


def shape(pitch: float = 0.0, vertical: float = 0.0, offset: float = 0.0) -> FloatArray:
    state = np.zeros(SIZE)
    state[0] = offset
    state[WIDTH:LEVEL_SIZE] = LANE
    state[PITCH], state[VERTICAL] = pitch, vertical
    return state


def ground(pitch: float, vertical: float, sigma: float = 0.0) -> GroundEstimate:
    count = len(VERTICAL_KNOTS)
    covariance = np.zeros((1 + count, 1 + count))
    covariance[0, 0] = sigma**2
    return estimate_ground(pitch, np.full(count, vertical), covariance, VIEW)


def test_a_constant_curvature_gives_a_parabola() -> None:
    height = height_weights(GROUND_STATIONS) @ np.full(len(VERTICAL_KNOTS), 1 / 3000.0)
    np.testing.assert_allclose(height, GROUND_STATIONS**2 / 6000.0, atol=1e-3)


@pytest.mark.parametrize("pitch", [-0.006, 0.006])
def test_lines_appear_as_a_pitched_camera_shows_them(pitch: float) -> None:
    """Exact projection by a camera whose pitch differs, seen by one that does not know it."""
    actual = CameraModel(pitch_down_deg=CAMERA.pitch_down_deg + np.degrees(pitch))
    x = np.linspace(9.0, 90.0, 60)
    points = np.stack([x, np.full(60, LANE / 2.0), np.zeros(60)], axis=1)
    seen = CAMERA.to_ground(actual.project(points)[:, :2])
    line = boundaries(shape(pitch)[None], seen[:, 0], VIEW)[0, 1]
    np.testing.assert_allclose(line, seen[:, 1], rtol=0.005)
    np.testing.assert_allclose(true_distances(seen[:, 0], ground(pitch, 0.0)), x, rtol=0.005)


@pytest.mark.parametrize("radius", [-5000.0, 3000.0])
def test_lines_appear_as_hills_show_them(radius: float) -> None:
    x = np.linspace(9.0, 75.0, 60)
    points = np.stack([x, np.full(60, LANE / 2.0), x**2 / (2.0 * radius)], axis=1)
    seen = CAMERA.to_ground(CAMERA.project(points)[:, :2])
    known = np.isfinite(seen[:, 0]) & (seen[:, 0] < 250.0)
    line = boundaries(shape(vertical=1.0 / radius)[None], seen[known, 0], VIEW)[0, 1]
    np.testing.assert_allclose(line, seen[known, 1], rtol=0.01)
    distances = true_distances(seen[known, 0], ground(0.0, 1.0 / radius))
    np.testing.assert_allclose(distances, x[known], rtol=0.01)


def test_nothing_is_behind_a_crest() -> None:
    """A crest of radius R at the car hides all beyond √(2·R·h), 75 m for 2,000 m."""
    estimate = ground(0.0, -1 / 2000.0)
    assert estimate.distance[-1] - VIEW.mount_x == pytest.approx(np.sqrt(2 * 2000.0 * VIEW.height), abs=4.0)
    line = boundaries(shape(vertical=-1 / 2000.0)[None], GRID.anchors, VIEW)[0, 1]
    assert np.isfinite(line[GRID.anchors < 36.0]).all() and np.isnan(line[GRID.anchors > 42.0]).all()


def test_uncertainty_of_a_distance_follows_from_the_pitch() -> None:
    """On level ground the distance d of a row at angle h / d has the relative error σ·d / h."""
    estimate = ground(0.0, 0.0, sigma=0.001)
    expected = 0.001 * (estimate.distance - VIEW.mount_x) / VIEW.height
    np.testing.assert_allclose(estimate.log_sigma, expected, rtol=1e-6)
    assert estimate.pitch_sigma == pytest.approx(0.001)


def test_a_row_on_a_hill_is_more_or_less_sensitive_than_on_level_ground() -> None:
    """In a sag, where θ = h / d − d / (2R) and z' = d / R, a row is as sensitive as θ / (θ + z')."""
    level, sag = ground(0.0, 0.0), ground(0.0, 1 / 3000.0)
    point = point_at(60.0, level)
    assert point is not None and point.distance == pytest.approx(60.0)
    assert point.sensitivity == pytest.approx(1.0, rel=0.01)
    index = int(np.argmin(np.abs(sag.distance - 50.0)))
    point = point_at(float(sag.apparent_distance[index]), sag)
    d = float(sag.distance[index]) - VIEW.mount_x
    angle = VIEW.height / d - float(sag.distance[index]) ** 2 / 6000.0 / d
    assert point is not None and point.sensitivity == pytest.approx(angle / (angle + d / 3000.0), rel=0.06)
    assert point_at(80.0, ground(0.0, -1 / 2000.0)) is None  # behind the crest


def test_braking_presses_the_nose_down() -> None:
    """At a steady −4 m/s² the body ends at 0.75°, most of it within half a second, and comes back at rest."""
    body, speed = BodyPitch(0.1), 20.0
    assert body.step(speed) == 0.0
    pitch = [0.0]
    for _ in range(20):
        speed -= 0.4
        pitch.append(pitch[-1] + body.step(speed))
    assert np.degrees(pitch[-1]) == pytest.approx(0.75, abs=0.01)
    assert np.degrees(pitch[5]) > 0.6
    for _ in range(20):
        pitch.append(pitch[-1] + body.step(speed))
    assert np.degrees(pitch[-1]) == pytest.approx(0.0, abs=0.01)


def test_derivatives_agree_with_larger_differences() -> None:
    state = shape(0.003, -1 / 6000.0)
    state[0], state[1] = 0.4, 0.02
    anchors = GRID.anchors[GRID.anchors < 60.0]
    lines, slopes = jacobian(state, anchors, VIEW)
    for index, step in ((0, 0.05), (1, 2e-3), (PITCH, 2e-4), (VERTICAL.start, 1e-5)):
        moved = state.copy()
        moved[index] += step
        change = boundaries(moved[None], anchors, VIEW)[0] - lines
        np.testing.assert_allclose(change, step * slopes[..., index], atol=0.02)


@pytest.mark.parametrize("pitch", [-0.008, 0.0, 0.008])
@pytest.mark.parametrize("vertical", [-1 / 5000.0, 0.0, 1 / 3000.0])
def test_the_spacing_of_lines_gives_back_the_ground(pitch: float, vertical: float) -> None:
    rng = np.random.default_rng(3)
    truth = shape(pitch, vertical)
    shapes = ShapeFilter(VIEW, estimates_ground=True)
    exact = boundaries(truth[None], GRID.anchors, VIEW)[0]
    exact[np.abs(exact) > GRID.half_width] = np.nan
    for step in range(30):
        if step:
            shapes.predict(2.5, 0.0)
        y = exact + rng.normal(size=exact.shape) * 0.03
        shapes.update(GRID.anchors, y, np.full_like(y, 0.05), rounds=8 if step == 0 else 3)
    known = ground(pitch, vertical)
    near = known.distance < 80.0
    estimate = estimate_ground(
        float(shapes.mean[PITCH]), shapes.mean[VERTICAL], shapes.covariance[PITCH:, PITCH:], VIEW
    )
    distances = true_distances(known.apparent_distance[near], estimate)
    np.testing.assert_allclose(distances, known.distance[near], rtol=0.05)
    assert float(shapes.mean[WIDTH]) == pytest.approx(LANE, rel=0.02)


def test_a_filter_without_ground_keeps_the_road_level() -> None:
    shapes = ShapeFilter(VIEW)
    y = boundaries(shape(0.006)[None], GRID.anchors, VIEW)[0]
    shapes.update(GRID.anchors, y, np.full_like(y, 0.05), rounds=8)
    assert not shapes.mean[PITCH:].any() and not shapes.covariance[PITCH:].any()


class PitchedCamera:
    """A `LaneSensor` whose camera is pitched; it measures well only in views of nearly its pitch."""

    grid = GRID

    def __init__(self, pitch: float) -> None:
        self._pitch, self.steps = pitch, [0]

    def measure(self, image: Image, pitch_steps: int = 0) -> LaneMeasurement:
        self.steps.append(pitch_steps)
        view_error = self._pitch - pitch_steps * PITCH_STEP
        y = boundaries(shape(view_error, offset=0.3)[None], GRID.anchors, VIEW)[0]
        # far lines are lost in a strange view
        y[:, GRID.anchors > (100.0 if abs(view_error) < 0.01 else 25.0)] = np.nan
        y[np.abs(y) > GRID.half_width] = np.nan
        probability = np.full((2, GRID.rows), 0.9)
        return LaneMeasurement(
            y, np.full_like(y, 0.05), probability[:, 0], probability, measured_ends((np.inf,) * 3), 0.95
        )


@pytest.mark.parametrize("degrees", [-2.4, 0.15, 2.4])
def test_the_view_follows_the_pitch_of_the_camera(degrees: float) -> None:
    sensor = PitchedCamera(float(np.radians(degrees)))
    lanes = FilteredLanes(sensor, 0.1, estimates_ground=True)
    for _ in range(40):
        estimate = lanes.estimate(np.zeros((2, 2, 3), np.uint8), 20.0, 0.0)
    assert estimate.ground is not None
    assert np.degrees(estimate.ground.pitch) == pytest.approx(degrees, abs=0.03)
    assert estimate.offset == pytest.approx(0.3, abs=0.03)
    assert estimate.width == pytest.approx(LANE, abs=0.03)
    expected = round(degrees / 0.1) if abs(degrees) > 0.2 else 0  # small pitches do not move the view
    assert abs(sensor.steps[-1] - expected) <= 2
    lanes.reset()
    lanes.estimate(np.zeros((2, 2, 3), np.uint8), 20.0, 0.0)
    assert sensor.steps[-1] == pytest.approx(expected, abs=2)


def test_a_level_estimate_keeps_the_nominal_view() -> None:
    sensor = PitchedCamera(0.02)
    lanes = FilteredLanes(sensor, 0.1)
    for _ in range(5):
        assert lanes.estimate(np.zeros((2, 2, 3), np.uint8), 20.0, 0.0).ground is None
    assert set(sensor.steps) == {0}
