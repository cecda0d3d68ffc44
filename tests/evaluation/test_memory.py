"""What lives long does not grow: environments made and closed, and ten minutes of driving."""

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


def resident() -> float:
    """Memory of this process [MiB]."""
    gc.collect()
    return float(psutil.Process().memory_info().rss) / MIB


def made_and_closed(count: int, *, camera: bool) -> None:
    for seed in range(count):
        env = HighwayEnv("dense_traffic", camera=camera)
        env.reset(seed=seed)
        env.step(np.zeros(2, dtype=np.float32))
        env.close()


@pytest.mark.parametrize(("camera", "count"), [(False, 1000), (True, 300)])
def test_environments_made_and_closed_leave_nothing(camera: bool, count: int) -> None:
    made_and_closed(50, camera=camera)
    before = resident()
    made_and_closed(count, camera=camera)
    assert resident() - before < 50.0


def test_ten_minutes_of_driving_are_flat() -> None:
    """6000 steps with camera and the whole chain, over as many episodes as that takes."""
    env = DrivingEnv(EnvSpec("dense_traffic"))
    agent = build_agent("modular", env.platform)
    readings, seed, over = list[float](), 100_000, True
    for step in range(6000):
        if over:
            seen, seed = env.reset(seed), seed + 1
            agent.reset(seed)
        result = env.step(agent.act(seen))
        seen, over = result.observation, result.outcome is not None
        if step % 1000 == 999:
            readings.append(resident())
    env.close()
    assert readings[-1] - readings[0] < 50.0
