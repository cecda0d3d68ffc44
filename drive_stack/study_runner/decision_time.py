"""CPU time that a driver takes for one decision."""

from __future__ import annotations

import statistics
import time
from contextlib import closing

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.rollout import Rollout
from drive_stack.evaluation.run_facts import Driver
from drive_stack.interfaces import Agent, close_agent
from drive_stack.types import Control, Observation, StepTrace

WARM_UP, STEPS = 10, 150  # decisions that are not counted, and that are driven at most


class _TimedAgent:
    """Passes an episode on to an agent and measures the CPU time of each decision [s]."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.name, self.privileged = agent.name, agent.privileged
        self.seconds: list[float] = []

    @property
    def trace(self) -> StepTrace | None:
        return self._agent.trace

    def reset(self, seed: int) -> None:
        self._agent.reset(seed)

    def act(self, observation: Observation) -> Control:
        start = time.process_time()
        control = self._agent.act(observation)
        self.seconds.append(time.process_time() - start)
        return control


def measure_decision_ms(build: AgentBuilder, driver: Driver, scenario: str, seed: int) -> float:
    """Median CPU time of a decision over all threads of this process [ms], on the start of an episode.

    Raises:
        ConfigError: the driver cannot be built, or fails.
    """
    with closing(DrivingEnv(EnvSpec(scenario))) as env:
        agent = build(driver.agent, env.platform, overrides=driver.overrides)
        timed = _TimedAgent(agent)
        try:
            rollout = Rollout(env, timed, scenario=scenario, seed=seed)
            while not rollout.done and len(timed.seconds) < STEPS:
                rollout.advance()
        finally:
            close_agent(agent)
    if rollout.error is not None or not timed.seconds:
        reason = (rollout.error or "no decision").strip().splitlines()[-1]
        raise ConfigError(f"{driver.agent} cannot drive {scenario}, seed {seed}: {reason}")
    return 1000.0 * statistics.median(timed.seconds[WARM_UP:] or timed.seconds)
