"""The car that an agent drives."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.camera_model import CameraModel
from drive_stack.vehicle import VehicleParameters


@dataclass(frozen=True, slots=True)
class Platform:
    """The car, its camera and its control rate; the same for every agent."""

    car: VehicleParameters
    camera: CameraModel
    dt: float = 0.1  # time between two observations [s]
