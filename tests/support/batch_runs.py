"""Batches of synthetic episodes, for the tests."""

from __future__ import annotations

from pathlib import Path

import batch_drivers

from drive_stack.evaluation.batch.backends import Backend
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row, without_timings
from drive_stack.evaluation.batch.run import missing_tasks, run_batch
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Drive


class RowList:
    """A listener that collects the rows."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def on_row(self, row: Row) -> None:
        self.rows.append(row)


def task(seed: int, label: str = "made up", config: str = "c0") -> BatchTask:
    return BatchTask("nowhere", seed, "nobody", label=label, config_hash=config)


TASKS = [task(seed) for seed in range(1, 7)]


def row(task: BatchTask, *, lost: bool = False) -> Row:
    return Row(
        task.label, task.config_hash, "code", {"numpy": "2"}, lost, 0.5, batch_drivers.synthetic_result(task)
    )


def batch(
    folder: Path,
    drive: Drive,
    tasks: list[BatchTask] = TASKS,
    workers: int = 1,
    limit: float = 300.0,
    retry_lost: bool = False,
    backend: Backend = "processes",
    address: str | None = None,
) -> list[int]:
    """Drive the missing tasks; returns the seeds driven in this run, in the order of their rows."""
    listener = RowList()
    with open_rows(folder) as file:
        missing = missing_tasks(tasks, file, retry_lost=retry_lost)
        run_batch(
            missing,
            file,
            drive,
            listener,
            current_hash=lambda current: current.config_hash,
            code="code",
            workers=workers,
            time_limit=limit,
            backend=backend,
            address=address,
        )
    return [row.result.seed for row in listener.rows]


def by_seed(folder: Path) -> dict[int, Row]:
    return {row.result.seed: row for row in read_rows(folder).values()}


def assert_same_rows(first: Path, second: Path, tasks: list[BatchTask]) -> None:
    """Check that two folders contain the same rows of ``tasks``, each once and none failed."""
    rows = [without_timings(read_rows(folder).values()) for folder in (first, second)]
    assert rows[0] == rows[1] and rows[0].keys() == {task.key for task in tasks}
    assert not any(row.result.error for row in rows[0].values())
    assert [len((folder / NAME).read_bytes().splitlines()) for folder in (first, second)] == [len(tasks)] * 2
