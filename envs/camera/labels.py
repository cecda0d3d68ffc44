"""Labels from the flat-coloured label image: instance ids, classes, depth and boxes of visible actors."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.objects.boxes import all_actor_boxes
from drive_stack.types import FloatArray, FrameLabels, LabelBox, ObjectClass
from drive_stack.world_state import WorldState

# corners of a box of unit size on the ground
_UNIT = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
FILL = {  # fraction of a projected box's outline that its body covers
    ObjectClass.CAR: 0.84,
    ObjectClass.LARGE_VEHICLE: 0.84,
    ObjectClass.PEDESTRIAN: 0.55,
    ObjectClass.OBSTACLE: 0.5,
    ObjectClass.MOTORCYCLE: 0.6,
    ObjectClass.CYCLIST: 0.5,
    ObjectClass.WHEELCHAIR_USER: 0.6,
    ObjectClass.ANIMAL: 0.5,
    ObjectClass.CARGO: 0.7,
    ObjectClass.EMERGENCY_VEHICLE: 0.84,
    ObjectClass.OVERTURNED_CAR: 0.84,
}


def frame_labels(image: NDArray[np.uint8], state: WorldState, model: CameraModel,
                 ground_depth: FloatArray, ids: Mapping[int, int]) -> FrameLabels:  # fmt: skip
    """Return the labels of a BGRA label ``image``: red is the class, green and blue are the actor's number.

    ``model`` is the true camera in the level frame at the ego. ``ground_depth`` (H, W) is how far ahead the
    ground in each pixel is [m]. ``ids`` maps numbers to actor ids. The depth of the labels is that of the
    ground, and of an actor's centre where an actor is visible.
    """
    semantic = np.ascontiguousarray(image[:, :, 2])
    number = image[:, :, 1].astype(np.int32) * 256 + image[:, :, 0]
    table = np.zeros(max(ids, default=0) + 1, dtype=np.int32)
    for index, actor in ids.items():
        table[index] = actor
    instance = table[number]
    depth = (ground_depth / _ahead_by_depth(model)).astype(np.float32)
    boxes: list[LabelBox] = []
    actors = all_actor_boxes(state)
    height, slope = state.road.ground_under(*actors.pose.T)
    height -= state.road.profile.height_at(np.asarray(state.ego.station))
    for actor, code, pose, size, z, tilt in zip(
        actors.id.tolist(),
        actors.label,
        actors.pose,
        actors.size,
        height.tolist(),
        slope.tolist(),
        strict=True,
    ):
        label = ObjectClass(int(code))
        visible = instance == actor
        count = int(np.count_nonzero(visible))
        if count == 0:
            continue
        box = _corners(state, pose, size) + np.array([0.0, 0.0, z])
        box[:, 2] += tilt * size[0] * _UNIT[:, 0]
        corners = model.project(box)
        depth[visible] = max(float(corners[:, 2].mean()), 0.0)
        rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
        full_area = _outline(box, model) * FILL[label]
        boxes.append(LabelBox(
            actor, label,
            (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)),
            min(count / max(full_area, 1.0), 1.0),
            _distance(state, pose, model),
        ))  # fmt: skip
    return FrameLabels(tuple(boxes), instance, semantic, depth)


def _ahead_by_depth(model: CameraModel) -> FloatArray:
    """Return how far ahead in the level frame a point in each pixel (H, W) is, per metre of its depth."""
    pitch, roll = np.radians(model.pitch_down_deg), np.radians(model.roll_deg)
    right = (np.arange(model.width) + 0.5 - model.width / 2.0) / model.focal_px
    down = (np.arange(model.height) + 0.5 - model.height / 2.0) / model.focal_px
    below = down[:, None] * np.cos(roll) + right * np.sin(roll)
    return np.asarray(np.cos(pitch) - below * np.sin(pitch))


def _corners(state: WorldState, pose: FloatArray, size: FloatArray) -> FloatArray:
    """Return the eight corners (8, 3) of a box on level ground in the ego frame [m]."""
    body = _UNIT * size
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    world = body[:, :2] @ np.array([[cos, sin], [-sin, cos]]) + pose[:2]
    ego = state.ego
    flat = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
    return np.column_stack([flat, body[:, 2]])


def _outline(box: FloatArray, model: CameraModel) -> float:
    """Return the area [px²] of the projected box (8, 3), including the part outside the image."""
    points = box.copy()
    points[:, 0] = np.maximum(points[:, 0], model.mount_x + 0.5)
    hull = cv2.convexHull(model.project(points)[:, :2].astype(np.float32))
    return float(cv2.contourArea(hull))


def _distance(state: WorldState, pose: FloatArray, model: CameraModel) -> float:
    ego = state.ego
    point = to_local(pose[:2], np.array([ego.x, ego.y]), ego.yaw) - np.array([model.mount_x, 0.0])
    return float(np.hypot(point[0], point[1]))
