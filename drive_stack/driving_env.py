"""The gymnasium environment seen through our records: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import gymnasium
import numpy as np
from numpy.typing import NDArray

from drive_stack.interfaces import OracleStages, Platform, TruthSource, WorldAccess
from drive_stack.types import Control, Image, NavigationCommand, Observation
from drive_stack.vehicle import control_to_action

ENV_ID = "envs:drive_stack/Highway-v0"  # the prefix imports the package that registers it


@dataclass(frozen=True, slots=True)
class EnvSpec:
    """How to make an environment, so that another process can make it too."""

    scenario: str  # name in the catalogue, or a path
    camera: bool = True
    labels: bool = False
    physics_hz: int = 20
    agent_hz: int = 10


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one step."""

    observation: Observation
    outcome: str | None  # how the episode ended; None while it goes on
    clamped_actions: int  # so far in this episode


class DrivingEnv:
    """Speaks `Observation` and `Control`; wraps ``drive_stack/Highway-v0``."""

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
        self._inside = cast(WorldAccess, self._env.unwrapped)

    @property
    def platform(self) -> Platform:
        """The car, the camera and the time step an agent is built for."""
        return self._inside.platform

    @property
    def truth(self) -> TruthSource:
        """For scores, labels, privileged agents and the viewer only."""
        return self._inside.truth

    @property
    def oracles(self) -> OracleStages:
        """For privileged agents only."""
        return self._inside.oracles

    def reset(self, seed: int) -> Observation:
        """Draw the scenario from the seed."""
        observation, _ = self._env.reset(seed=seed)
        return to_observation(observation)

    def step(self, control: Control) -> Step:
        """Hold the control for one agent step."""
        action = control_to_action(control, self.platform.car)
        observation, _, _, _, info = self._env.step(action)
        return Step(to_observation(observation), info["outcome"], info["clamped_actions"])

    def close(self) -> None:
        """Free the camera."""
        self._env.close()


def to_observation(raw: Mapping[str, NDArray[np.generic]]) -> Observation:
    """The record of one gymnasium observation."""
    return Observation(
        image=cast(Image, raw["image"]),
        speed=float(raw["speed"][0]),
        yaw_rate=float(raw["yaw_rate"][0]),
        blind_spot_left=bool(raw["blind_spot"][0]),
        blind_spot_right=bool(raw["blind_spot"][1]),
        speed_limit=float(raw["speed_limit"][0]),
        command=NavigationCommand(int(raw["command"])),
        rain=bool(raw["rain"]),
    )
