"""Detected objects with known positions, for the tests of trackers."""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.interfaces import Tracker
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
    at, yaw, found = np.zeros(2), 0.0, []
    for step in range(steps):
        truth = np.array(start) + step * DT * np.array(velocity)
        objects = () if step in hidden else (detected_object(to_local(truth, at, yaw), label, rng),)
        found.append(tracker.update(objects, speed, yaw_rate))
        arc = ego_step(speed, yaw_rate, DT)
        at = at + np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]) @ arc.shift
        yaw += arc.turn
    return found
