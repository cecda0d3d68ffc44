"""The command-line options of a batch of episodes, and its failures as text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from drive_stack.app.options import seconds, worker_count
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.backends import Backend
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.rows import Row, failure_line

MAX_FAILURES = 5  # printed one by one; the others are only counted


def add_driving_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that `driving_options` reads; returns their group."""
    group = parser.add_argument_group("how it is driven")
    group.add_argument(
        "--workers", type=worker_count, default=1, metavar="N", help="number of worker processes (default: 1)"
    )
    group.add_argument(
        "--time-limit",
        type=seconds,
        default=900,
        metavar="S",
        help="wall-clock limit for one episode, in seconds; an episode that takes longer gets an error row "
        "(default: 900)",
    )
    group.add_argument(
        "--retry-lost",
        action="store_true",
        help="drive again the episodes whose worker was killed or ran into the time limit",
    )
    group.add_argument(
        "--this-code",
        action="store_true",
        help="drive again the episodes that were driven by another version of the code",
    )
    group.add_argument(
        "--backend",
        choices=get_args(Backend),
        default="processes",
        help="where the workers run: as processes on this machine, or on a Ray cluster (default: processes)",
    )
    group.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="address of the Ray cluster (default: start one on this machine)",
    )
    return group


def driving_options(args: argparse.Namespace) -> DrivingOptions:
    """Read a parsed command line; `ConfigError` for an address without the Ray backend."""
    if args.address is not None and args.backend != "ray":
        raise ConfigError("--address: goes with --backend ray")
    return DrivingOptions(
        workers=args.workers,
        time_limit=float(args.time_limit),
        retry_lost=args.retry_lost,
        this_code=args.this_code,
        backend=args.backend,
        address=args.address,
    )


def print_failures(failed: Sequence[Row], row_file: Path) -> None:
    """Print the first few failed episodes to stderr, one line each."""
    for row in failed[:MAX_FAILURES]:
        print(f"failed: {failure_line(row)}", file=sys.stderr)
    if len(failed) > MAX_FAILURES:
        print(f"and {len(failed) - MAX_FAILURES} more; {row_file} lists all of them", file=sys.stderr)
