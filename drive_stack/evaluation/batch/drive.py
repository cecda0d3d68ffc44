"""Drives one task with an environment and an agent of its own."""

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
    """Makes an agent from what a command line names; `agents.registry.build_agent` is one."""

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
        """An agent, fresh; files that can run code are read only where they are ``trusted``."""
        ...


class EpisodeObserver(Protocol):
    """Observes the steps and the end of one episode, without influence on it."""

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
    """The episode's result; nothing is left over from an earlier one, so that order does not matter.

    An agent that cannot be built is a result, too: other agents of the batch go on.

    ``functools.partial(drive_task, build)`` is what worker processes are given; ``build`` and ``observer``
    must be importable there by their names. An observer does not change the result.
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
    # an agent that was known to read the truth stays marked, whatever it says of itself later
    return replace(rollout.result, privileged=rollout.episode.privileged or task.privileged)
