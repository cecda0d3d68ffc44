"""Drive a batch of episodes and append their rows to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.backends import Backend, open_scheduler
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.rows import Row, error_result, readable_row
from drive_stack.evaluation.batch.scheduler import Outcome
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Drive
from drive_stack.evaluation.run_facts import versions


class RowListener(Protocol):
    """Receives each row that is written, such as a progress bar."""

    def on_row(self, row: Row) -> None:
        """Receive a row."""
        ...


class OpenScheduler(Protocol):
    """Drives tasks with workers of any kind; `scheduler.TaskScheduler` is one."""

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[Outcome]:
        """One outcome for each task, as they are completed."""
        ...


def missing_tasks(
    tasks: Iterable[BatchTask],
    file: RowFile,
    *,
    retry_lost: bool = False,
    code: str | None = None,
    is_complete: Callable[[Row], bool] | None = None,
) -> list[BatchTask]:
    """Return the tasks that have no valid row yet.

    Args:
        tasks: All tasks of the batch.
        file: The rows that are already written.
        retry_lost: A row counts as missing if its worker was lost.
        code: A row counts as missing if its hash of the source code differs.
        is_complete: A row counts as missing if this returns false, for instance for a deleted recording.
    """

    def is_valid(row: Row | None) -> bool:
        if row is None or (retry_lost and row.lost) or code not in (None, row.code_hash):
            return False
        return is_complete is None or is_complete(row)

    return [task for task in tasks if not is_valid(file.rows.get(task.key))]


def run_batch(
    tasks: Sequence[BatchTask],
    file: RowFile,
    drive: Drive,
    listener: RowListener,
    *,
    current_hash: Callable[[BatchTask], str],
    code: str,
    workers: int,
    time_limit: float,
    backend: Backend = "processes",
    address: str | None = None,
) -> None:
    """Drive ``tasks`` and append a row for each; only this process writes rows.

    If it is interrupted or fails, the rows written so far remain, and all workers are stopped.

    Args:
        tasks: The episodes to drive.
        file: Receives the rows.
        drive: Drives one episode; it is pickled for the workers.
        listener: Receives each row after it has been written.
        current_hash: The configuration hash of a task after its episode, to notice files that were edited.
        code: Hash of the source code, see `source_hash`.
        workers: See `open_scheduler`.
        time_limit: See `open_scheduler`.
        backend: See `open_scheduler`.
        address: See `open_scheduler`.

    Raises:
        ConfigError: if a configuration changed during its episode, rows cannot be written, or a task can
            never be driven.
    """
    with open_scheduler(backend, drive, workers=workers, time_limit=time_limit, address=address) as scheduler:
        drive_rows(scheduler, tasks, file, listener, current_hash=current_hash, code=code)


def drive_rows(
    scheduler: OpenScheduler,
    tasks: Iterable[BatchTask],
    file: RowFile,
    listener: RowListener,
    *,
    current_hash: Callable[[BatchTask], str],
    code: str,
) -> None:
    """Drive ``tasks`` with the workers of an open scheduler, as `run_batch` does."""
    package_versions = versions()
    for outcome in scheduler.run(tasks):
        if current_hash(outcome.task) != outcome.task.config_hash:
            raise ConfigError(
                f"the configuration of {outcome.task.label}, its weights or scenario "
                f"{outcome.task.scenario} changed while driving; run again to drive the affected episodes"
            )
        row = _build_row(outcome, code, package_versions)
        file.append(row)
        listener.on_row(row)


def _build_row(outcome: Outcome, code: str, package_versions: Mapping[str, str]) -> Row:
    task, reply = outcome.task, outcome.reply
    row = Row(
        label=task.label,
        config_hash=task.config_hash,
        code_hash=code,
        versions=package_versions,
        lost=outcome.lost,
        wall_s=round(reply.wall_s, 2),
        result=reply.result or error_result(task, reply.failure or "no result"),
        world=task.world,
    )
    return readable_row(row, task)
