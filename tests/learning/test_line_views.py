"""Where lines appear in the bird's-eye view, compared with geometry by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_lanes_truth import CAMERA, GRID, state_on, three_lanes

from drive_stack.learning.lanes.image_labels import image_labels
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.road.vertical_profile import build_profile
from drive_stack.road_map import RoadMap
from drive_stack.world_state import MountingError

FAR_ENOUGH = GRID.anchors > 9.0  # nearer ones are below the image


def on_hills(road: RoadMap, *changes: tuple[float, float, float]) -> RoadMap:
    return replace(road, profile=build_profile(changes))


def test_on_a_level_road_lines_appear_where_they_are() -> None:
    truth = lane_truth(state_on(three_lanes(curvature=1 / 800), 100.0, 1.2, yaw_offset=0.02), CAMERA)
    visible = truth["clear_image"]
    assert (visible != truth["clear"]).sum(axis=1).max() <= 1  # where a line leaves the image
    visible &= truth["clear"]
    assert visible.sum() > 120
    np.testing.assert_allclose(truth["y_image"][visible], truth["y"][visible], atol=5e-3)
    np.testing.assert_allclose(truth["x_image"][FAR_ENOUGH], GRID.anchors[FAR_ENOUGH], rtol=1e-3, atol=0.3)
    assert (truth["ground"] == 0.0).all()
    expected = [CAMERA.mount_x, CAMERA.mount_z, np.radians(CAMERA.pitch_down_deg), 0.0]
    np.testing.assert_allclose(truth["camera"], expected, rtol=1e-6)


@pytest.mark.parametrize("pitch_deg", [-0.4, 0.4])
def test_a_pitched_camera_moves_lines_as_its_formula_says(pitch_deg: float) -> None:
    """A camera that looks farther down by δ shows the ground farther away: d' = h·d / (h − δ·d)."""
    state = replace(state_on(three_lanes(), 100.0, 1.875), mounting_error=MountingError(pitch_deg=pitch_deg))
    truth = lane_truth(state, CAMERA)
    d, h = GRID.anchors - CAMERA.mount_x, CAMERA.mount_z
    true_distance = h * d / (h + np.radians(pitch_deg) * d)  # the formula, solved for d
    known = np.isfinite(truth["x_image"]) & (d < 60.0)
    np.testing.assert_allclose(truth["x_image"][known] - CAMERA.mount_x, true_distance[known], rtol=0.01)
    left = truth["y_image"][1]
    known &= np.isfinite(left)
    assert known.sum() > 15
    # the left line of the ego lane is 1.875 m to the left at every distance
    np.testing.assert_allclose(left[known], 1.875 * (d / true_distance)[known], rtol=0.01)


def test_on_a_steady_grade_lines_appear_as_on_a_level_road() -> None:
    level = lane_truth(state_on(three_lanes(), 400.0, 1.2), CAMERA)
    climbing = lane_truth(state_on(on_hills(three_lanes(), (10.0, 0.05, 3000.0)), 400.0, 1.2), CAMERA)
    visible = level["clear_image"]
    assert (visible != climbing["clear_image"]).sum(axis=1).max() <= 1
    visible &= climbing["clear_image"]
    np.testing.assert_allclose(climbing["y_image"][visible], level["y_image"][visible], atol=0.01)
    np.testing.assert_allclose(climbing["ground"], 0.05 * GRID.anchors, atol=0.02)


def test_nothing_appears_from_behind_a_crest() -> None:
    """40 m ahead the road tips from level to −20 % within 4 m; the ground beyond is out of sight."""
    road = on_hills(three_lanes(), (140.0, -0.2, 20.0))
    truth = lane_truth(state_on(road, 100.0, 1.875), CAMERA)
    shown = np.isfinite(truth["x_image"])
    assert 37.0 < truth["x_image"][shown].max() < 41.0  # anchors are 3 m apart here
    assert not truth["clear_image"][:, GRID.anchors > 46.0].any()


def test_a_dip_shows_the_far_slope_farther_up() -> None:
    """In a sag the far road is seen steeply, so it appears farther away than it is."""
    road = on_hills(three_lanes(), (120.0, 0.06, 2000.0))
    truth = lane_truth(state_on(road, 100.0, 1.875), CAMERA)
    shown = np.isfinite(truth["x_image"]) & (GRID.anchors > 60.0)
    assert shown.any() and (truth["x_image"][shown] < GRID.anchors[shown] - 5.0).all()


@pytest.mark.parametrize("pitch_deg", [0.0, 0.3])
def test_training_labels_are_where_the_image_shows_them(pitch_deg: float) -> None:
    """The right neighbour ends 60 m ahead; a camera pitched down shows that end farther away."""
    state = replace(
        state_on(three_lanes(end=160.0), 100.0, 1.875), mounting_error=MountingError(pitch_deg=pitch_deg)
    )
    truth = lane_truth(state, CAMERA)
    assert truth["ends"][2] == pytest.approx(60.0)
    labels = image_labels(truth, GRID)
    d, h = 60.0 - CAMERA.mount_x, CAMERA.mount_z
    apparent = CAMERA.mount_x + h * d / (h - np.radians(pitch_deg) * d)
    assert labels["ends"][2] == pytest.approx(apparent, rel=0.02)
    assert np.isinf(labels["ends"][:2]).all()
    np.testing.assert_array_equal(labels["inside"], np.isfinite(truth["y_image"]))
    right_line = labels["crossable"][1]
    assert right_line[GRID.anchors < 0.9 * apparent].all()
    assert not right_line[GRID.anchors > 1.1 * apparent].any()


def test_a_view_without_any_road_has_no_visible_lane() -> None:
    truth = lane_truth(state_on(three_lanes(), 100.0, 1.875), CAMERA)
    labels = image_labels(truth | {"x_image": np.full(GRID.rows, np.nan)}, GRID)
    assert not labels["inside"].any() and not labels["clear"].any()
