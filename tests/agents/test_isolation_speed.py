"""The time that a separate process adds to an agent's step."""

from __future__ import annotations

import time

import numpy as np
import pytest

from agents.registry import build_agent
from drive_stack.camera_model import CameraModel
from drive_stack.interfaces import Agent, Platform, close_agent
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

PLATFORM = Platform(VehicleParameters(), CameraModel())
STEPS = 2000


def step_ms(agent: Agent, pause: float) -> np.ndarray:
    """Times of all steps [ms], with ``pause`` [s] before each, like a simulator."""
    image = np.zeros((256, 640, 3), dtype=np.uint8)
    observation = Observation(image, 15.0, 0.0, False, False, 30.0, NavigationCommand.FOLLOW)
    agent.reset(0)
    times = []
    for _ in range(STEPS):
        time.sleep(pause)
        start = time.perf_counter()
        agent.act(observation)
        times.append(1000.0 * (time.perf_counter() - start))
    return np.array(times[STEPS // 10 :])


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.002])
@pytest.mark.parametrize(("name", "limit"), [("simple_agents:Careless", 1.0), ("echo_agent:Thinking", 3.0)])
def test_a_step_costs_about_a_millisecond(
    name: str, limit: float, pause: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second agent records a trace in which every field has a value."""
    start = time.perf_counter()
    isolated = build_agent(name, PLATFORM)
    started = time.perf_counter() - start
    local = build_agent(name, PLATFORM, overrides=("in_process=true",))
    try:
        isolated_ms, local_ms = step_ms(isolated, pause), step_ms(local, pause)
    finally:
        close_agent(isolated)
    with capsys.disabled():
        print(
            f"\n{name}, pauses of {1000 * pause:g} ms: started in {started:.2f} s; a step takes "
            f"{np.median(isolated_ms):.3f} ms (p99 {np.quantile(isolated_ms, 0.99):.2f}), "
            f"in the simulator {np.median(local_ms):.3f} ms (p99 {np.quantile(local_ms, 0.99):.2f})"
        )
    assert np.median(isolated_ms) - np.median(local_ms) <= limit  # [ms]
