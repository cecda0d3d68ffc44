"""The state of the world between two steps."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np

from drive_stack.geometry import wrap_angle, wrap_angles
from drive_stack.world_state import EgoState, PedestrianStates, VehicleStates, WorldState

MAX_SPEED = 100.0  # what moves faster was placed elsewhere, and is not shown between the steps [m/s]
_LINEAR = ("x", "y", "speed", "acceleration", "station", "lateral")
_ANGLES = ("yaw", "gait")

Moving = TypeVar("Moving", VehicleStates, PedestrianStates)


def state_between(before: WorldState, after: WorldState, fraction: float) -> WorldState:
    """The world at ``fraction`` 0 … 1 of the time from one state to a later one of the same episode.

    Positions, speeds and angles are interpolated linearly. With steps of 0.1 s, this is less than 2 cm off
    the motion at 10 m/s². All else is that of ``before``: lamps, limits and contacts. Vehicles and
    pedestrians that only one of the states has are left out.
    """
    duration = after.time - before.time
    background = before.background_vehicles
    if background is not None and after.background_vehicles is not None:
        background = _moved(background, after.background_vehicles, fraction, duration)
    return replace(
        before,
        time=before.time + fraction * duration,
        ego=_ego_between(before.ego, after.ego, fraction),
        vehicles=_moved(before.vehicles, after.vehicles, fraction, duration),
        pedestrians=_moved(before.pedestrians, after.pedestrians, fraction, duration),
        background_vehicles=background,
    )


def _ego_between(before: EgoState, after: EgoState, fraction: float) -> EgoState:
    def between(start: float, end: float) -> float:
        return start + fraction * (end - start)

    return EgoState(
        x=between(before.x, after.x),
        y=between(before.y, after.y),
        yaw=before.yaw + fraction * wrap_angle(after.yaw - before.yaw),
        speed=between(before.speed, after.speed),
        acceleration=between(before.acceleration, after.acceleration),
        steering=between(before.steering, after.steering),
        yaw_rate=between(before.yaw_rate, after.yaw_rate),
        station=between(before.station, after.station),
        lateral=between(before.lateral, after.lateral),
        brake_lamp=before.brake_lamp,
        body_pitch=between(before.body_pitch, after.body_pitch),
        body_roll=between(before.body_roll, after.body_roll),
    )


def _moved(before: Moving, after: Moving, fraction: float, duration: float) -> Moving:
    """The actors that both states have, in the order of ``before``."""
    _, rows, partners = np.intersect1d(before.id, after.id, return_indices=True)
    distance = np.hypot(after.x[partners] - before.x[rows], after.y[partners] - before.y[rows])
    kept = np.flatnonzero(distance <= MAX_SPEED * duration)
    kept = kept[np.argsort(rows[kept])]
    rows, partners = rows[kept], partners[kept]
    values = {field.name: getattr(before, field.name)[rows] for field in fields(before)}
    for name in _LINEAR:
        if name in values:
            values[name] = values[name] + fraction * (getattr(after, name)[partners] - values[name])
    for name in _ANGLES:
        if name in values:
            turn = wrap_angles(getattr(after, name)[partners] - values[name])
            values[name] = values[name] + fraction * turn
    return type(before)(**values)
