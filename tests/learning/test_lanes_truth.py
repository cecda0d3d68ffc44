"""Labels of the lanes on roads and in the view of the camera, compared with values computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.learning.lanes.image_labels import image_labels
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.road.vertical_profile import build_profile
from drive_stack.road_map import Lane, LaneKind, RoadMap, build_road
from drive_stack.types import NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import (
    Conditions,
    EgoState,
    MountingError,
    ObstacleStates,
    PedestrianStates,
    VehicleStates,
    WorldState,
)

CAMERA, GRID = CameraModel(), GroundGrid()
EDGES = (
    7.5,
    3.75,
    0.0,
    -3.75,
)  # of three lanes, relative to the reference, the right edge of the centre lane


def three_lanes(end: float = 1e4, curvature: float = 0.0) -> RoadMap:
    lanes = tuple(
        Lane(offset, 3.75, 0.0, end if k == 2 else 1e4) for k, offset in enumerate((5.625, 1.875, -1.875))
    )
    return build_road(((1e4, curvature),), lanes)


def vehicles(rows: list[tuple[float, float, float, float]]) -> VehicleStates:
    """Standing cars along the x axis; each row is (x, y, length, width) [m]."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    count, zero = len(table), np.zeros(len(table))
    zeros = np.zeros(count, dtype=np.int64)
    return VehicleStates(
        id=np.arange(1, count + 1), x=table[:, 0], y=table[:, 1], yaw=zero, speed=zero, acceleration=zero,
        length=table[:, 2], width=table[:, 3], height=zero + 1.5, label=zeros, body=zeros,
        colour=np.zeros((count, 3), dtype=np.uint8), lane=zeros, target_lane=zeros, station=zero,
        lateral=zero, brake_lamp=np.zeros(count, dtype=np.bool_), indicator=zeros,
        parked=np.zeros(count, dtype=np.bool_), unlit=np.zeros(count, dtype=np.bool_),
    )  # fmt: skip


def state_on(
    road: RoadMap,
    station: float,
    lateral: float,
    yaw_offset: float = 0.0,
    cars: list[tuple[float, float, float, float]] | None = None,
) -> WorldState:
    point, yaw = road.to_world(np.asarray(station), np.asarray(lateral))
    x, y, heading = float(point[0]), float(point[1]), float(yaw) + yaw_offset
    none, no_integers = np.zeros(0), np.zeros(0, dtype=np.int64)
    return WorldState(
        time=0.0,
        ego=EgoState(x, y, heading, 20.0, 0.0, 0.0, 0.0, station, lateral),
        car=VehicleParameters(),
        vehicles=vehicles(cars or []),
        pedestrians=PedestrianStates(
            no_integers, none, none, none, none, none, none, none, none, none, np.zeros(0, dtype=np.bool_),
            np.zeros((0, 4, 3), dtype=np.uint8), no_integers,
        ),
        obstacles=ObstacleStates(
            no_integers, none, none, none, none, none, none, kind=no_integers, form=no_integers
        ),
        road=road, conditions=Conditions(), speed_limit=30.0, command=NavigationCommand.FOLLOW,
        blind_spot_left=False, blind_spot_right=False, route_start=0.0, route_end=1000.0,
    )  # fmt: skip


def test_a_straight_road_has_parallel_lines() -> None:
    truth = lane_truth(state_on(three_lanes(), 100.0, 2.0), CAMERA)
    for row, edge in zip(truth["y"], EDGES, strict=True):
        assert row == pytest.approx(edge - 2.0, abs=1e-5)
    assert truth["offset"] == pytest.approx(0.125)
    assert truth["width"] == pytest.approx(3.75)
    assert truth["neighbour"].tolist() == [True, True]


def test_lines_are_slanted_for_a_turned_car() -> None:
    truth = lane_truth(state_on(three_lanes(), 100.0, 1.875, yaw_offset=0.05), CAMERA)
    centre = (truth["y"][1] + truth["y"][2]) / 2.0
    assert centre == pytest.approx(-GRID.anchors * np.tan(0.05), abs=1e-4)
    assert truth["heading"] == pytest.approx(0.05)


