"""Speed of an agent that drives with a camera in one process, by stage and relative to real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import median

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.interfaces import Agent, Platform

WARM_UP = 5  # first steps, which are not counted
MakeAgent = Callable[[Platform], Agent]


@dataclass(frozen=True, slots=True)
class LoopTimes:
    """Medians over the counted steps."""

    real_time: float  # simulated time divided by elapsed time
    step_ms: float  # of world, camera and agent
    world_ms: float  # of world and camera
    stages_ms: dict[str, float]  # of the agent's stages
    vehicles: float  # in the world


def drive(spec: EnvSpec, make: MakeAgent, seeds: Sequence[int], steps: int) -> LoopTimes:
    """Drive ``steps`` steps in consecutive episodes that cycle through ``seeds``."""
    env = DrivingEnv(spec)
    try:
        return _drive(env, make(env.platform), seeds, steps)
    finally:
        env.close()


def _drive(env: DrivingEnv, agent: Agent, seeds: Sequence[int], steps: int) -> LoopTimes:
    acting, stepping = list[float](), list[float]()
    stages: dict[str, list[float]] = {}
    vehicles = list[float]()
    seed_cycle, is_over = cycle(seeds), True
    while len(acting) < steps + WARM_UP:
        if is_over:
            seed = next(seed_cycle)
            observation = env.reset(seed)
            agent.reset(seed)
        start = time.perf_counter()
        control = agent.act(observation)
        acted = time.perf_counter()
        step = env.step(control)
        stepping.append(time.perf_counter() - acted)
        acting.append(acted - start)
        observation, is_over = step.observation, step.outcome is not None
        vehicles.append(len(env.truth.world_state().vehicles.id))
        if agent.trace is not None:
            for stage, spent in agent.trace.stage_ms.items():
                stages.setdefault(stage, []).append(spent)
    total = [first + second for first, second in zip(acting, stepping, strict=True)][WARM_UP:]
    return LoopTimes(
        real_time=env.platform.dt * len(total) / sum(total),
        step_ms=1000.0 * median(total),
        world_ms=1000.0 * median(stepping[WARM_UP:]),
        stages_ms={stage: median(spent[WARM_UP:]) for stage, spent in stages.items()},
        vehicles=median(vehicles[WARM_UP:]),
    )
