"""Memory does not grow: environments made and closed, and ten minutes of driving."""

from __future__ import annotations

import gc

import numpy as np
import psutil
import pytest

from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from envs.highway import HighwayEnv

pytestmark = pytest.mark.slow
MIB = 1024.0 * 1024.0


def resident_memory() -> float:
    """Memory of this process [MiB]."""
    gc.collect()
    return float(psutil.Process().memory_info().rss) / MIB


def make_and_close(count: int, *, camera: bool) -> None:
    for seed in range(count):
        env = HighwayEnv("dense_traffic", camera=camera)
        env.reset(seed=seed)
        env.step(np.zeros(2, dtype=np.float32))
        env.close()


@pytest.mark.parametrize(("camera", "count"), [(False, 1000), (True, 300)])
def test_environments_made_and_closed_leave_nothing(camera: bool, count: int) -> None:
    make_and_close(50, camera=camera)
    before = resident_memory()
    make_and_close(count, camera=camera)
    assert resident_memory() - before < 50.0


def test_memory_stays_constant_over_ten_minutes_of_driving() -> None:
    """6000 steps with the camera and all stages, over several episodes."""
    env = DrivingEnv(EnvSpec("dense_traffic"))
    agent = build_agent("modular", env.platform)
    measurements, seed, is_over = list[float](), 100_000, True
    for step in range(6000):
        if is_over:
            observation, seed = env.reset(seed), seed + 1
            agent.reset(seed)
        result = env.step(agent.act(observation))
        observation, is_over = result.observation, result.outcome is not None
        if step % 1000 == 999:
            measurements.append(resident_memory())
    env.close()
    assert measurements[-1] - measurements[0] < 50.0
