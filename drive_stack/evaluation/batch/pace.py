"""How long a batch will take, measured on a short piece of each driver before the first episode."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Protocol

from drive_stack.agent_errors import AgentError
from drive_stack.agent_spec import runs_code
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.progress import Tally, format_duration
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, close_agent
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes

PIECE = 1.0  # wall-clock time of driving that is measured for each driver [s]
MIN_STEPS = 10  # that are measured, however long they take
MIN_EPISODES = 8  # of fewer, the first result comes as soon as a measurement would


@dataclass(frozen=True, slots=True)
class Pace:
    """What a driver takes on one thread of this machine."""

    start_s: float  # to make the world and the agent, and to do the first step
    slowness: float  # wall-clock seconds for each simulated second
    route_s: float  # simulated time of the route at the posted limit [s]

    @property
    def episode_s(self) -> float:
        """Wall-clock time of an episode that is driven to its end at the posted limit [s]."""
        return self.start_s + self.slowness * self.route_s


class AgentMaker(Protocol):
    """Makes the agent of a task, for instance `build_for` with a builder; worker processes import it."""

    def __call__(self, env: DrivingEnv, task: BatchTask) -> Agent:
        """Make the agent for a world."""
        ...


def build_for(build: AgentBuilder, env: DrivingEnv, task: BatchTask) -> Agent:
    """Build the agent that a task names, as `drive_task` does."""
    return build(task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides)


def expected_durations(
    tasks: Sequence[BatchTask], make: AgentMaker, options: DrivingOptions
) -> Mapping[str, float]:
    """Measure about how long an episode of each label takes [s]; labels that cannot be measured are missing.

    A piece of the first task of each label is driven in a process with one thread, as in a batch. Agents that
    bring code of their own are left out, since nothing would stop them. Nothing is measured for a few
    episodes, and for other machines of a cluster. A failure ends the measurement and nothing else.
    """
    if len(tasks) < MIN_EPISODES or options.backend != "processes":
        return {}
    first = {task.label: task for task in reversed(tasks) if not runs_code(task.agent)}
    pieces = run_in_processes(
        partial(measure_pace, make), list(first.values()), options.workers, environment=ONE_THREAD
    )
    expected: dict[str, float] = {}
    with suppress(ConfigError, RuntimeError), closing(pieces):  # the batch itself reports what fails
        for label, pace in zip(first, pieces, strict=True):
            if pace is not None:
                expected[label] = pace.episode_s
    return expected


def announce(tasks: Sequence[BatchTask], make: AgentMaker, options: DrivingOptions) -> Mapping[str, float]:
    """Measure as `expected_durations` does, and print about how long all tasks take on standard error."""
    expected = expected_durations(tasks, make, options)
    seconds = Tally(tasks, options.workers, expected).remaining_seconds
    if tasks and seconds is not None:
        duration = format_duration(seconds)
        print(f"{len(tasks)} episodes: about {duration}, by a first piece of each driver", file=sys.stderr)
    return expected


def measure_pace(make: AgentMaker, task: BatchTask) -> Pace | None:
    """Drive the first seconds of an episode in a worker process; None where the driver or its world fails."""
    os.dup2(sys.stderr.fileno(), 1)  # only the parent writes to standard output
    try:
        _drive_piece(make, task, seconds=0.0)  # it loads and compiles what every episode of a worker shares
        return _drive_piece(make, task, seconds=PIECE)
    except (AgentError, ConfigError):
        return None


def _drive_piece(make: AgentMaker, task: BatchTask, seconds: float) -> Pace | None:
    """Drive `MIN_STEPS`, and for at least ``seconds`` of wall-clock time, or to the end of the episode."""
    start = time.perf_counter()
    with closing(DrivingEnv(EnvSpec(task.scenario, camera=task.uses_camera))) as env:
        agent = make(env, task)
        try:
            rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed)
            rollout.advance()  # the first step prepares what the others use
            times = [time.perf_counter()]
            while not rollout.done and (times[-1] < times[0] + seconds or len(times) <= MIN_STEPS):
                rollout.advance()
                times.append(time.perf_counter())
        finally:
            close_agent(agent)
        if len(times) < 2 or rollout.error is not None:
            return None
        state = env.truth.world_state()
        route_s = (state.route_end - state.route_start) / state.speed_limit
        return Pace(times[0] - start, slowness_of(times, env.platform.dt), route_s)


def slowness_of(times: Sequence[float], dt: float) -> float:
    """Wall-clock seconds for each simulated second, from the times [s] at the ends of steps of ``dt`` [s].

    The median step counts: one in which a function is compiled takes longer than a whole episode.
    """
    return median(after - before for before, after in pairwise(times)) / dt
