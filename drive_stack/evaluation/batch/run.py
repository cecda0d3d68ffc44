"""A batch: drives what is missing in a file of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.backends import Backend, open_pool
from drive_stack.evaluation.batch.pool import Outcome
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.rows import Row, readable, undriven
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Drive
from drive_stack.evaluation.run_facts import versions


class Watcher(Protocol):
    """Told of each row; a progress bar."""

    def note(self, row: Row) -> None:
        """A row was written."""
        ...


def missing(
    tasks: Iterable[BatchTask],
    file: RowFile,
    *,
    retry_lost: bool = False,
    code: str | None = None,
    has: Callable[[Row], bool] | None = None,
) -> list[BatchTask]:
    """Those with no row yet.

    With ``retry_lost`` also those whose row says that the worker was lost; with ``code`` also those
    that another state of the code drove; with ``has`` also those for whose row it is false, because what
    the episode was driven for is no longer there.
    """

    def stands(row: Row | None) -> bool:
        if row is None or (retry_lost and row.lost) or code not in (None, row.code_hash):
            return False
        return has is None or has(row)

    return [task for task in tasks if not stands(file.rows.get(task.key))]


def run_batch(
    tasks: Sequence[BatchTask],
    file: RowFile,
    drive: Drive,
    watcher: Watcher,
    *,
    hash_now: Callable[[BatchTask], str],
    code: str,
    workers: int,
    time_limit: float,
    backend: Backend = "processes",
    address: str | None = None,
) -> None:
    """Drive ``tasks`` and append a row for each; ``time_limit`` is one episode's [s], by the clock.

    ``backend``, ``address`` and ``workers`` say where, see `open_pool`; only this process writes rows.

    ``hash_now`` gives a task's hash once it has been driven: a file edited meanwhile must not go by
    the hash of the old one. Raises `ConfigError` for that, where rows cannot be written, and where a
    task can never be driven. Whatever ends it, the rows written so far stay, and no process is left.
    """
    made_with = versions()
    with open_pool(backend, drive, workers=workers, time_limit=time_limit, address=address) as pool:
        for outcome in pool.run(tasks):
            if hash_now(outcome.task) != outcome.task.config_hash:
                raise ConfigError(
                    f"the configuration of {outcome.task.label}, its weights or scenario "
                    f"{outcome.task.scenario} changed while driving; run again to drive what it touches"
                )
            row = _row(outcome, code, made_with)
            file.append(row)
            watcher.note(row)


def _row(outcome: Outcome, code: str, made_with: Mapping[str, str]) -> Row:
    task, answer = outcome.task, outcome.answer
    row = Row(
        label=task.label,
        config_hash=task.config_hash,
        code_hash=code,
        versions=made_with,
        lost=outcome.lost,
        wall_s=round(answer.wall_s, 2),
        result=answer.result or undriven(task, answer.failed or "no result"),
        world=task.world,
    )
    return readable(row, task)
