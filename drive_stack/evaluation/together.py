"""Several episodes in one process, moved on step by step together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from threading import RLock
from types import TracebackType
from typing import Self

from drive_stack.config import ConfigError
from drive_stack.driving_env import DrivingEnv, EnvSpec, Step
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Rollout
from drive_stack.types import Control, Observation

Driven = tuple[EpisodeTask, EpisodeResult]


class Together:
    """Episodes under way, each with an environment and an agent of its own.

    ``threads`` threads share the work: while one waits for the renderer or a network, which leave the
    interpreter to others, the next world is thought about. Agents may share networks that stand several
    calls at a time, see `agents.networks.Networks`. Episodes know nothing of one another: they are, bit for
    bit, those driven alone. A context manager that frees what is still under way.
    """

    def __init__(self, build: AgentBuilder, *, threads: int = 4) -> None:
        if threads < 1:
            raise ConfigError(f"threads must be at least 1, not {threads}")
        self._build = build
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="episode")
        self._drawing = RLock()
        self._seats: list[_Seat] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        for seat in self._seats:
            seat.env.close()
        self._seats = []

    @property
    def rollouts(self) -> tuple[Rollout, ...]:
        """The episodes under way, in the order they were begun."""
        return tuple(seat.rollout for seat in self._seats)

    def begin(self, task: EpisodeTask) -> None:
        """Take up an episode. Raises what making its environment or agent raises."""
        env = _SharedRenderer(EnvSpec(task.scenario, camera=task.camera), self._drawing)
        try:
            agent = self._build(
                task.agent, env.platform, oracles=env.oracles, truth=env.truth, overrides=task.overrides
            )
            rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed)
        except BaseException:
            env.close()
            raise
        self._seats.append(_Seat(task, env, rollout, self._drawing))

    def advance(self) -> list[Driven]:
        """One step of every episode; the results of those that it ended, which are then let go."""
        for _ in self._pool.map(_Seat.advance, self._seats):
            pass
        ended = [seat for seat in self._seats if seat.rollout.done]
        self._seats = [seat for seat in self._seats if not seat.rollout.done]
        for seat in ended:
            seat.env.close()
        return [(seat.task, seat.rollout.result) for seat in ended]


def drive_together(
    build: AgentBuilder, tasks: Iterable[EpisodeTask], *, worlds: int = 8, threads: int = 4
) -> Iterator[Driven]:
    """Results as episodes end; ``worlds`` are under way at a time, begun in the order of ``tasks``."""
    if worlds < 1:
        raise ConfigError(f"worlds must be at least 1, not {worlds}")
    waiting = iter(tasks)
    with Together(build, threads=threads) as together:
        for task in islice(waiting, worlds):
            together.begin(task)
        while together.rollouts:
            ended = together.advance()
            for task in islice(waiting, len(ended)):
                together.begin(task)
            yield from ended


class _SharedRenderer(DrivingEnv):
    """Takes turns at moving and drawing: Panda3D's engines read vertices through buffers they share."""

    def __init__(self, spec: EnvSpec, drawing: RLock) -> None:
        super().__init__(spec)
        self._drawing = drawing

    def reset(self, seed: int) -> Observation:
        with self._drawing:
            return super().reset(seed)

    def step(self, control: Control) -> Step:
        with self._drawing:
            return super().step(control)


@dataclass(frozen=True)
class _Seat:
    """One episode under way."""

    task: EpisodeTask
    env: DrivingEnv
    rollout: Rollout
    drawing: RLock

    def advance(self) -> None:
        # an oracle may draw labels while its agent acts
        draws = self.task.camera and self.rollout.episode.privileged
        with self.drawing if draws else nullcontext():
            self.rollout.advance()
