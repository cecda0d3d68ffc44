"""The wall-clock time that a suite takes per step, estimated from some of its courses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from drive_stack.driving_env import EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder, drive_task
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes

WARM_UP = "cruise[route_length=60]"  # each worker first drives it, and so loads what all episodes share


@dataclass(frozen=True, slots=True)
class DriveTime:
    """Wall-clock time of episodes in one process, with the start of world and agent, and their steps."""

    seconds: float
    steps: int


def seconds_per_step(
    build: AgentBuilder, agents: Sequence[str], courses: Sequence[str], seed: int, workers: int
) -> float:
    """Wall-clock time of a step of an evaluation [s].

    Every agent drives every course to its end, in ``workers`` processes of one thread at a time. Over a whole
    suite the start of a process counts for nothing, so it is left out; that of each episode is not.

    Raises:
        ConfigError: an agent or a course cannot be used.
    """
    warm_up = tuple(_task(agent, WARM_UP, seed) for agent in agents)
    items = [(_task(agent, course, seed),) for course in courses for agent in agents]
    times = list(
        run_in_processes(
            partial(timed_drives, build), [*[warm_up] * workers, *items], workers, environment=ONE_THREAD
        )
    )[workers:]
    return per_step(times, workers)


def per_step(times: Sequence[DriveTime], workers: int) -> float:
    """The time of all processes, divided by their number and by all steps [s]."""
    return sum(each.seconds for each in times) / workers / sum(each.steps for each in times)


def timed_drives(build: AgentBuilder, tasks: Sequence[BatchTask]) -> DriveTime:
    """Drive episodes one after the other; runs in a worker process."""
    start, steps = time.perf_counter(), 0
    for task in tasks:
        result = drive_task(build, task)
        steps += round(result.duration_s * EnvSpec(task.scenario).agent_hz)
    return DriveTime(time.perf_counter() - start, steps)


def sample(names: Sequence[str], count: int) -> list[str]:
    """``count`` of the names, evenly spread."""
    return [names[len(names) * number // count] for number in range(count)]


def _task(agent: str, scenario: str, seed: int) -> BatchTask:
    return BatchTask(scenario, seed, agent, label=agent, config_hash="")
