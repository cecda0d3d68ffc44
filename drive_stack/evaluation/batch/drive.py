"""Drives one task with an environment and an agent of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import run_episode
from drive_stack.interfaces import Agent, OracleStages, Platform, TruthSource


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
    ) -> Agent:
        """An agent, fresh."""
        ...


def drive_task(build: AgentBuilder, task: EpisodeTask) -> EpisodeResult:
    """The episode's result; nothing is left over from an earlier one, so that order does not matter.

    ``functools.partial(drive_task, build)`` is what worker processes are given; ``build`` must be
    importable there by its name.
    """
    env = DrivingEnv(EnvSpec(task.scenario, camera=task.camera))
    try:
        agent = build(
            task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
        )
        return run_episode(env, agent, scenario=task.scenario, seed=task.seed, expert=task.expert)
    finally:
        env.close()
