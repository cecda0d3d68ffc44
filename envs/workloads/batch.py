"""Several worlds with cameras: one after the other, and in parallel in gymnasium's processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv

from drive_stack.gym import ENV_ID
from drive_stack.seeds import SeedSplit

from ..highway import HighwayEnv
from .env_steps import crowded

STEPS = 5  # of each world per unit of work
_VEHICLES = 20
_SEED = SeedSplit.VALIDATION.first
_STRAIGHT_ON = np.zeros(2, dtype=np.float32)


@dataclass(slots=True)
class OneByOne:
    """Steps the worlds one after the other."""

    envs: list[HighwayEnv]

    def prepare(self) -> None:
        """Do nothing: the episodes continue."""

    def work(self) -> int:
        """Do `STEPS` steps in each world and reset finished episodes; returns the number of steps."""
        for env in self.envs:
            for _ in range(STEPS):
                _, _, terminated, truncated, _ = env.step(_STRAIGHT_ON)
                if terminated or truncated:
                    env.reset()
        return STEPS * len(self.envs)


@dataclass(slots=True)
class Together:
    """Steps all worlds in parallel."""

    worlds: VectorEnv[Any, Any, Any]

    def prepare(self) -> None:
        """Do nothing: the episodes continue."""

    def work(self) -> int:
        """Do `STEPS` steps in all worlds; returns the number of steps."""
        for _ in range(STEPS):
            self.worlds.step(np.tile(_STRAIGHT_ON, (self.worlds.num_envs, 1)))
        return STEPS * self.worlds.num_envs


@contextmanager
def batch_and_one_by_one(worlds: int) -> Iterator[tuple[Together, OneByOne]]:
    """The same worlds in parallel and in sequence, after a reset; they are closed at exit."""
    scenario = crowded(_VEHICLES)
    batch = gym.make_vec(
        ENV_ID,
        num_envs=worlds,
        vectorization_mode="async",
        vector_kwargs={"context": "spawn", "copy": False},  # images are read without a copy
        scenario=scenario,
    )
    single = [HighwayEnv(scenario) for _ in range(worlds)]
    try:
        batch.reset(seed=_SEED)
        for index, env in enumerate(single):
            env.reset(seed=_SEED + index)
        yield Together(batch), OneByOne(single)
    finally:
        batch.close()
        for env in single:
            env.close()
