"""The true pose of the front camera: on grades, on its suspension, and with the errors of its mounting."""

from __future__ import annotations

import math
from dataclasses import replace

from drive_stack.camera_model import CameraModel
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WorldState


def true_camera(nominal: CameraModel, state: WorldState) -> CameraModel:
    """Return the camera as it is at this moment, in the level frame at the ego.

    The level frame has its origin on the road below the rear axle, x along the ego's heading in the
    horizontal plane, and z vertical. The car pitches with the grade about the rear axle, its body pitches
    about the middle of the wheelbase, and all rolling is about the optical axis. On a level road, with a
    rigid body and an exact mounting, the result is ``nominal`` itself.

    Args:
        nominal: The camera that drivers assume.
        state: The world's state.
    """
    ego, error = state.ego, state.mounting_error
    grade = state.road.profile.grade_at_one(ego.station)
    if not (grade or ego.body_pitch or ego.body_roll or any((error.pitch_deg, error.roll_deg, error.height))):
        return nominal
    x, z = nominal.mount_x, nominal.mount_z + error.height
    x, z = _rotate(x, z, _centre_of_pitch(state.car), ego.body_pitch)
    x, z = _rotate(x, z, 0.0, -math.atan(grade))
    return replace(
        nominal,
        mount_x=x,
        mount_z=z,
        pitch_down_deg=nominal.pitch_down_deg
        + error.pitch_deg
        + math.degrees(ego.body_pitch - math.atan(grade)),
        roll_deg=nominal.roll_deg + error.roll_deg + math.degrees(ego.body_roll),
    )


def _centre_of_pitch(car: VehicleParameters) -> float:
    return car.wheelbase / 2.0


def _rotate(x: float, z: float, centre: float, nose_down: float) -> tuple[float, float]:
    """Rotate a point about the axis across the car at ``centre`` [m] ahead and z = 0."""
    cos, sin, ahead = math.cos(nose_down), math.sin(nose_down), x - centre
    return centre + ahead * cos + z * sin, z * cos - ahead * sin
