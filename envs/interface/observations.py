"""The kinds of observations of the environment, by name: `OBSERVATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.rl.vector import VECTOR_HIGH, VECTOR_LOW, observation_vector
from drive_stack.support.observation_codec import encode_observation
from drive_stack.types import Observation

from ..world import World
from .bev import COLUMNS, ROWS, bev_image
from .frame_queue import Frame

ObsType: TypeAlias = Any  # a member of the observation space: a dictionary or an array, by its kind
Observe: TypeAlias = Callable[[World, Frame | None], ObsType]


@dataclass(frozen=True, slots=True)
class ObservationKind:
    """One kind of observation."""

    uses_camera: bool  # by default
    space: Callable[[CameraModel, bool], spaces.Space[Any]]  # of a camera, and whether it is rendered
    observe: Observe  # of the world and the frame that has arrived


def sensor_observation(world: World, frame: Frame) -> Observation:
    """Return what the sensors of the car measure, as the record that agents of this project receive."""
    left, right = world.blind_spot
    return Observation(
        image=frame.image,
        speed=world.ego.speed,
        yaw_rate=world.ego.yaw_rate,
        blind_spot_left=left,
        blind_spot_right=right,
        speed_limit=world.speed_limit,
        command=world.command,
        image_age=frame.age,
        rain=world.conditions.raining,
    )


def world_vector(world: World) -> NDArray[np.float32]:
    """Return the observation vector of a world, see `drive_stack.rl.vector`."""
    return observation_vector(
        world.ego, world.car, world.road, world.speed_limit, world.command, world.road_users(),
        slippery=world.conditions.slippery,
    )  # fmt: skip


def _sensors(world: World, frame: Frame | None) -> dict[str, Any]:
    """The sensors by name; without image and its age where no camera is rendered."""
    record = sensor_observation(world, frame or Frame(np.zeros((0, 0, 3), np.uint8), 0.0))
    encoded: dict[str, Any] = dict(encode_observation(record))
    if frame is None:
        del encoded["image"], encoded["image_age"]
    return encoded


def _sensor_spaces(camera: CameraModel, rendered: bool) -> dict[str, spaces.Space[Any]]:
    frame: dict[str, spaces.Space[Any]] = {
        "image": spaces.Box(0, 255, (camera.height, camera.width, 3), np.uint8),
        "image_age": spaces.Box(0.0, 1000.0, (1,), np.float32),
    }
    return {
        **(frame if rendered else {}),
        "speed": spaces.Box(0.0, 100.0, (1,), np.float32),
        "yaw_rate": spaces.Box(-10.0, 10.0, (1,), np.float32),
        "blind_spot": spaces.MultiBinary(2),
        "speed_limit": spaces.Box(0.0, 60.0, (1,), np.float32),
        "command": spaces.Discrete(3),
        "rain": spaces.Discrete(2),
    }


def _vector_space() -> spaces.Box:
    return spaces.Box(VECTOR_LOW, VECTOR_HIGH, dtype=np.float32)


OBSERVATIONS = {
    "camera": ObservationKind(
        uses_camera=True,
        space=lambda camera, rendered: spaces.Dict(_sensor_spaces(camera, rendered)),
        observe=_sensors,
    ),
    "vector": ObservationKind(
        uses_camera=False,
        space=lambda _camera, _rendered: _vector_space(),
        observe=lambda world, _frame: world_vector(world),
    ),
    "bev": ObservationKind(
        uses_camera=False,
        space=lambda _camera, _rendered: spaces.Box(0, 255, (ROWS, COLUMNS, 3), np.uint8),
        observe=lambda world, _frame: bev_image(world),
    ),
    "camera+vector": ObservationKind(
        uses_camera=True,
        space=lambda camera, rendered: spaces.Dict(
            {**_sensor_spaces(camera, rendered), "vector": _vector_space()}
        ),
        observe=lambda world, frame: {**_sensors(world, frame), "vector": world_vector(world)},
    ),
}
