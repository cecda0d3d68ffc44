"""What an agent observes in one step, and what it commands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drive_stack.types.arrays import Image


class NavigationCommand(IntEnum):
    """Instruction of the navigation system to the driver."""

    FOLLOW = 0
    CHANGE_LEFT = 1
    CHANGE_RIGHT = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that an agent observes in one step."""

    image: Image  # (H, W, 3) front camera
    speed: float  # [m/s]
    yaw_rate: float  # [rad/s], positive to the left
    blind_spot_left: bool  # radar: a vehicle next to the ego, or approaching from behind, on the left
    blind_spot_right: bool
    speed_limit: float  # [m/s]
    command: NavigationCommand
    image_age: float = 0.0  # time since the image was taken; grows while no new image arrives [s]
    rain: bool = False  # windscreen rain sensor: it rains


@dataclass(frozen=True, slots=True)
class Control:
    """Command of an agent to the car."""

    steering: float  # road-wheel angle [rad], positive to the left
    acceleration: float  # [m/s²], negative when braking
