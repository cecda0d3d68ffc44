"""Camera images of a moving world, and the bare engine rendering the same scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.geometry import to_local
from drive_stack.seeds import SeedSplit
from drive_stack.types import Control
from drive_stack.world_state import WorldState

from ..camera import Camera
from ..world import World
from .env_steps import crowded

FRAMES, TICKS_APART = 40, 2
_SEEDS = SeedSplit.VALIDATION.seeds[:10]
_MAX_DISTANCE = 450.0  # [m]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Renders successive states with the camera."""

    camera: Camera
    states: Sequence[WorldState]

    def prepare(self) -> None:
        """Do nothing."""

    def work(self) -> int:
        """Render every state once; returns their number."""
        for state in self.states:
            self.camera.render(state)
        return len(self.states)


@dataclass(frozen=True, slots=True)
class BareDrawing:
    """Renders the camera's last scene with the engine alone."""

    camera: Camera

    def prepare(self) -> None:
        """Do nothing."""

    def work(self) -> int:
        """Render as many frames as `Drawing`; returns their number."""
        self.camera.redraw(FRAMES)
        return FRAMES


def camera_and_bare_engine(vehicles: int) -> tuple[Drawing, BareDrawing]:
    """Build both workloads on a scene with at least ``vehicles`` vehicles in view in every image."""
    for factor in (2, 3, 4, 5, 6):
        scenario = crowded(factor * vehicles)
        for seed in _SEEDS:
            world = World(scenario, seed)
            states = _successive_states(world)
            if min(in_view(state) for state in states) >= vehicles:
                camera = Camera(CameraModel())
                camera.load(world.road, world.conditions, world.limits)
                camera.render(states[0])
                return Drawing(camera, states), BareDrawing(camera)
    raise ConfigError(f"no scene with {vehicles} vehicles in view was found")


def in_view(state: WorldState) -> int:
    """Count the vehicles in the camera's field of view, including hidden ones."""
    model, cars, ego = CameraModel(), state.vehicles, state.ego
    plane = to_local(np.stack([cars.x, cars.y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    u, _, depth = model.project(np.column_stack([plane, np.zeros(len(plane))])).T
    ahead = (depth > 3.0) & (depth < min(_MAX_DISTANCE, state.conditions.visibility))
    return int(np.sum(ahead & (np.nan_to_num(u, nan=-1.0) >= 0.0) & (u < model.width)))


def _successive_states(world: World) -> list[WorldState]:
    """States of the world while the ego drives at constant speed."""
    states = []
    for _ in range(FRAMES):
        for _ in range(TICKS_APART):
            world.step(Control(0.0, 0.0))
        states.append(world.state())
    return states
