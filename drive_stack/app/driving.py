"""Driving what is missing in a folder of rows, as ``stages`` and ``evaluate`` do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, get_args

from rich.console import Console

from drive_stack.app.options import seconds, worker_count
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.backends import Backend
from drive_stack.evaluation.batch.interrupts import interrupts_held
from drive_stack.evaluation.batch.progress import watched
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.rows import Row, failure
from drive_stack.evaluation.batch.run import Watcher, missing, run_batch
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.batch.worker import Drive

FAILURES = 5  # told one by one


@dataclass(frozen=True, slots=True)
class Driving:
    """How episodes are driven, as the command line says."""

    workers: int
    time_limit: float  # of one episode, by the clock [s]
    retry_lost: bool
    this_code: bool  # drive again what other states of the code drove
    backend: Backend = "processes"
    address: str | None = None  # of a Ray cluster

    @classmethod
    def add_options(cls, parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
        """The options that `of` reads; returns their group."""
        how = parser.add_argument_group("how")
        how.add_argument(
            "--workers", type=worker_count, default=1, metavar="N", help="processes (default: 1)"
        )
        how.add_argument(
            "--time-limit",
            type=seconds,
            default=900,
            metavar="S",
            help="by the clock for one episode; a longer one becomes an error row (default: 900)",
        )
        how.add_argument(
            "--retry-lost", action="store_true", help="drive again what killed or slow workers lost"
        )
        how.add_argument(
            "--this-code", action="store_true", help="drive again what other states of the code drove"
        )
        how.add_argument(
            "--backend",
            choices=get_args(Backend),
            default="processes",
            help="where the workers are: processes of this machine, or a Ray cluster (default: processes)",
        )
        how.add_argument(
            "--address", metavar="HOST:PORT", help="of the Ray cluster (default: one on this machine)"
        )
        return how

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """From a parsed command line."""
        if options.address is not None and options.backend != "ray":
            raise ConfigError("--address: goes with --backend ray")
        return cls(
            workers=options.workers,
            time_limit=float(options.time_limit),
            retry_lost=options.retry_lost,
            this_code=options.this_code,
            backend=options.backend,
            address=options.address,
        )

    def drive(
        self,
        tasks: Sequence[EpisodeTask],
        file: RowFile,
        drive: Drive,
        *,
        code: str,
        hash_now: Callable[[EpisodeTask], str],
        what: str = "episodes",
        has: Callable[[Row], bool] | None = None,
        note: Callable[[Row], None] | None = None,
    ) -> list[Row]:
        """Drive the tasks that have no row yet; the rows of ``tasks`` that tell of a failure.

        A row for which ``has`` is false does not count; ``note`` is told of each row that was written.
        Ctrl-C, requests to terminate and a `ConfigError` are raised on, with a line that tells what is kept.
        """
        console, needed = Console(stderr=True), code if self.this_code else None
        left = missing(tasks, file, retry_lost=self.retry_lost, code=needed, has=has)
        have = f"{len(tasks) - len(left)} of {len(tasks)} {what} are there already"
        console.print(have if len(left) < len(tasks) else f"{len(tasks)} {what} to drive", highlight=False)
        try:
            with watched(left, self.workers, console) as watcher:
                run_batch(
                    left,
                    file,
                    drive,
                    watcher if note is None else _Relay(watcher, note),
                    hash_now=hash_now,
                    code=code,
                    workers=self.workers,
                    time_limit=self.time_limit,
                    backend=self.backend,
                    address=self.address,
                )
        except (KeyboardInterrupt, ConfigError):
            kept = len(tasks) - len(missing(tasks, file, code=needed, has=has))
            again = "the same command goes on from there"
            with interrupts_held():  # a second Ctrl-C comes after the line
                print(f"{kept} of {len(tasks)} {what} are kept; {again}", file=sys.stderr)
            raise
        return [file.rows[task.key] for task in tasks if file.rows[task.key].result.error is not None]


@dataclass(frozen=True, slots=True)
class _Relay:
    """A watcher that hands rows on to a second one first."""

    watcher: Watcher
    first: Callable[[Row], None]

    def note(self, row: Row) -> None:
        self.first(row)
        self.watcher.note(row)


def tell_failures(failed: Sequence[Row], where: object) -> None:
    """The first few, each in a line."""
    for row in failed[:FAILURES]:
        print(f"failed: {failure(row)}", file=sys.stderr)
    if len(failed) > FAILURES:
        print(f"and {len(failed) - FAILURES} more; {where} has them all", file=sys.stderr)
