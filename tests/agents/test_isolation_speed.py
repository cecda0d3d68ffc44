"""What it costs an agent to drive in a process of its own."""

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
    """Of each step, with ``pause`` [s] before it, as a simulator has it."""
    image = np.zeros((256, 640, 3), dtype=np.uint8)
    seen = Observation(image, 15.0, 0.0, False, False, 30.0, NavigationCommand.FOLLOW)
    agent.reset(0)
    taken = []
    for _ in range(STEPS):
        time.sleep(pause)
        begin = time.perf_counter()
        agent.act(seen)
        taken.append(1000.0 * (time.perf_counter() - begin))
    return np.array(taken[STEPS // 10 :])


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.002])
@pytest.mark.parametrize(("name", "limit"), [("simple_agents:Careless", 1.0), ("echo_agent:Thinking", 3.0)])
def test_a_step_costs_about_a_millisecond(
    name: str, limit: float, pause: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second leaves a trace in which every field holds something."""
    begin = time.perf_counter()
    there = build_agent(name, PLATFORM)
    started = time.perf_counter() - begin
    here = build_agent(name, PLATFORM, overrides=("in_process=true",))
    try:
        apart, together = step_ms(there, pause), step_ms(here, pause)
    finally:
        close_agent(there)
    with capsys.disabled():
        print(
            f"\n{name}, pauses of {1000 * pause:g} ms: started in {started:.2f} s; a step takes "
            f"{np.median(apart):.3f} ms (p99 {np.quantile(apart, 0.99):.2f}), "
            f"in the simulator {np.median(together):.3f} ms (p99 {np.quantile(together, 0.99):.2f})"
        )
    assert np.median(apart) - np.median(together) <= limit  # [ms]
