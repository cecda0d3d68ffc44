"""Environment steps without a camera: highway-env's `highway-v0` and Drive Stack's environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import gymnasium as gym
import highway_env  # noqa: F401 - registers highway-v0
import numpy as np

from ..highway import HighwayEnv
from ..scenarios.scenario import Scenario
from ..traffic.density_control import Window

TICKS, TICK_HZ = 15, 15  # of highway-v0: ticks per step, ticks per second
STEPS = 10  # of each episode
_IDLE = 1
_WINDOW_KM, _LANES = (Window().behind + Window().ahead) / 1000.0, 4


@dataclass(slots=True)
class EnvSteps:
    """Drives the first seconds of consecutive episodes."""

    env: gym.Env[Any, Any]
    action: Any
    seeds: Iterator[int]

    def prepare(self) -> None:
        """Reset to the next episode."""
        self.env.reset(seed=next(self.seeds))

    def work(self) -> int:
        """Do up to `STEPS` steps, ending with the episode; returns the number of steps."""
        for step in range(1, STEPS + 1):
            _, _, terminated, truncated, _ = self.env.step(self.action)
            if terminated or truncated:
                return step
        return STEPS


def stock_steps(vehicles: int) -> EnvSteps:
    """Steps of `highway-v0` with its default observation."""
    env = gym.make("highway-v0", config={"vehicles_count": vehicles}, disable_env_checker=True)
    return EnvSteps(env.unwrapped, _IDLE, cycle(range(5)))


def our_steps(vehicles: int) -> EnvSteps:
    """Steps of our environment with as many ticks, and at least ``vehicles`` vehicles around the ego."""
    env = HighwayEnv(crowded(vehicles), camera=False, physics_hz=TICK_HZ, agent_hz=TICK_HZ // TICKS)
    return EnvSteps(env, np.array([0.0, 0.1], dtype=np.float32), cycle(crowded_seeds(vehicles)))


def crowded(vehicles: int) -> Scenario:
    """A straight road of four lanes with about ``vehicles`` vehicles in the simulated window."""
    density = 1.1 * vehicles / (_WINDOW_KM * _LANES)
    return Scenario.model_validate(
        {
            "name": "benchmark",
            "description": "Traffic of a given density on a straight road.",
            "source": "highway-env's highway-v0, which it is measured against",
            "road": {"kind": "straight", "lanes": _LANES},
            "speed_limit_kmh": 110,
            "traffic": {"density": density},
        }
    )


def crowded_seeds(vehicles: int, count: int = 5) -> list[int]:
    """Training seeds of `crowded` that start with ``vehicles`` to 1.2 times as many vehicles."""
    env = HighwayEnv(crowded(vehicles), camera=False)
    fitting = (seed for seed in range(200) if vehicles <= _count(env, seed) <= 1.2 * vehicles)
    return list(islice(fitting, count))


def _count(env: HighwayEnv, seed: int) -> int:
    env.reset(seed=seed)
    return len(env.world.state().vehicles.id)
