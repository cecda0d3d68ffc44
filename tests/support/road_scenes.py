"""Scenes and trajectories in road coordinates, written as a few numbers."""

from __future__ import annotations

import numpy as np

from drive_stack.evaluation.avoidability.encounter import Trajectory
from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene

LENGTH, WIDTH, DT = 4.7, 1.85, 0.1
Row = tuple[float, float, float, float]  # station, lateral [m] and their rates [m/s]


def trajectory(rows: list[Row], length: float = LENGTH, width: float = WIDTH) -> Trajectory:
    table = np.array(rows, dtype=np.float64)
    return Trajectory(table[:, :2], table[:, 2:], np.zeros(len(rows)), length, width)


def scene(time: float, others: list[tuple[int, Row]], ego: Row = (0.0, 0.0, 20.0, 0.0)) -> RoadScene:
    ids = np.array([actor for actor, _ in others], dtype=np.int64)
    return RoadScene(
        time, boxes([ego]), boxes([row for _, row in others]), ids, np.array([time]), 10.0 + time
    )


def boxes(rows: list[Row], length: float = LENGTH) -> MovingBoxes:
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    count = len(table)
    return MovingBoxes(
        table[:, :2], np.zeros(count), table[:, 2:], np.full(count, length), np.full(count, WIDTH)
    )
