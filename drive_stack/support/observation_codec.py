"""Convert an `Observation` into the environment's dictionary of arrays, and back."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Image, NavigationCommand, Observation


class ObservationDict(TypedDict):
    """The observation of ``drive_stack/Highway-v0``, by the keys of its observation space."""

    image: Image  # (H, W, 3) uint8, RGB
    image_age: NDArray[np.float32]  # (1,) since the exposure [s]
    speed: NDArray[np.float32]  # (1,) [m/s]
    yaw_rate: NDArray[np.float32]  # (1,) [rad/s], positive to the left
    blind_spot: NDArray[np.int8]  # (2,) left and right, 0 or 1
    speed_limit: NDArray[np.float32]  # (1,) [m/s]
    command: np.int64  # value of the `NavigationCommand`
    rain: np.int64  # 1 where the road is wet


def encode_observation(observation: Observation) -> ObservationDict:
    """Return the environment's form of an observation."""
    return {
        "image": observation.image,
        "image_age": np.array([observation.image_age], dtype=np.float32),
        "speed": np.array([observation.speed], dtype=np.float32),
        "yaw_rate": np.array([observation.yaw_rate], dtype=np.float32),
        "blind_spot": np.array([observation.blind_spot_left, observation.blind_spot_right], dtype=np.int8),
        "speed_limit": np.array([observation.speed_limit], dtype=np.float32),
        "command": np.int64(observation.command),
        "rain": np.int64(observation.rain),
    }


def decode_observation(encoded: ObservationDict) -> Observation:
    """Return the `Observation` for an environment's dictionary."""
    return Observation(
        image=encoded["image"],
        speed=float(encoded["speed"][0]),
        yaw_rate=float(encoded["yaw_rate"][0]),
        blind_spot_left=bool(encoded["blind_spot"][0]),
        blind_spot_right=bool(encoded["blind_spot"][1]),
        speed_limit=float(encoded["speed_limit"][0]),
        command=NavigationCommand(int(encoded["command"])),
        image_age=float(encoded["image_age"][0]),
        rain=bool(encoded["rain"]),
    )
