"""The command-line options of a batch of episodes, and its failures as text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.rows import Row, failure_line

MAX_FAILURES = 5  # printed one by one; the others are only counted


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
