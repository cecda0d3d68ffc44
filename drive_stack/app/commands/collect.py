"""``run_sim.py collect``: record drives to learn from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from drive_stack.agent_spec import grants, is_file, runs_code
from drive_stack.app.batch_run import FAILURES, Driving, tell_failures
from drive_stack.app.options import TRUST_HELP, episode_count, positive, seed, worker_count
from drive_stack.app.wiring import Outside
from drive_stack.datasets.drives.folder import RecordingFolder, read_settings
from drive_stack.datasets.drives.recording_task import EXPERT, CollectSettings, record_task
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.row_file import NAME, RowFile, open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import missing
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.run_facts import NAME as RUN_FACTS
from drive_stack.evaluation.suite import load_suite
from drive_stack.scenario_name import split_names
from drive_stack.seeds import check_episodes, seed_range

TEST_SEEDS = 200_000

HELP = """\
examples:
  python run_sim.py collect --seeds 10 --out runs/recordings/plain              the expert drives
  python run_sim.py collect --seeds 10 --out runs/recordings/pushed --disturb   and is pushed off its course
  python run_sim.py collect --seeds 5 --out runs/recordings/dagger1 --driver end_to_end --expert-share 0.3
  python run_sim.py collect --seeds 2 --out runs/recordings/askew --suite askew   other starts
  python run_sim.py collect --repair --out runs/recordings/plain                what was deleted or spoilt

Break it off when you like: the same command goes on from there. docs/recordings.md has the columns.
"""


def collect(given: Sequence[str], outside: Outside) -> int:
    """Record what is missing and write the manifest; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(given)
    out: Path = options.out
    outside = outside.with_trust(options.trust)
    repair: bool = options.repair
    settings = _settings_to_repair(options, parser, outside) if repair else _settings(options, outside)
    asked = [] if repair else _episodes(options, outside)
    with open_rows(out, foreign=RUN_FACTS) as file:
        folder = RecordingFolder(out, settings, file.rows)
        episodes = folder.episodes(file.rows.values(), outside.scenarios) if repair else asked
        tasks = [_task(name, seed, settings, outside) for name, seed in episodes]
        failed = _record(tasks, file, folder, settings, options, outside)
    tell_failures(failed, out / NAME)
    _tell_lost(folder)
    shards = folder.manifest.shards
    rows = sum(shard.rows for shard in shards)
    print(f"{rows} rows of {len(shards)} episodes in {out}, hash {folder.manifest.hash[:16]}")
    return 1 if failed or folder.spoilt else 0


def _episodes(options: argparse.Namespace, outside: Outside) -> list[tuple[str, int]]:
    """Scenario and seed of every episode that the options ask for."""
    names = _names(options, outside)
    check_episodes(len(names), options.seeds)
    return [(name, seed) for seed in _seeds(options) for name in names]


def _record(
    tasks: Sequence[EpisodeTask],
    file: RowFile,
    folder: RecordingFolder,
    settings: CollectSettings,
    options: argparse.Namespace,
    outside: Outside,
) -> list[Row]:
    """Record the tasks whose row or shard is missing; the rows of ``tasks`` that tell of a failure."""
    folder.adopt(tasks, file.rows)
    left = missing(tasks, file, has=folder.has)
    again = sum(task.key in file.rows for task in left)
    if again:
        print(f"{again} episodes have a row and no whole shard; they are recorded again", file=sys.stderr)
    for aside in folder.clear_the_way(left, repair=options.repair):
        print(f"put aside: {aside}", file=sys.stderr)
    folder.write()
    return Driving(options.workers, time_limit=600.0, retry_lost=False, this_code=False).drive(
        tasks,
        file,
        partial(record_task, outside.build, settings, folder.path),
        code=code_state(outside.packages),
        hash_now=lambda task: _task(task.scenario, task.seed, settings, outside).config_hash,
        has=folder.has,
        note=folder.add,
    )


def _tell_lost(folder: RecordingFolder) -> None:
    """What is listed and cannot be read, and what is no longer listed."""
    for reason in folder.spoilt[:FAILURES]:
        print(f"spoilt: {reason}", file=sys.stderr)
    if len(folder.spoilt) > FAILURES:
        print(f"and {len(folder.spoilt) - FAILURES} more", file=sys.stderr)
    if folder.renamed:
        print(
            f"no longer listed: {len(folder.renamed)} files that several scenarios shared; "
            "each scenario has a file of its own now",
            file=sys.stderr,
        )


def _settings_to_repair(
    options: argparse.Namespace, parser: argparse.ArgumentParser, outside: Outside
) -> CollectSettings:
    """How the folder's recordings were made.

    Raises `ConfigError` where that cannot be done any more, and where the folder, which may come from
    anybody, names a driver that can run code and the command line grants no trust.
    """
    for name in sorted(vars(options).keys() - {"out", "repair", "trust", "workers"}):
        if getattr(options, name) != parser.get_default(name):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{flag}: not with --repair, which records as the folder's manifest says")
    settings = read_settings(options.out)
    if settings.student is not None:
        name = shortened(settings.student)
        risky = runs_code(settings.student) or bool(grants(settings.student_overrides))
        if risky and not options.trust:
            raise ConfigError(
                f"{options.out}: its driver {name} can run code as it is loaded; "
                "if you know who made it, add --trust"
            )
        if risky or is_file(settings.student):
            print(f"note: loads the driver {name}, as the folder says", file=sys.stderr)
        facts = outside.agent_facts(settings.student, settings.student_overrides)
        if fingerprint(facts, "") != settings.student_hash:
            raise ConfigError(
                f"{options.out}: its driver {name} has changed since; record into another folder"
            )
    return settings


def _names(options: argparse.Namespace, outside: Outside) -> Sequence[str]:
    if options.suite is not None:
        if options.scenarios != "all":
            raise ConfigError("--suite has scenarios of its own: leave out --scenarios")
        return load_suite(options.suite).scenarios(outside.scenarios, outside.world_name)
    return split_names(options.scenarios) if options.scenarios != "all" else outside.scenarios


def _seeds(options: argparse.Namespace) -> range:
    if options.first_seed + options.seeds > TEST_SEEDS:
        raise ConfigError(
            f"--first-seed {options.first_seed}: seeds from {TEST_SEEDS} on are for tests, not to learn from"
        )
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
    parser.add_argument("--trust", action="store_true", help=TRUST_HELP)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="record again what is missing or spoilt in --out, as its manifest says; puts spoilt files aside",
    )
    parser.add_argument("--workers", type=worker_count, default=2, metavar="N", help="processes (default: 2)")
    return parser
