"""Drive episodes in worker processes and measure the errors of their stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TypeVar

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.episodes import EpisodeTask
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements, measure_episode
from drive_stack.interfaces import close_agent
from drive_stack.support.worker_processes import run_in_processes

Result = TypeVar("Result")


def measure_episodes(
    tasks: Sequence[EpisodeTask], build: AgentBuilder, workers: int
) -> Iterator[EpisodeMeasurements]:
    """Measure each episode; the results come in the order of ``tasks``."""
    yield from map_in_processes(partial(measure, build), tasks, workers)


def map_in_processes(
    drive: Callable[[EpisodeTask], Result], tasks: Sequence[EpisodeTask], workers: int
) -> Iterator[Result]:
    """Apply ``drive`` to each task in ``workers`` processes; the results come in the order of ``tasks``."""
    if workers == 1:
        yield from map(drive, tasks)
        return
    yield from run_in_processes(drive, tasks, workers)


def measure(build: AgentBuilder, task: EpisodeTask) -> EpisodeMeasurements:
    """Drive and measure one episode with a new environment and a new agent."""
    with closing(DrivingEnv(EnvSpec(task.scenario))) as env:
        agent = build(
            task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
        )
        try:
            return measure_episode(env, agent, scenario=task.scenario, seed=task.seed)
        finally:
            close_agent(agent)
