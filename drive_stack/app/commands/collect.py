"""``run_sim.py collect``: record drives that a policy can learn from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drive_stack.app.batch_run import MAX_FAILURES, print_failures
from drive_stack.app.parsers.collect import make_parser
from drive_stack.app.wiring import Wiring
from drive_stack.datasets.drives.collection import Collection, CollectionSpec, collect, repair
from drive_stack.datasets.drives.recording_task import EXPERT
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.scenario_name import split_names


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Record what is missing and write the manifest; returns the exit status."""
    batch = wiring.batch.with_trust(args.trust)
    if not args.repair:
        return collect_and_report(_spec(args), batch)
    _check_repair(args)
    collection = repair(args.out, batch, _print_note, trusted=args.trust, workers=args.workers)
    return _report(collection, args.out)


def collect_and_report(spec: CollectionSpec, wiring: BatchWiring) -> int:
    """Record the drives of ``spec`` and print what came of it; returns the exit status."""
    return _report(collect(spec, wiring, _print_note), spec.out)


def _print_note(line: str) -> None:
    print(line, file=sys.stderr)


def _report(collection: Collection, out: Path) -> int:
    print_failures(collection.failed, out / NAME)
    for reason in collection.corrupt[:MAX_FAILURES]:
        print(f"corrupt: {reason}", file=sys.stderr)
    if len(collection.corrupt) > MAX_FAILURES:
        print(f"and {len(collection.corrupt) - MAX_FAILURES} more", file=sys.stderr)
    if collection.unlisted:
        print(
            f"no longer listed: {collection.unlisted} files that several scenarios shared; "
            "each scenario has a file of its own now",
            file=sys.stderr,
        )
    shards = collection.manifest.shards
    rows = sum(shard.rows for shard in shards)
    print(f"{rows} rows of {len(shards)} episodes in {out}, hash {collection.manifest.hash[:16]}")
    return 1 if collection.failed or collection.corrupt else 0


def _spec(args: argparse.Namespace) -> CollectionSpec:
    """The recording that a command line requests; `ConfigError` for options that do not go together."""
    if args.driver in (None, EXPERT) and (args.set or args.expert_fraction):
        raise ConfigError("--set and --expert-fraction go with --driver")
    if args.suite is not None and args.scenarios != "all":
        raise ConfigError("--suite has scenarios of its own: leave out --scenarios")
    return CollectionSpec(
        out=args.out,
        scenarios=None if args.scenarios == "all" else tuple(split_names(args.scenarios)),
        suite=args.suite,
        first_seed=args.first_seed,
        seeds=args.seeds,
        every=args.every,
        perturbed=args.perturb,
        driver=args.driver,
        driver_overrides=tuple(args.set),
        expert_fraction=args.expert_fraction,
        workers=args.workers,
    )


def _check_repair(args: argparse.Namespace) -> None:
    """Raise `ConfigError` for an option that contradicts the folder's own settings."""
    defaults = make_parser()
    for name in sorted(vars(args).keys() - {"out", "repair", "trust", "workers", "command"}):
        if getattr(args, name) != defaults.get_default(name):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{flag}: not with --repair, which records as the folder's manifest says")
