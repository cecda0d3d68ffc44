"""``run_sim.py export``: recorded drives in the formats of LeRobot, Minari and Rerun."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drive_stack.app.wiring import Wiring
from drive_stack.datasets.export.formats import Advance, check_export, export


def run(args: argparse.Namespace, _: Wiring) -> int:
    """Write the folder and print what it holds; returns the exit status."""
    check_export(args.to, args.out)
    from drive_stack.datasets.export.source import RecordedDrives  # noqa: PLC0415 - needs pyarrow

    drives = RecordedDrives(args.recording)
    with _progress(drives.rows) as advance:
        export(drives, args.to, args.out, advance)
    print(f"{drives.rows} rows of {drives.episodes} episodes as {args.to} in {args.out}")
    return 0


@contextmanager
def _progress(rows: int) -> Iterator[Advance]:
    """Show on standard error how many rows are done; without a terminal, one line says how many there are."""
    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"exporting {rows} rows", file=sys.stderr)
        yield lambda _: None
        return
    columns = (TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=rows)
        yield lambda count: progress.update(task, advance=count)