def test_a_curve_is_an_arc() -> None:
    truth = lane_truth(state_on(three_lanes(curvature=1 / 250.0), 100.0, 1.875), CAMERA)
    radius = 250.0 - 1.875
    near = GRID.anchors < 60.0
    centre = radius - np.sqrt((radius - 1.875) ** 2 - GRID.anchors[near] ** 2)
    assert truth["y"][1][near] == pytest.approx(centre, abs=0.01)
    assert truth["curvature"] == pytest.approx(1 / radius)


def test_a_lane_that_ends_has_no_line_beyond() -> None:
    truth = lane_truth(state_on(three_lanes(end=140.0), 100.0, -1.875), CAMERA)
    assert truth["ends"].tolist() == [np.inf, 40.0, np.inf]
    assert np.isnan(truth["y"][2][GRID.anchors > 40.0]).all()
    assert np.isfinite(truth["y"][2][GRID.anchors < 39.0]).all()


def test_the_leftmost_lane_has_no_left_neighbour() -> None:
    truth = lane_truth(state_on(three_lanes(), 100.0, 5.6), CAMERA)
    assert truth["neighbour"].tolist() == [False, True]
    assert np.isnan(truth["y"][0]).all()
    assert truth["enterable"].tolist() == [False, True]


def test_a_ramp_may_not_be_entered_before_it_opens() -> None:
    lanes = (Lane(0.0, 3.75, 0.0, 1e4), Lane(-3.75, 3.75, 0.0, 400.0, LaneKind.RAMP, opens=200.0))
    road = build_road(((1e4, 0.0),), lanes)
    assert lane_truth(state_on(road, 150.0, 0.0), CAMERA)["enterable"].tolist() == [False, False]
    assert lane_truth(state_on(road, 250.0, 0.0), CAMERA)["enterable"].tolist() == [False, True]


def test_a_line_may_be_crossed_from_where_the_ramp_opens_to_its_end() -> None:
    lanes = (Lane(0.0, 3.75, 0.0, 1e4), Lane(-3.75, 3.75, 0.0, 240.0, LaneKind.RAMP, opens=200.0))
    road = build_road(((1e4, 0.0),), lanes)
    for lateral, side in ((0.0, 1), (-3.75, 0)):
        crossable = lane_truth(state_on(road, 150.0, lateral), CAMERA)["crossable"]
        assert not crossable[1 - side].any()
        expected = (GRID.anchors >= 50.0) & (GRID.anchors <= 90.0)
        assert crossable[side].tolist() == expected.tolist()


def test_a_car_hides_the_lines_behind_it() -> None:
    road = three_lanes()
    unhidden = lane_truth(state_on(road, 0.0, 1.875), CAMERA)
    hidden = lane_truth(state_on(road, 0.0, 1.875, cars=[(30.0, 3.75, 4.5, 1.8)]), CAMERA)
    anchors = GRID.anchors
    assert hidden["clear"][1][anchors < 27.0].tolist() == unhidden["clear"][1][anchors < 27.0].tolist()
    assert unhidden["clear"][1][anchors > 15.0].all()
    assert not hidden["clear"][1][(anchors > 29.0) & (anchors < 45.0)].any()
    assert hidden["clear"][2].tolist() == unhidden["clear"][2].tolist()


def test_clear_points_project_into_the_image() -> None:
    truth = lane_truth(state_on(three_lanes(), 0.0, 2.4, yaw_offset=0.1), CAMERA)
    rows, columns = np.nonzero(truth["clear"])
    points = np.stack([GRID.anchors[columns], truth["y"][rows, columns], np.zeros(len(rows))], axis=1)
    u, v, _ = CAMERA.project(points.astype(np.float64)).T
    assert len(rows) > 20
    assert ((u >= 0) & (u < CAMERA.width) & (v >= 0) & (v < CAMERA.height)).all()


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
