"""Episodes driven to be measured stage by stage, in worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements, measure_episode
from drive_stack.interfaces import close_agent
from drive_stack.support.worker_processes import end_with_parent

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Task:
    """One episode to drive; all that a worker process needs to begin."""

    agent: str
    overrides: tuple[str, ...]
    scenario: str
    seed: int


def measured(tasks: Sequence[Task], build: AgentBuilder, workers: int) -> Iterator[EpisodeMeasurements]:
    """In the order of ``tasks``, however many processes drive."""
    yield from in_processes(partial(measure, build), tasks, workers)


def in_processes(drive: Callable[[Task], Found], tasks: Sequence[Task], workers: int) -> Iterator[Found]:
    """What ``drive`` finds in each task, in their order."""
    if workers == 1:
        yield from map(drive, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(min(workers, len(tasks)), end_with_parent) as pool:
        yield from pool.imap(drive, tasks)


def measure(build: AgentBuilder, task: Task) -> EpisodeMeasurements:
    """Drive one task with an environment and an agent of its own."""
    with closing(DrivingEnv(EnvSpec(task.scenario))) as env:
        agent = build(
            task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
        )
        try:
            return measure_episode(env, agent, scenario=task.scenario, seed=task.seed)
        finally:
            close_agent(agent)
