"""A pool's bookkeeping, with workers that live nowhere: one outcome of each task, whatever is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
from batch_runs import TASKS, task
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.pool import MOST_FAILED_STARTS, Pool
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Answer, Ready, WorkerLostError

Fate = Callable[[BatchTask, str], Answer | None]  # of a task at a place; None: lost with its worker


class Hand:
    """Answers at once, or is lost."""

    def __init__(self, crew: Hands, home: str) -> None:
        self._crew, self._home = crew, home
        self.task: BatchTask | None = None
        self.place: str | None = None
        self.busy_for = 0.0

    def give(self, task: BatchTask) -> None:
        self._crew.given[task.seed].append(self._home)
        self.task = task

    def message(self) -> Ready | Answer:
        if self.place is None:
            if self._home == "nowhere":
                raise WorkerLostError("no such place")
            self.place = self._home
            return Ready()
        assert self.task is not None
        answer = self._crew.fate(self.task, self._home)
        if answer is None:
            raise WorkerLostError("struck by lightning")
        return answer

    def end(self) -> None:
        self._crew.alive -= 1


class Hands:
    """Workers in turn from each of ``places``."""

    queues = True

    def __init__(self, places: Sequence[str], fate: Fate, tries: int = 3) -> None:
        self._places, self.fate, self.tries = places, fate, tries
        self.given: dict[int, list[str]] = defaultdict(list)  # where each task was begun
        self.alive, self.hired = 0, 0

    def hire(self) -> Hand:
        self.hired += 1
        self.alive += 1
        return Hand(self, self._places[self.hired % len(self._places)])

    def wait(self, workers: Sequence[Hand], timeout: float) -> None:
        assert workers

    def close(self) -> None:
        assert self.alive == 0


def outcomes(crew: Hands, workers: int, tasks: Sequence[BatchTask] = TASKS) -> dict[int, bool]:
    """Seed of each task in the order of outcomes, and whether it was lost."""
    with Pool(crew, workers=workers, time_limit=1.0) as pool:
        found = [(outcome.task.seed, outcome.lost) for outcome in pool.run(tasks)]
    assert sorted(seed for seed, _ in found) == sorted(task.seed for task in tasks)  # each once
    return dict(found)


@given(
    losses=st.dictionaries(st.integers(0, 9), st.integers(0, 4)),
    spent=st.sets(st.integers(0, 9)),
    workers=st.integers(1, 4),
    places=st.sampled_from(["a", "ab", "abc"]),
)
def test_every_task_has_one_outcome(
    losses: dict[int, int], spent: set[int], workers: int, places: str
) -> None:
    left = dict(losses)

    def fate(task: BatchTask, place: str) -> Answer | None:
        left[task.seed] = left.get(task.seed, 0) - 1
        return None if left[task.seed] >= 0 else Answer(0.0, spent=task.seed in spent)

    crew = Hands(places, fate)
    lost = outcomes(crew, workers, [task(seed) for seed in range(10)])
    assert lost == {seed: losses.get(seed, 0) >= crew.tries for seed in range(10)}
    assert all(len(begun) == min(losses.get(seed, 0) + 1, crew.tries) for seed, begun in crew.given.items())


def test_a_task_is_tried_again_where_it_was_not_lost() -> None:
    crew = Hands("ab", lambda task, place: None if (task.seed, place) == (1, "b") else Answer(0.0))
    assert not any(outcomes(crew, 2).values())
    assert crew.given[1] == ["b", "a"]


def test_or_in_the_same_place_where_there_is_no_other() -> None:
    crew = Hands("a", lambda task, place: None if task.seed == 1 else Answer(0.0))
    assert [seed for seed, lost in outcomes(crew, 2).items() if lost] == [1]
    assert crew.given[1] == ["a", "a", "a"]


def test_a_worker_that_is_spent_is_replaced() -> None:
    crew = Hands("a", lambda task, place: Answer(0.0, spent=True))
    outcomes(crew, 1)
    assert crew.hired == len(TASKS)


def test_no_more_are_hired_than_there_is_to_do() -> None:
    crew = Hands("a", lambda task, place: Answer(0.0))
    outcomes(crew, 5, TASKS[:2])
    assert crew.hired == 2


def test_a_crew_that_cannot_start_is_given_up() -> None:
    crew = Hands(["nowhere"], lambda task, place: Answer(0.0))
    with pytest.raises(ConfigError, match="worker processes cannot start: no such place"):
        outcomes(crew, 2)
    assert crew.hired == 2 * MOST_FAILED_STARTS + 1
