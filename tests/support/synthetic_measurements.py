"""Synthetic measurements: detected objects with known positions, and known ends of lanes."""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.interfaces import Tracker
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import END_RANGE
from drive_stack.tracking.ego_motion import ego_step
from drive_stack.types import (
    Detection,
    FloatArray,
    LiftedObject,
    ObjectClass,
    Track,
)

DT = 0.1
CAR, PERSON = ObjectClass.CAR, ObjectClass.PEDESTRIAN


def detected_object(
    position: FloatArray, label: ObjectClass, rng: np.random.Generator | None = None, confidence: float = 0.8
) -> LiftedObject:
    """An object at an ego-frame position, with the typical noise of the lifter where ``rng`` is set."""
    distance = float(np.hypot(*position))
    deviation = np.array([0.03 * distance, 0.05 + 0.0015 * distance])
    noise = rng.normal(size=2) * deviation if rng is not None else np.zeros(2)
    u, v, depth = CameraModel().project(np.array([[position[0], position[1], 0.0]]))[0]
    height, width = 554.0 * 1.6 / depth, 554.0 * (1.8 if label is CAR else 0.5) / depth
    box = (float(u - width / 2), float(v - height), float(u + width / 2), float(v))
    covariance = np.diag(deviation**2)
    detection = Detection(box, label, confidence)
    return LiftedObject(position + noise, covariance, label, confidence, 1.8, detection)


def drive(
    tracker: Tracker,
    start: tuple[float, float],
    velocity: tuple[float, float],
    label: ObjectClass,
    steps: int,
    *,
    speed: float = 0.0,
    yaw_rate: float = 0.0,
    noise: int | None = None,
    hidden: range = range(0),
) -> list[tuple[Track, ...]]:
    """Tracks at each step of a drive at constant speed and yaw rate past one object (world = first frame)."""
    rng = np.random.default_rng(noise) if noise is not None else None
    position, yaw, tracks = np.zeros(2), 0.0, []
    for step in range(steps):
        truth = np.array(start) + step * DT * np.array(velocity)
        objects = () if step in hidden else (detected_object(to_local(truth, position, yaw), label, rng),)
        tracks.append(tracker.update(objects, speed, yaw_rate))
        arc = ego_step(speed, yaw_rate, DT)
        position = position + np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]) @ arc.shift
        yaw += arc.turn
    return tracks


GRID = GroundGrid()


def measured_ends(distances: tuple[float, ...]) -> FloatArray:
    """Probabilities of lane ends, shape ``(3, R + 2)``, as of a network with 90 % confidence."""
    widths = np.append(np.gradient(GRID.anchors), [END_RANGE - GRID.max_distance, 250.0])
    rows = np.tile(0.1 * widths / widths.sum(), (len(distances), 1))
    for row, distance in zip(rows, distances, strict=True):
        nearest = int(np.abs(GRID.anchors - distance).argmin())
        column = nearest if distance <= GRID.max_distance else GRID.rows + int(distance > END_RANGE)
        row[column] += 0.9
    return rows
