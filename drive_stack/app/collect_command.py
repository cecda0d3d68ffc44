"""``run_sim.py collect``: record drives to learn from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from drive_stack.app.driving import Driving, tell_failures
from drive_stack.app.options import episode_count, positive, seed, worker_count
from drive_stack.app.outside import Outside
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.row_file import NAME, open_rows
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.suite import load_suite
from drive_stack.recording.collecting import (
    EXPERT,
    CollectSettings,
    check_settings,
    list_shards,
    record_task,
)
from drive_stack.scenario_name import split_names
from drive_stack.seeds import check_episodes, seed_range

TEST_SEEDS = 200_000

HELP = """\
examples:
  python run_sim.py collect --seeds 10 --out runs/recordings/plain              the expert drives
  python run_sim.py collect --seeds 10 --out runs/recordings/pushed --disturb   and is pushed off its course
  python run_sim.py collect --seeds 5 --out runs/recordings/dagger1 --driver end_to_end --expert-share 0.3
  python run_sim.py collect --seeds 2 --out runs/recordings/askew --suite askew   other starts

Break it off when you like: the same command goes on from there. docs/recordings.md has the columns.
"""


def collect(given: Sequence[str], outside: Outside) -> int:
    """Record what is missing and write the manifest; returns the exit status."""
    options = _parser().parse_args(given)
    if options.first_seed + options.seeds > TEST_SEEDS:
        raise ConfigError(
            f"--first-seed {options.first_seed}: seeds from {TEST_SEEDS} on are for tests, not to learn from"
        )
    settings = _settings(options, outside)
    check_settings(options.out, settings)
    names = _names(options, outside)
    check_episodes(len(names), options.seeds)
    tasks = [_task(name, seed, settings, outside) for seed in _seeds(options) for name in names]
    driving = Driving(options.workers, time_limit=600.0, retry_lost=False, this_code=False)
    with open_rows(options.out) as file:
        try:
            failed = driving.drive(
                tasks,
                file,
                partial(record_task, outside.build, settings, options.out),
                code=code_state(outside.packages),
                hash_now=lambda task: _task(task.scenario, task.seed, settings, outside).config_hash,
            )
        finally:
            manifest = list_shards(options.out, settings, file.rows.values())
    tell_failures(failed, options.out / NAME)
    rows = sum(shard.rows for shard in manifest.shards)
    print(f"{rows} rows of {len(manifest.shards)} episodes in {options.out}, hash {manifest.hash[:16]}")
    return 1 if failed else 0


def _names(options: argparse.Namespace, outside: Outside) -> Sequence[str]:
    if options.suite is not None:
        if options.scenarios != "all":
            raise ConfigError("--suite has scenarios of its own: leave out --scenarios")
        return load_suite(options.suite).scenarios(outside.scenarios)
    return split_names(options.scenarios) if options.scenarios != "all" else outside.scenarios


def _seeds(options: argparse.Namespace) -> range:
    return seed_range(options.first_seed, options.seeds)


def _settings(options: argparse.Namespace, outside: Outside) -> CollectSettings:
    student = None if options.driver in (None, EXPERT) else str(options.driver)
    if student is None and (options.set or options.expert_share):
        raise ConfigError("--set and --expert-share go with --driver")
    hashed = fingerprint(outside.agent_facts(student, options.set), "") if student is not None else ""
    return CollectSettings(
        student=student,
        student_overrides=tuple(options.set),
        student_hash=hashed,
        expert_share=options.expert_share,
        disturbed=options.disturb,
        every=options.every,
    )


def _task(scenario: str, seed: int, settings: CollectSettings, outside: Outside) -> EpisodeTask:
    facts = outside.agent_facts(EXPERT, ())
    content = outside.scenario_content(scenario) + settings.model_dump_json()
    return EpisodeTask(EXPERT, EXPERT, (), scenario, seed, fingerprint(facts, content), privileged=True)


def _share(text: str) -> float:
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
        description="Record drives to learn from: what was seen, what the expert would do, what was true.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the recordings go")
    parser.add_argument("--scenarios", default="all", metavar="A,B", help="names or files (default: all)")
    parser.add_argument(
        "--suite", metavar="NAME|FILE", help="the courses of a suite in place of --scenarios, such as askew"
    )
    parser.add_argument(
        "--seeds", type=episode_count, default=10, metavar="N", help="of each scenario (default: 10)"
    )
    parser.add_argument("--first-seed", type=seed, default=0, metavar="SEED", help="default: 0, training")
    parser.add_argument(
        "--every", type=positive, default=2, metavar="K", help="keep each K-th step (default: 2)"
    )
    parser.add_argument("--disturb", action="store_true", help="push the car off its course now and then")
    parser.add_argument(
        "--driver",
        metavar="NAME",
        help="who drives while the expert says what it would do (default: the expert)",
    )
    parser.add_argument(
        "--expert-share",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="of the time the expert drives beside --driver",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override the driver's configuration; repeatable",
    )
    parser.add_argument("--workers", type=worker_count, default=2, metavar="N", help="processes (default: 2)")
    return parser
