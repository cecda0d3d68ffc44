"""CPU time that a driver takes for one decision."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import closing

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.rollout import Rollout
from drive_stack.evaluation.run_facts import Driver
from drive_stack.interfaces import Agent, close_agent
from drive_stack.types import Control, Observation, StepTrace

WARM_UP, STEPS = 10, 150  # decisions that are not counted, and that are driven at most


class TimedAgent:
    """Drives as its agent does, and measures the CPU time of each decision, over all threads."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.name, self.privileged = agent.name, agent.privileged
        self.seconds: list[float] = []  # of each decision since the start of the episode

    @property
    def trace(self) -> StepTrace | None:
        """Trace of the agent."""
        return self._agent.trace

    @property
    def mean_ms(self) -> float | None:
        """Mean of the episode's decisions after the first `WARM_UP` ones [ms]; None before any.

        A median would leave out what a driver does in some of its steps alone, such as perceiving in every
        second one.
        """
        return 1000.0 * statistics.fmean(self.seconds[WARM_UP:] or self.seconds) if self.seconds else None

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self.seconds = []
        self._agent.reset(seed)

    def act(self, observation: Observation) -> Control:
        """Let the agent drive one step."""
        start = time.process_time()
        control = self._agent.act(observation)
        self.seconds.append(time.process_time() - start)
        return control

    def close(self) -> None:
        """Release the resources of the agent."""
        close_agent(self._agent)


def measure_decision_ms(
    build: AgentBuilder, driver: Driver, scenario: str, seed: int, report: Callable[[str], None] = print
) -> float:
    """Mean CPU time of a decision over all threads of this process [ms], on the start of an episode.

    Of a driver that fails, the decisions until then count; ``report`` receives one line. It is 0 if there
    are none.

    Raises:
        ConfigError: the driver cannot be built.
    """
    with closing(DrivingEnv(EnvSpec(scenario))) as env:
        timed = TimedAgent(build(driver.agent, env.platform, overrides=driver.overrides))
        try:
            rollout = Rollout(env, timed, scenario=scenario, seed=seed)
            while not rollout.done and len(timed.seconds) < STEPS:
                rollout.advance()
        finally:
            timed.close()
    mean = timed.mean_ms
    if rollout.error is not None or mean is None:
        reason = (rollout.error or "no decision").strip().splitlines()[-1]
        report(
            f"{driver.agent} fails on {scenario}, seed {seed}, after {len(timed.seconds)} timed decisions: "
            f"{reason}"
        )
    return mean or 0.0
