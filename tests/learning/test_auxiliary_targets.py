"""Auxiliary targets of the policy: the proximity of actors by image column."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import (
    MAX_DISTANCE,
    OtherActors,
    other_actors_of,
    read_other_actors,
)
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.learning.imitation.column_targets import (
    COLUMNS,
    KINDS,
    column_loss,
    column_proximities,
    proximity,
)
from drive_stack.objects.boxes import all_actor_boxes
from drive_stack.types import Control, ObjectClass

CAMERA = CameraModel()
CENTRE = COLUMNS // 2
VEHICLE, PEDESTRIAN, OBSTACLE = range(KINDS)
Actor = tuple[int, ObjectClass, float, float, float, float, float]  # row, label, ahead, left, heading, size


def others(*actors: Actor) -> OtherActors:
    row, label, ahead, left, heading, length, width = (np.array(part) for part in zip(*actors, strict=True))
    zeros = np.zeros(len(actors))
    return OtherActors(row, label.astype(int), ahead, left, heading, zeros, length, width, zeros)


def car(ahead: float, left: float = 0.0, row: int = 0) -> Actor:
    return row, ObjectClass.CAR, ahead, left, 0.0, 4.0, 1.8


def pedestrian(ahead: float, left: float = 0.0) -> Actor:
    return 0, ObjectClass.PEDESTRIAN, ahead, left, 0.0, 0.4, 0.5


def test_a_car_straight_ahead_fills_the_centre_columns_with_the_proximity_of_its_rear() -> None:
    proximities = column_proximities(others(car(23.7)), 1, CAMERA)[0, VEHICLE]  # its rear is 20 m away
    assert np.flatnonzero(proximities).tolist() == [CENTRE - 2, CENTRE - 1, CENTRE, CENTRE + 1]
    assert proximities[CENTRE] == pytest.approx(0.5, abs=1e-3)
    assert float(proximity(np.array(20.0))) == 0.5


@given(st.floats(6.0, 150.0), st.floats(-20.0, 20.0), st.floats(-3.1, 3.1))
def test_a_mirrored_actor_is_in_the_mirrored_columns(ahead: float, left: float, heading: float) -> None:
    left_side, right_side = (
        column_proximities(
            others((0, ObjectClass.CAR, ahead, side * left, side * heading, 4.0, 1.8)), 1, CAMERA
        )[0, VEHICLE]
        for side in (1.0, -1.0)
    )
    differs = (left_side > 0) != (right_side[::-1] > 0)
    assert differs.sum() <= 2  # an edge may lie on a column's own edge
    both = (left_side > 0) & (right_side[::-1] > 0)
    np.testing.assert_allclose(left_side[both], right_side[::-1][both], atol=1e-3)


@given(st.floats(5.0, 190.0), st.floats(-0.5, 0.5))
def test_the_smallest_actor_in_the_image_is_in_a_column(ahead: float, slope: float) -> None:
    proximities = column_proximities(others(pedestrian(ahead, slope * (ahead - CAMERA.mount_x))), 1, CAMERA)[
        0, PEDESTRIAN
    ]
    assert np.count_nonzero(proximities) >= 1
    column = int((CAMERA.width / 2 - CAMERA.focal_px * slope) / CAMERA.width * COLUMNS)
    assert np.abs(np.flatnonzero(proximities) - column).min() <= 1


def test_an_actor_behind_a_vehicle_is_unknown() -> None:
    hidden = column_proximities(others(car(15.0), pedestrian(40.0)), 1, CAMERA)[0]
    visible = column_proximities(others(car(40.0), pedestrian(15.0)), 1, CAMERA)[0]
    assert np.isnan(hidden[PEDESTRIAN, CENTRE - 1 : CENTRE + 1]).any() and hidden[VEHICLE, CENTRE] > 0.5
    assert not np.isnan(visible).any() and visible[PEDESTRIAN].max() > visible[VEHICLE].max()


def test_actors_outside_the_image_are_in_no_column_and_rows_are_separate() -> None:
    proximities = column_proximities(others(car(-20.0), car(30.0, 60.0), car(30.0, 0.0, row=2)), 3, CAMERA)
    assert [int(np.count_nonzero(row)) > 0 for row in proximities] == [False, False, True]


def test_the_loss_is_zero_for_the_truth_and_ignores_unknown_columns() -> None:
    truth = torch.zeros(2, KINDS, COLUMNS)
    truth[0, VEHICLE, 3] = 0.5
    truth[1, PEDESTRIAN, 7] = torch.nan
    predicted = torch.nan_to_num(truth)
    assert float(column_loss(predicted, truth)) == 0.0
    predicted[1, PEDESTRIAN, 7] = 1.0
    assert float(column_loss(predicted, truth)) == 0.0
    predicted[0, VEHICLE, 3] = 0.0
    assert float(column_loss(predicted, truth)) > 0.0


def test_a_recording_contains_the_actors_of_the_world() -> None:
    env = DrivingEnv(EnvSpec("pedestrian_crossing", camera=False))
    try:
        env.reset(3)
        for _ in range(20):
            env.step(Control(0.0, 0.0))
        state = env.truth.world_state()
    finally:
        env.close()
    actors = [asdict(actor) for actor in other_actors_of(state)]
    column = pa.array([actors, [], actors], DRIVES.schema.field("other_actors").type)
    recorded = read_other_actors([pa.chunked_array([column])])
    boxes = all_actor_boxes(state)
    near = np.hypot(boxes.pose[:, 0] - state.ego.x, boxes.pose[:, 1] - state.ego.y) <= MAX_DISTANCE
    assert near.sum() >= 2 and len(recorded.row) == 2 * near.sum() and set(recorded.row) == {0, 2}
    first = recorded.row == 0
    cos, sin = np.cos(state.ego.yaw), np.sin(state.ego.yaw)
    x = state.ego.x + cos * recorded.x[first] - sin * recorded.y[first]
    y = state.ego.y + sin * recorded.x[first] + cos * recorded.y[first]
    np.testing.assert_allclose(np.column_stack([x, y]), boxes.pose[near][:, :2], atol=1e-3)
    np.testing.assert_array_equal(recorded.label[first], boxes.label[near])
    np.testing.assert_allclose(recorded.speed[first], boxes.speed[near], atol=1e-5)
