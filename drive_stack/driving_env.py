"""The gymnasium environment with the project's own records as observations and actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import gymnasium
import numpy as np

from drive_stack.gym import ENV_ID
from drive_stack.interfaces import OracleStages, Platform, TruthSource, WorldAccess
from drive_stack.interventions.scene import SceneIntervention
from drive_stack.support.observation_codec import ObservationDict, decode_observation
from drive_stack.types import Control, Image, Observation
from drive_stack.vehicle import control_to_action
from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class EnvSpec:
    """The arguments of an environment, which another process can use to make the same one."""

    scenario: str  # name in the catalogue, or path of a file
    camera: bool = True  # render images; without it they are black
    labels: bool = False  # also return the labels of each image
    physics_hz: int = 20
    agent_hz: int = 10


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step."""

    observation: Observation
    outcome: str | None  # how the episode ended; None while it is running
    clamped_actions: int  # actions of this episode so far that were not finite or out of range


class DrivingEnv:
    """Wraps ``drive_stack/Highway-v0``: takes a `Control` and returns an `Observation`."""

    def __init__(self, spec: EnvSpec) -> None:
        self.spec = spec
        self._env = gymnasium.make(
            ENV_ID,
            scenario=spec.scenario,
            camera=spec.camera,
            labels=spec.labels,
            physics_hz=spec.physics_hz,
            agent_hz=spec.agent_hz,
            disable_env_checker=True,
        )
        self._world_access = cast(WorldAccess, self._env.unwrapped)
        camera = self._world_access.platform.camera
        self._black = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)  # where there is no camera

    @property
    def platform(self) -> Platform:
        """The car, the camera and the time step that an agent is built for."""
        return self._world_access.platform

    @property
    def truth(self) -> TruthSource:
        """The true state of the world, for scores, labels, privileged agents and the viewer only."""
        return self._world_access.truth

    @property
    def oracles(self) -> OracleStages:
        """Makers of each stage's oracle, for privileged agents only."""
        return self._world_access.oracles

    def picture(self, state: WorldState) -> Image:
        """The camera's image of a state of the present episode, such as one between two steps."""
        return self._world_access.picture(state)

    def intervene(self, interventions: Sequence[SceneIntervention]) -> None:
        """Change the scene of all following episodes, each change from its time on; none if empty."""
        self._world_access.intervene(interventions)

    def reset(self, seed: int) -> Observation:
        """Start a new episode, drawn from the scenario by the seed."""
        observation, _ = self._env.reset(seed=seed)
        return self._decode(observation)

    def step(self, control: Control) -> Step:
        """Apply the control for one agent step."""
        action = control_to_action(control, self.platform.car)
        observation, _, _, _, info = self._env.step(action)
        return Step(self._decode(observation), info["outcome"], info["clamped_actions"])

    def _decode(self, encoded: ObservationDict) -> Observation:
        if not self.spec.camera:
            encoded = {**encoded, "image": self._black, "image_age": np.zeros(1, dtype=np.float32)}
        return decode_observation(encoded)

    def close(self) -> None:
        """Free the camera and the window."""
        self._env.close()
