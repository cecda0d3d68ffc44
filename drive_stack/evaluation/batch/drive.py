"""Drives one task with a new environment and a new agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from drive_stack.agent_errors import AgentError
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.interfaces import Agent, OracleStages, Platform, TruthSource, close_agent


class AgentBuilder(Protocol):
    """Builds an agent from its name on the command line, such as `agents.registry.build_agent`."""

    def __call__(
        self,
        spec: str,
        platform: Platform,
        *,
        oracles: OracleStages | None = None,
        truth: TruthSource | None = None,
        overrides: Sequence[str] = (),
        trusted: bool = False,
    ) -> Agent:
        """Build a new agent; files that can run code are read only if ``trusted`` is true."""
        ...


class EpisodeObserver(Protocol):
    """Observes the steps and the end of an episode without influencing it."""

    def observe(self, moment: Moment) -> None:
        """Receive one step with the agent's trace."""
        ...

    def finish(self, env: DrivingEnv, rollout: Rollout) -> None:
        """Receive the end of the episode; the environment is still open."""
        ...


def drive_task(
    build: AgentBuilder,
    task: BatchTask,
    *,
    observer: Callable[[BatchTask], EpisodeObserver] | None = None,
) -> EpisodeResult:
    """Drive an episode and return its result, which does not depend on episodes driven before.

    If the agent cannot be built, the result has the status `Status.ERROR`, and other agents of the batch are
    still driven. An observer does not change the result.

    Worker processes receive ``functools.partial(drive_task, build)``, so ``build`` and ``observer`` must be
    importable there by name.
    """
    env = DrivingEnv(EnvSpec(task.scenario, camera=task.uses_camera))
    try:
        try:
            agent = build(
                task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
            )
        except AgentError as error:
            return error_result(task, error.details or str(error))
        try:
            return _drive(env, agent, task, observer(task) if observer is not None else None)
        finally:
            close_agent(agent)
    finally:
        env.close()


def _drive(env: DrivingEnv, agent: Agent, task: BatchTask, observer: EpisodeObserver | None) -> EpisodeResult:
    rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed, expert=task.expert)
    while not rollout.done:
        moment = rollout.advance()
        if observer is not None:
            observer.observe(moment)
    if observer is not None:
        observer.finish(env, rollout)
    # an agent that was privileged before the episode stays so, whatever it states later
    return replace(rollout.result, privileged=rollout.episode.privileged or task.privileged)
