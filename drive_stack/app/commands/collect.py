"""``run_sim.py collect``: record drives that a policy can learn from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drive_stack.app.batch_run import MAX_FAILURES, print_failures
from drive_stack.app.options import SCENARIOS_HELP, TRUST_HELP, episode_count, positive, seed, worker_count
from drive_stack.app.wiring import Wiring
from drive_stack.datasets.drives.collection import Collection, CollectionSpec, collect, repair
from drive_stack.datasets.drives.recording_task import EXPERT
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.scenario_name import split_names

HELP = """\
examples:
  python run_sim.py collect --seeds 10 --out runs/recordings/plain
      the expert drives
  python run_sim.py collect --seeds 10 --out runs/recordings/perturbed --disturb
      the expert drives and is perturbed now and then
  python run_sim.py collect --seeds 5 --out runs/recordings/dagger1 --driver end_to_end --expert-share 0.3
      the policy drives, the expert drives in 30 % of the segments and labels every step
  python run_sim.py collect --seeds 2 --out runs/recordings/offset_start --suite offset_start
      the expert starts off the lane centre and at an angle to the lane
  python run_sim.py collect --repair --out runs/recordings/plain
      record again what is damaged

You can stop the command at any time and run it again: it continues where it stopped.
docs/recordings.md describes the columns.
"""


def run(arguments: Sequence[str], wiring: Wiring) -> int:
    """Record what is missing and write the manifest; returns the exit status."""
    parser = _parser()
    args = parser.parse_args(arguments)
    batch = wiring.batch.with_trust(args.trust)
    if not args.repair:
        return collect_and_report(_spec(args), batch)
    _check_repair(args, parser)
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
    if args.driver in (None, EXPERT) and (args.set or args.expert_share):
        raise ConfigError("--set and --expert-share go with --driver")
    if args.suite is not None and args.scenarios != "all":
        raise ConfigError("--suite has scenarios of its own: leave out --scenarios")
    return CollectionSpec(
        out=args.out,
        scenarios=None if args.scenarios == "all" else tuple(split_names(args.scenarios)),
        suite=args.suite,
        first_seed=args.first_seed,
        seeds=args.seeds,
        every=args.every,
        perturbed=args.disturb,
        driver=args.driver,
        driver_overrides=tuple(args.set),
        expert_fraction=args.expert_share,
        workers=args.workers,
    )


def _check_repair(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Raise `ConfigError` for an option that contradicts the folder's own settings."""
    for name in sorted(vars(args).keys() - {"out", "repair", "trust", "workers"}):
        if getattr(args, name) != parser.get_default(name):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{flag}: not with --repair, which records as the folder's manifest says")


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py collect",
        description="Record drives to learn from. Each recorded step holds the observation, what the\n"
        "expert would do, and the true state of the world.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the recordings")
    parser.add_argument(
        "--scenarios",
        default="all",
        metavar="A,B",
        help=SCENARIOS_HELP,
    )
    parser.add_argument(
        "--suite",
        metavar="NAME|FILE",
        help="record the courses of this suite instead of --scenarios, such as offset_start",
    )
    parser.add_argument(
        "--seeds",
        type=episode_count,
        default=10,
        metavar="N",
        help="number of seeds of each scenario (default: 10)",
    )
    parser.add_argument(
        "--first-seed",
        type=seed,
        default=0,
        metavar="SEED",
        help="first seed of each scenario (default: 0, a training seed)",
    )
    parser.add_argument(
        "--every", type=positive, default=2, metavar="K", help="record every K-th step (default: 2)"
    )
    parser.add_argument("--disturb", action="store_true", help="push the car off its course now and then")
    parser.add_argument(
        "--driver",
        metavar="NAME",
        help="agent that drives while the expert only says what it would do (default: the expert drives)",
    )
    parser.add_argument(
        "--expert-share",
        type=_fraction,
        default=0.0,
        metavar="FRACTION",
        help="with --driver: fraction of the time, 0 to 1, in which the expert drives instead (default: 0)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the driver's configuration; can be repeated",
    )
    parser.add_argument("--trust", action="store_true", help=TRUST_HELP)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="record again the drives in --out that are missing or corrupt, with the settings of its "
        "manifest; corrupt files are renamed, not deleted",
    )
    parser.add_argument(
        "--workers", type=worker_count, default=2, metavar="N", help="number of worker processes (default: 2)"
    )
    return parser
