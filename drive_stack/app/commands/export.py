"""``run_sim.py export``: recorded drives in the formats of LeRobot, Minari and Rerun."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drive_stack.app.wiring import Wiring
from drive_stack.datasets.export.formats import FORMATS, Advance, check_export, export
from drive_stack.datasets.export.source import RecordedDrives

HELP = """\
examples:
  python run_sim.py collect --scenarios cut_in --seeds 2 --out runs/recordings/cut_in
      record something to export
  python run_sim.py export runs/recordings/cut_in --to lerobot --out runs/exports/lerobot
      a LeRobot dataset: images, states, actions and tasks for imitation learning
  python run_sim.py export runs/recordings/cut_in --to minari --out runs/exports/minari
      a Minari dataset: observations, actions and rewards for offline reinforcement learning
  python run_sim.py export runs/recordings/cut_in --to rerun --out runs/exports/rerun
      one .rrd file for each episode, to look at with: rerun runs/exports/rerun/*.rrd

docs/recordings.md says what each field means and how to open the result.
"""


def run(arguments: Sequence[str], _: Wiring) -> int:
    """Write the folder and print what it holds; returns the exit status."""
    args = _parser().parse_args(arguments)
    check_export(args.to, args.out)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py export",
        description="Write recorded drives in a format that other programs read.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="folder that collect wrote")
    parser.add_argument("--to", choices=FORMATS, required=True, help="format of the result")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new folder of the result")
    return parser
