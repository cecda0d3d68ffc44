"""Camera pictures of a moving world, and the bare engine drawing the same scene."""

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
from envs.camera import Camera
from envs.workloads.env_steps import crowded
from envs.world import World

FRAMES, TICKS_APART = 40, 2
_SEEDS = SeedSplit.VALIDATION.seeds[:10]
_SIGHT = 450.0  # [m]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A camera that draws successive moments."""

    camera: Camera
    states: Sequence[WorldState]

    def prepare(self) -> None:
        """Nothing to make ready."""

    def work(self) -> int:
        """Every moment once."""
        for state in self.states:
            self.camera.render(state)
        return len(self.states)


@dataclass(frozen=True, slots=True)
class BareDrawing:
    """The engine alone, drawing what the camera drew last."""

    camera: Camera

    def prepare(self) -> None:
        """Nothing to make ready."""

    def work(self) -> int:
        """As many frames as `Drawing` draws."""
        self.camera.redraw(FRAMES)
        return FRAMES


def camera_and_bare_engine(vehicles: int) -> tuple[Drawing, BareDrawing]:
    """Both on a scene with at least that many vehicles in view in every picture."""
    for factor in (2, 3, 4, 5, 6):
        scenario = crowded(factor * vehicles)
        for seed in _SEEDS:
            world = World(scenario, seed)
            states = _moments(world)
            if min(in_view(state) for state in states) >= vehicles:
                camera = Camera(CameraModel())
                camera.load(world.road, world.conditions, world.limits)
                camera.render(states[0])
                return Drawing(camera, states), BareDrawing(camera)
    raise ConfigError(f"no scene with {vehicles} vehicles in view was found")


def in_view(state: WorldState) -> int:
    """How many vehicles stand before the camera, hidden ones too."""
    model, cars, ego = CameraModel(), state.vehicles, state.ego
    plane = to_local(np.stack([cars.x, cars.y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    u, _, depth = model.project(np.column_stack([plane, np.zeros(len(plane))])).T
    ahead = (depth > 3.0) & (depth < min(_SIGHT, state.conditions.visibility))
    return int(np.sum(ahead & (np.nan_to_num(u, nan=-1.0) >= 0.0) & (u < model.width)))


def _moments(world: World) -> list[WorldState]:
    """The world as an ego that holds its speed meets it."""
    states = []
    for _ in range(FRAMES):
        for _ in range(TICKS_APART):
            world.step(Control(0.0, 0.0))
        states.append(world.state())
    return states
