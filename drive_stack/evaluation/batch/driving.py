"""Drive the episodes of a list that have no row yet, with progress on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.backends import Backend
from drive_stack.evaluation.batch.progress import show_progress
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import RowListener, missing_tasks, run_batch
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Drive
from drive_stack.support.interrupts import defer_interrupts


@dataclass(frozen=True, slots=True)
class DrivingOptions:
    """How a batch is driven: where, by how many workers, and what counts as missing."""

    workers: int = 1
    time_limit: float = 900.0  # wall-clock limit of one episode [s]
    retry_lost: bool = False  # drive again the episodes whose worker was killed or ran too long
    this_code: bool = False  # drive again the episodes that another version of the code drove
    backend: Backend = "processes"
    address: str | None = None  # address of a Ray cluster

    def missing(
        self,
        tasks: Sequence[BatchTask],
        file: RowFile,
        code: str,
        is_complete: Callable[[Row], bool] | None = None,
    ) -> list[BatchTask]:
        """Return the tasks that these options drive: those without a row that counts, see `missing_tasks`."""
        needed_code = code if self.this_code else None
        return missing_tasks(
            tasks, file, retry_lost=self.retry_lost, code=needed_code, is_complete=is_complete
        )


def drive_missing(
    tasks: Sequence[BatchTask],
    file: RowFile,
    drive: Drive,
    options: DrivingOptions,
    *,
    code: str,
    current_hash: Callable[[BatchTask], str],
    what: str = "episodes",
    is_complete: Callable[[Row], bool] | None = None,
    on_row: Callable[[Row], None] | None = None,
    expected: Mapping[str, float] | None = None,
) -> list[Row]:
    """Drive the tasks that have no row in ``file`` and append their rows.

    Args:
        tasks: All episodes of the batch, those with a row included.
        file: The rows driven so far.
        drive: Drives one episode; worker processes import it by its name.
        options: Workers, time limit, and what counts as missing.
        code: Hash of the present source code, see `source_hash`.
        current_hash: The present configuration hash of a task, compared after the episode.
        what: What the messages call the episodes.
        is_complete: A row for which this is false counts as missing.
        on_row: Called with each new row, before the progress display.
        expected: About how long an episode takes, by label [s], for the progress before the first row.

    Returns:
        The rows of ``tasks`` that report an error, in the order of the tasks.

    Raises:
        KeyboardInterrupt: After Ctrl-C or a request to terminate; first, a line says what is saved.
        ConfigError: If something ends the batch, such as a full disk; first, the same line is printed.
    """
    console, needed_code = Console(stderr=True), code if options.this_code else None
    remaining = options.missing(tasks, file, code, is_complete)
    present = f"{len(tasks) - len(remaining)} of {len(tasks)} {what} are there already"
    try:
        console.print(
            present if len(remaining) < len(tasks) else f"{len(tasks)} {what} to drive", highlight=False
        )
        with show_progress(remaining, options.workers, console, expected) as progress:
            run_batch(
                remaining,
                file,
                drive,
                progress if on_row is None else _Relay(progress, on_row),
                current_hash=current_hash,
                code=code,
                workers=options.workers,
                time_limit=options.time_limit,
                backend=options.backend,
                address=options.address,
            )
    except (KeyboardInterrupt, ConfigError):
        with defer_interrupts():  # a second Ctrl-C takes effect after the line
            saved = len(tasks) - len(missing_tasks(tasks, file, code=needed_code, is_complete=is_complete))
            again = "the same command goes on from there"
            print(f"{saved} of {len(tasks)} {what} are kept; {again}", file=sys.stderr)
        raise
    return [file.rows[task.key] for task in tasks if file.rows[task.key].result.error is not None]


@dataclass(frozen=True, slots=True)
class _Relay:
    """Passes each row to a function, then to another listener."""

    listener: RowListener
    function: Callable[[Row], None]

    def on_row(self, row: Row) -> None:
        self.function(row)
        self.listener.on_row(row)
