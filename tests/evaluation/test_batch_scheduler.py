"""The scheduler with simulated workers: one outcome for each task, whichever workers are lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
from batch_runs import TASKS, task
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.scheduler import MAX_FAILED_STARTS, TaskScheduler
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Ready, Reply, WorkerLostError

Respond = Callable[[BatchTask, str], Reply | None]  # to a task on a node; None: the worker is lost


class SimulatedWorker:
    """A worker that replies at once or is lost."""

    def __init__(self, pool: SimulatedPool, node: str) -> None:
        self._pool, self._node = pool, node
        self.task: BatchTask | None = None
        self.node: str | None = None
        self.busy_time = 0.0

    def send(self, task: BatchTask) -> None:
        self._pool.attempts[task.seed].append(self._node)
        self.task = task

    def receive(self) -> Ready | Reply:
        if self.node is None:
            if self._node == "nowhere":
                raise WorkerLostError("no such node")
            self.node = self._node
            return Ready()
        assert self.task is not None
        reply = self._pool.respond(self.task, self._node)
        if reply is None:
            raise WorkerLostError("lost")
        return reply

    def stop(self) -> None:
        self._pool.alive -= 1


class SimulatedPool:
    """Starts workers on each of ``nodes`` in turn."""

    can_queue = True

    def __init__(self, nodes: Sequence[str], respond: Respond, max_attempts: int = 3) -> None:
        self._nodes, self.respond, self.max_attempts = nodes, respond, max_attempts
        self.attempts: dict[int, list[str]] = defaultdict(list)  # seed → nodes
        self.alive, self.started = 0, 0

    def start(self) -> SimulatedWorker:
        self.started += 1
        self.alive += 1
        return SimulatedWorker(self, self._nodes[self.started % len(self._nodes)])

    def wait(self, workers: Sequence[SimulatedWorker], timeout: float) -> None:
        assert workers

    def close(self) -> None:
        assert self.alive == 0


def outcomes(pool: SimulatedPool, workers: int, tasks: Sequence[BatchTask] = TASKS) -> dict[int, bool]:
    """Seed of each task in the order of outcomes, and whether it was lost."""
    with TaskScheduler(pool, workers=workers, time_limit=1.0) as scheduler:
        results = [(outcome.task.seed, outcome.lost) for outcome in scheduler.run(tasks)]
    assert sorted(seed for seed, _ in results) == sorted(task.seed for task in tasks)  # each task once
    return dict(results)


@given(
    losses=st.dictionaries(st.integers(0, 9), st.integers(0, 4)),
    restarts=st.sets(st.integers(0, 9)),
    workers=st.integers(1, 4),
    nodes=st.sampled_from(["a", "ab", "abc"]),
)
def test_every_task_has_one_outcome(
    losses: dict[int, int], restarts: set[int], workers: int, nodes: str
) -> None:
    remaining = dict(losses)

    def respond(task: BatchTask, node: str) -> Reply | None:
        remaining[task.seed] = remaining.get(task.seed, 0) - 1
        return None if remaining[task.seed] >= 0 else Reply(0.0, must_restart=task.seed in restarts)

    pool = SimulatedPool(nodes, respond)
    lost = outcomes(pool, workers, [task(seed) for seed in range(10)])
    assert lost == {seed: losses.get(seed, 0) >= pool.max_attempts for seed in range(10)}
    for seed, nodes_of_task in pool.attempts.items():
        assert len(nodes_of_task) == min(losses.get(seed, 0) + 1, pool.max_attempts)


def test_a_task_is_driven_again_on_a_node_that_has_not_lost_it() -> None:
    pool = SimulatedPool("ab", lambda task, node: None if (task.seed, node) == (1, "b") else Reply(0.0))
    assert not any(outcomes(pool, 2).values())
    assert pool.attempts[1] == ["b", "a"]


def test_a_task_is_driven_again_on_the_same_node_if_there_is_no_other() -> None:
    pool = SimulatedPool("a", lambda task, node: None if task.seed == 1 else Reply(0.0))
    assert [seed for seed, lost in outcomes(pool, 2).items() if lost] == [1]
    assert pool.attempts[1] == ["a", "a", "a"]


def test_a_worker_that_must_restart_is_replaced() -> None:
    pool = SimulatedPool("a", lambda task, node: Reply(0.0, must_restart=True))
    outcomes(pool, 1)
    assert pool.started == len(TASKS)


def test_no_more_workers_are_started_than_there_are_tasks() -> None:
    pool = SimulatedPool("a", lambda task, node: Reply(0.0))
    outcomes(pool, 5, TASKS[:2])
    assert pool.started == 2


def test_kept_workers_drive_the_next_tasks() -> None:
    pool = SimulatedPool("a", lambda task, node: Reply(0.0))
    with TaskScheduler(pool, workers=3, time_limit=1.0, keeps_workers=True) as scheduler:
        for tasks in (TASKS[:2], [], TASKS, TASKS[:1]):
            driven = [outcome.task.seed for outcome in scheduler.run(tasks)]
            assert sorted(driven) == [task.seed for task in tasks]
        assert pool.alive == pool.started == 3  # two for the first tasks, a third one for the six
    assert pool.alive == 0


def test_a_kept_worker_that_is_lost_is_replaced_and_its_task_driven() -> None:
    lost = iter([False, True, False, False])
    pool = SimulatedPool("a", lambda task, node: None if next(lost) else Reply(0.0))
    with TaskScheduler(pool, workers=1, time_limit=1.0, keeps_workers=True) as scheduler:
        for tasks in (TASKS[:1], TASKS[1:2]):
            assert [outcome.lost for outcome in scheduler.run(tasks)] == [False]
        assert (pool.started, pool.alive) == (2, 1)


def test_a_batch_whose_workers_cannot_start_ends() -> None:
    pool = SimulatedPool(["nowhere"], lambda task, node: Reply(0.0))
    with pytest.raises(ConfigError, match="worker processes cannot start: no such node"):
        outcomes(pool, 2)
    assert pool.started == 2 * MAX_FAILED_STARTS + 1
