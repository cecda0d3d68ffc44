"""What the policy is asked while it learns: how near things are, column by column and in its way."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.actor_boxes import all_actor_boxes
from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import (
    MAX_DISTANCE,
    OtherActors,
    other_actors_of,
    read_other_actors,
)
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.learning.imitation.columns import COLUMNS, KINDS, columns_loss, columns_of, nearness
from drive_stack.types import Control, ObjectClass

CAMERA = CameraModel()
MIDDLE = COLUMNS // 2
VEHICLE, PERSON, OBSTACLE = range(KINDS)
Thing = tuple[int, ObjectClass, float, float, float, float, float]  # row, label, ahead, left, heading, size


def others(*things: Thing) -> OtherActors:
    row, label, ahead, left, heading, length, width = (np.array(part) for part in zip(*things, strict=True))
    zeros = np.zeros(len(things))
    return OtherActors(row, label.astype(int), ahead, left, heading, zeros, length, width, zeros)


def car(ahead: float, left: float = 0.0, row: int = 0) -> Thing:
    return row, ObjectClass.CAR, ahead, left, 0.0, 4.0, 1.8


def person(ahead: float, left: float = 0.0) -> Thing:
    return 0, ObjectClass.PEDESTRIAN, ahead, left, 0.0, 0.4, 0.5


def test_a_car_straight_ahead_fills_the_middle_columns_with_the_nearness_of_its_back() -> None:
    found = columns_of(others(car(23.7)), 1, CAMERA)[0, VEHICLE]  # its back 20 m before the camera
    assert np.flatnonzero(found).tolist() == [MIDDLE - 2, MIDDLE - 1, MIDDLE, MIDDLE + 1]
    assert found[MIDDLE] == pytest.approx(0.5, abs=1e-3)
    assert float(nearness(np.array(20.0))) == 0.5


@given(st.floats(6.0, 150.0), st.floats(-20.0, 20.0), st.floats(-3.1, 3.1))
def test_what_is_to_the_left_is_in_the_mirrored_columns_to_the_right(
    ahead: float, left: float, heading: float
) -> None:
    here, there = (
        columns_of(others((0, ObjectClass.CAR, ahead, side * left, side * heading, 4.0, 1.8)), 1, CAMERA)[
            0, VEHICLE
        ]
        for side in (1.0, -1.0)
    )
    apart = (here > 0) != (there[::-1] > 0)
    assert apart.sum() <= 2  # an edge may lie on a column's own edge
    both = (here > 0) & (there[::-1] > 0)
    np.testing.assert_allclose(here[both], there[::-1][both], atol=1e-3)


@given(st.floats(5.0, 190.0), st.floats(-0.5, 0.5))
def test_nothing_in_the_picture_is_too_small_to_be_in_a_column(ahead: float, slope: float) -> None:
    found = columns_of(others(person(ahead, slope * (ahead - CAMERA.mount_x))), 1, CAMERA)[0, PERSON]
    assert np.count_nonzero(found) >= 1
    at = int((CAMERA.width / 2 - CAMERA.focal_px * slope) / CAMERA.width * COLUMNS)
    assert np.abs(np.flatnonzero(found) - at).min() <= 1


def test_who_is_behind_a_vehicle_is_not_asked_for() -> None:
    hidden = columns_of(others(car(15.0), person(40.0)), 1, CAMERA)[0]
    seen = columns_of(others(car(40.0), person(15.0)), 1, CAMERA)[0]
    assert np.isnan(hidden[PERSON, MIDDLE - 1 : MIDDLE + 1]).any() and hidden[VEHICLE, MIDDLE] > 0.5
    assert not np.isnan(seen).any() and seen[PERSON].max() > seen[VEHICLE].max()


def test_what_is_beside_or_behind_is_in_no_column_and_rows_are_kept_apart() -> None:
    found = columns_of(others(car(-20.0), car(30.0, 60.0), car(30.0, 0.0, row=2)), 3, CAMERA)
    assert [int(np.count_nonzero(one)) > 0 for one in found] == [False, False, True]


def test_the_loss_is_nothing_for_the_truth_and_blind_where_nobody_knows() -> None:
    truth = torch.zeros(2, KINDS, COLUMNS)
    truth[0, VEHICLE, 3] = 0.5
    truth[1, PERSON, 7] = torch.nan
    answers = torch.nan_to_num(truth)
    assert float(columns_loss(answers, truth)) == 0.0
    answers[1, PERSON, 7] = 1.0
    assert float(columns_loss(answers, truth)) == 0.0
    answers[0, VEHICLE, 3] = 0.0
    assert float(columns_loss(answers, truth)) > 0.0


def test_a_recording_tells_what_the_world_holds() -> None:
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
    told = read_other_actors([pa.chunked_array([column])])
    boxes = all_actor_boxes(state)
    near = np.hypot(boxes.pose[:, 0] - state.ego.x, boxes.pose[:, 1] - state.ego.y) <= MAX_DISTANCE
    assert near.sum() >= 2 and len(told.row) == 2 * near.sum() and set(told.row) == {0, 2}
    first = told.row == 0
    cos, sin = np.cos(state.ego.yaw), np.sin(state.ego.yaw)
    x = state.ego.x + cos * told.x[first] - sin * told.y[first]
    y = state.ego.y + sin * told.x[first] + cos * told.y[first]
    np.testing.assert_allclose(np.column_stack([x, y]), boxes.pose[near][:, :2], atol=1e-3)
    np.testing.assert_array_equal(told.label[first], boxes.label[near])
    np.testing.assert_allclose(told.speed[first], boxes.speed[near], atol=1e-5)
