"""What every environment around a `World` has: its clock, camera, window, ground truth and scene changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.interfaces import OracleStages, Platform, TruthSource
from drive_stack.interventions.scene import SceneIntervention
from drive_stack.seeds import SeedSplit
from drive_stack.types import FrameLabels, Image, Observation
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WorldState

from ..compiling import log_compilation
from ..oracles import Oracles
from ..scenarios.scenario import Scenario, load_scenario
from ..truth import Truth
from ..world import World
from .display import RENDER_MODES, Display
from .frame_queue import Frame
from .observations import ObsType, sensor_observation

_ROUNDING = 1e-6  # of sums of time steps [s]


class BaseEnv(gym.Env[ObsType, Any]):
    """Starts and draws worlds, and gives access to them (`drive_stack.interfaces.WorldAccess`).

    A subclass defines what is observed, done and rewarded: the spaces, `reset` and `step`.

    Args:
        scenario: Name of a scenario, path of a scenario file or a `Scenario`.
        rendered: Whether the front camera is rendered at every step.
        physics_hz: Physics ticks per second, a multiple of ``agent_hz``.
        agent_hz: Agent steps per second.
        render_mode: One of `RENDER_MODES`, or None.

    Raises:
        ConfigError: If the scenario is unknown or invalid, the rates do not divide, or the mode is unknown.
    """

    metadata: dict[str, Any] = {"render_modes": RENDER_MODES, "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        scenario: str | Path | Scenario,
        *,
        rendered: bool,
        physics_hz: int,
        agent_hz: int,
        render_mode: str | None,
    ) -> None:
        if physics_hz <= 0 or agent_hz <= 0 or physics_hz % agent_hz != 0:
            raise ConfigError(f"agent_hz ({agent_hz}) must divide physics_hz ({physics_hz})")
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ConfigError(f"render_mode '{render_mode}': must be one of {RENDER_MODES}")
        self.metadata = {**type(self).metadata, "render_fps": agent_hz}  # a copy, not the class attribute
        self.render_mode = render_mode
        self.scenario = _as_scenario(scenario)
        self.platform = Platform(VehicleParameters(), CameraModel(), 1.0 / agent_hz)
        self._physics_dt, self._ticks_per_step = 1.0 / physics_hz, physics_hz // agent_hz
        self._display = Display(self.platform.camera, rendered=rendered, fps=agent_hz)
        self._world: World | None = None
        self._interventions: tuple[SceneIntervention, ...] = ()
        self._applied = 0  # number of interventions of this episode so far
        self._closed = False

    @property
    def truth(self) -> TruthSource:
        """Access to the ground truth of the present episode.

        Each access makes a new object. A stored one would form a reference cycle with the environment, and
        both would stay in memory until Python's cycle collector runs.
        """
        return Truth(lambda: self.world, self._labels_of)

    @property
    def world(self) -> World:
        """The world of the present episode.

        Raises:
            RuntimeError: Before the first reset.
        """
        if self._world is None:
            raise RuntimeError("call reset() first")
        return self._world

    @property
    def oracles(self) -> OracleStages:
        """Factory of the oracle of each stage, which reads this environment's ground truth."""
        return Oracles(self.truth, self.platform)

    def intervene(self, interventions: Sequence[SceneIntervention]) -> None:
        """Change the scene of all following episodes, each change from its time on; none if empty.

        Each call replaces the interventions of earlier ones. Call it before `reset`.
        """
        self._interventions = tuple(sorted(interventions, key=lambda change: change.start))

    def observation(self) -> Observation:
        """Return what the sensors measure, as the record that agents of this project receive.

        Without a camera the image is black.
        """
        model = self.platform.camera
        black = Frame(np.zeros((model.height, model.width, 3), dtype=np.uint8), 0.0)
        return sensor_observation(self.world, self._display.frame or black)

    def picture(self, state: WorldState) -> Image:
        """Return the camera's image of a state of the present episode, such as one between two steps.

        Raises:
            RuntimeError: If the environment has no camera.
        """
        return self._display.picture(self.world, state)

    def render(self) -> Image | NDArray[np.float32] | None:
        """Return the image of the render mode; show it in mode `human`.

        RGB uint8 (H, W, 3) in mode `rgb_array`, distances in m, float32 (256, 640), in mode `depth_array`.
        """
        return self._display.draw(self.render_mode, self.world)

    def close(self) -> None:
        """Close the camera and the window. A later `reset` opens them again."""
        self._closed = True
        self._display.close()

    def _start_episode(self, seed: int | None, options: dict[str, Any] | None) -> World:
        """Draw and return the world of a new episode; see `gymnasium.Env.reset` for the arguments."""
        if options and "scenario" in options:
            self.scenario = _as_scenario(options["scenario"])
        if seed is None:
            seed = int(self.np_random.integers(SeedSplit.TRAINING.seeds.stop))
        self._applied, self._closed = 0, False
        log_compilation()
        self._world = World(self.scenario, seed, car=self.platform.car, physics_dt=self._physics_dt)
        return self._world

    def _running_world(self) -> World:
        """Return the world of a running episode; raises `ResetNeeded` if there is none."""
        if self._world is None or self._closed:
            raise ResetNeeded("call reset() before step(): there is no episode")
        if self._world.outcome is not None:
            raise ResetNeeded(f"call reset() before step(): the episode has ended ({self._world.outcome})")
        return self._world

    def _receive_frame(self, world: World) -> Frame | None:
        """Change the scene where it is due, render the camera and return the frame that arrives now.

        None if the camera is not rendered at every step.
        """
        due = [change for change in self._interventions if change.start <= world.time + _ROUNDING]
        for change in due[self._applied :]:
            world.alter(change)
        self._applied = len(due)
        self._display.change_image(due)
        self._display.update(world)
        return self._display.frame

    def _labels_of(self, state: WorldState) -> FrameLabels:
        return self._display.labels(self.world, state)


def _as_scenario(scenario: str | Path | Scenario) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
