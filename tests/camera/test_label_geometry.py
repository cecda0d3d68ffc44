"""Labels agree with geometry: depth is measured along the optical axis, and boxes enclose bodies closely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.camera_pose import true_camera
from drive_stack.types import FloatArray
from drive_stack.world_state import MountingError, ObstacleKind, ObstacleStates, WorldState
from envs.camera import Camera


def state_with(error: MountingError) -> WorldState:
    return replace(TinyWorld(straight_road()).world_state(), mounting_error=error)


def depth_of(state: WorldState) -> FloatArray:
    camera = Camera(CameraModel())
    camera.load(state.road, state.conditions)
    depth = camera.labels(state).depth
    camera.close()
    return np.asarray(depth, dtype=np.float64)


@pytest.mark.parametrize(("error", "expected"), [(0.0, 5.287), (3.0, 4.426)])
def test_a_pixel_worked_by_hand(error: float, expected: float) -> None:
    """The lowest row is 127.5 px below the centre: 12.955° below an axis that points 2° or 5° down.

    The ground is 1.4 m / sin(14.955°) = 5.425 m or 1.4 m / sin(17.955°) = 4.541 m away, times cos(12.955°)
    along the axis. It is 5.241 m or 4.320 m ahead.
    """
    assert depth_of(state_with(MountingError(pitch_deg=error)))[255, 320] == pytest.approx(expected, abs=0.02)


def test_a_camera_that_rolls_and_pitches_measures_what_it_projects() -> None:
    state = state_with(MountingError(pitch_deg=2.4, roll_deg=4.0))
    camera, depth = true_camera(CameraModel(), state), depth_of(state)
    rows, columns = np.array([180, 200, 230, 250]), np.array([5, 600, 100, 630])
    ground = camera.to_ground(np.column_stack([columns, rows]) + 0.5)
    along_axis = camera.project(np.column_stack([ground, np.zeros(4)]))[:, 2]
    np.testing.assert_allclose(depth[rows, columns], along_axis, rtol=4e-3)


def test_boxes_of_crates_are_a_pixel_larger_than_the_crates() -> None:
    """The renderer draws each pixel that an edge touches, and snaps corners to the left and upwards.

    A crate fills its box, so its outline is known. Its label is 0.75 px too far left, 0.7 px too high, and
    reaches 0.2 px too far right and down, on average over places within a pixel.
    """
    model, rng = CameraModel(), np.random.default_rng(0)
    empty = TinyWorld(straight_road()).world_state()
    camera = Camera(model)
    camera.load(empty.road, empty.conditions)
    errors = []
    for actor in range(40):
        size, ahead, left = rng.uniform(0.5, 2.0, 3), rng.uniform(14.0, 60.0), rng.uniform(-4.0, 1.5)
        state = replace(empty, obstacles=_crate(actor, empty.ego.x + ahead, left, size))
        unit = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
        pixels = model.project(unit * size + np.array([ahead, left - empty.ego.y, 0.0]))[:, :2]
        (label,) = camera.labels(state).boxes
        errors.append(np.array(label.box) - np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]))
    camera.close()
    assert np.abs(errors).max() < 1.6
    np.testing.assert_allclose(np.mean(errors, axis=0), [-0.75, -0.69, 0.22, 0.22], atol=0.2)


def _crate(actor: int, x: float, y: float, size: FloatArray) -> ObstacleStates:
    place, kind = np.array([[x], [y], [0.0]]), np.array([int(ObstacleKind.BOX)])
    return ObstacleStates(np.array([1001 + actor]), *place, *size[:, None], kind, np.zeros(1, np.int64))
