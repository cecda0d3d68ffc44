"""``run_sim.py evaluate``: agents on the same courses and seeds, scored and compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from drive_stack.app.driving import Driving, tell_failures
from drive_stack.app.headline_table import print_headline
from drive_stack.app.inside import Course, look_inside
from drive_stack.app.names import names_of, overrides_of
from drive_stack.app.options import IN_PROCESS_HELP, TRUST_HELP, seeds_between
from drive_stack.app.outside import Outside
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.interrupts import interrupts_held
from drive_stack.evaluation.batch.row_file import NAME, RECORDINGS, RowFile, open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.export import export
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts, write_facts
from drive_stack.evaluation.schemes.scoring import ExpertDrive
from drive_stack.evaluation.suite import Suite, load_suite, suites
from drive_stack.footage.filming import Filming
from drive_stack.report.gallery import CLIPS
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs
from drive_stack.report.summary_files import write_summary
from drive_stack.seeds import check_episodes, seed_range
from drive_stack.whole_files import remove_parts

PAGE = "report.html"
KEPT = "episodes are kept; the same command goes on from there"
REFERENCE = "expert"  # drives every course first; progress is measured by it

HELP = """\
examples:
  python run_sim.py evaluate --suite smoke --seeds 100000:100001          a minute's look
  python run_sim.py evaluate --agent modular --agent end_to_end --workers 2    standard: 220 episodes each
  python run_sim.py evaluate --suite ncap --agent agents/mine.yaml        Euro NCAP's and UN R157's grids

The same command drives only what is missing in --out. docs/evaluation.md explains suites, scores and rows.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be driven."""

    suite: Suite
    scenarios: tuple[str, ...]
    seeds: range
    drivers: Mapping[str, Driver]  # by label, the reference first

    @property
    def facts(self) -> RunFacts:
        """For ``run.json``."""
        return RunFacts(
            suite=self.suite.name,
            scenarios=self.scenarios,
            first_seed=self.seeds.start,
            seeds=len(self.seeds),
            drivers=dict(self.drivers),
        )


@dataclass(frozen=True, slots=True)
class Driven:
    """What has been driven."""

    plan: Plan
    folder: Path
    rows: list[Row]  # the reference's first
    failed: list[Row]  # those that tell of a failure


def evaluate(given: Sequence[str], outside: Outside, root: Path) -> int:
    """Drive what is missing, print who is better, write rows and report; returns the exit status."""
    options = evaluate_parser().parse_args(given)
    outside = outside.with_trust(options.trust)
    driven = _driven(options, outside, root)
    try:
        _report(driven, options, outside)
    except (KeyboardInterrupt, ConfigError):
        with interrupts_held():  # a second Ctrl-C comes after the line
            print(f"all {len(driven.rows)} {KEPT}", file=sys.stderr)
        raise
    return 1 if driven.failed else 0


def _report(driven: Driven, options: argparse.Namespace, outside: Outside) -> None:
    """Print who is better, and write the tables and the page."""
    plan, folder, rows = driven.plan, driven.folder, driven.rows
    current = {row.key for row in rows}
    comparison = read_runs([folder], current).comparison
    print_headline(comparison, Console(width=None if sys.stdout.isatty() else 120))
    if options.inside:
        compared = {label: one for label, one in plan.drivers.items() if label != REFERENCE}
        look_inside(compared, Course(plan.scenarios, plan.seeds[0]), folder, outside, options.workers)
    runs = read_runs([folder], current)  # what is inside included
    written = (*write_summary(comparison, folder), *export(runs.rows, folder))
    page = folder / PAGE
    write_report(runs, page)
    tell_failures(driven.failed, folder / NAME)
    print("written: " + ", ".join(map(str, (*written, page))), file=sys.stderr)


def results_of(given: Sequence[str], outside: Outside, root: Path) -> list[EpisodeResult]:
    """What the agents of a command line came to, the reference left out; drives what is missing."""
    options = evaluate_parser().parse_args(given)
    rows = _driven(options, outside.with_trust(options.trust), root).rows
    return [row.result for row in rows if row.label != REFERENCE]


def _driven(options: argparse.Namespace, outside: Outside, root: Path) -> Driven:
    plan = plan_of(options, outside)
    tasks = {label: tasks_of(plan, label, outside) for label in plan.drivers}
    folder: Path = options.out or root / "runs" / "evaluate" / plan.suite.name
    with open_rows(folder, foreign=RECORDINGS) as file:
        for place in (folder, folder / CLIPS):
            remove_parts(place, "")  # of runs that were killed while they wrote
        _begin(folder, plan.facts)
        rows, failed = _drive(tasks, file, Driving.of(options), outside)
    return Driven(plan, folder, rows, failed)


def plan_of(options: argparse.Namespace, outside: Outside) -> Plan:
    """Raises `ConfigError` for a suite, a scenario, seeds or an agent that cannot be used."""
    suite = load_suite(options.suite)
    specs = options.agent or ["modular", "end_to_end"]
    drivers = {REFERENCE: Driver(agent=REFERENCE)}
    for index, label in enumerate(names_of(specs)):
        overrides = overrides_of(index, specs, options.set)
        inside = tuple(outside.sharing_process(specs[index])) if options.in_process else ()
        drivers[label] = Driver(agent=specs[index], overrides=(*overrides, *inside))
    scenarios = suite.scenarios(outside.scenarios, outside.world_name)
    seeds = (
        seed_range(suite.first_seed, suite.seeds) if options.seeds is None else seeds_between(options.seeds)
    )
    check_episodes(len(scenarios), len(seeds))
    return Plan(suite, scenarios, seeds, drivers)


def tasks_of(plan: Plan, label: str, outside: Outside) -> list[EpisodeTask]:
    """All of a driver's episodes, one seed after another, so that a run broken off knows every course.

    A row is known by what its driver and the reference are made of: its progress is measured by the latter.
    """
    driver = plan.drivers[label]
    facts = outside.agent_facts(driver.agent, driver.overrides)
    contents = {name: outside.scenario_content(name) for name in plan.scenarios}
    worlds = {name: outside.world_name(name) for name in plan.scenarios}
    return [
        EpisodeTask(
            label=label,
            agent=driver.agent,
            overrides=driver.overrides,
            scenario=name,
            seed=seed,
            config_hash=fingerprint(facts, content),
            privileged=facts.privileged,
            camera=facts.looks,
            world=worlds[name],
        )
        for seed in plan.seeds
        for name, content in contents.items()
    ]


def _drive(
    tasks: Mapping[str, Sequence[EpisodeTask]], file: RowFile, driving: Driving, outside: Outside
) -> tuple[list[Row], list[Row]]:
    """All rows of the tasks, and those that tell of a failure; the reference drives first."""
    drive = partial(drive_task, outside.build, onlooker=partial(Filming, file.folder.resolve() / CLIPS))
    code = code_state(outside.packages)
    reference = tasks[REFERENCE]
    others = [found for label, found in tasks.items() if label != REFERENCE]
    failed = driving.drive(
        reference, file, drive, code=code, hash_now=outside.hash_of, what="reference episodes"
    )
    experts = {(task.scenario, task.seed): file.rows[task.key].result for task in reference}
    # course by course, so that a run broken off compares all alike
    compared = [
        replace(task, expert=_expert_drive(experts[task.scenario, task.seed]))
        for course in zip(*others, strict=True)
        for task in course
    ]
    expert_of = {task.key: task.expert for task in compared}
    failed += driving.drive(
        compared,
        file,
        drive,
        code=code,
        hash_now=outside.hash_of,
        has=lambda row: _measured_by(row.result, expert_of[row.key]),
    )
    return [file.rows[task.key] for task in (*reference, *compared)], failed


def _expert_drive(result: EpisodeResult) -> ExpertDrive | None:
    """None where the reference itself failed: then progress is the share of the route."""
    if result.status is not Status.COMPLETED:
        return None
    return ExpertDrive(result.distance_m, result.duration_s)


def _measured_by(result: EpisodeResult, expert: ExpertDrive | None) -> bool:
    """Whether progress was measured by the reference as it is now known.

    It was not where the reference was lost with its worker when the episode was driven, and has been driven
    since, or the other way round. An episode that came to nothing does not depend on the reference.
    """
    if result.status is Status.ERROR and result.duration_s == 0.0:
        return True
    return (result.progress_of_expert is None) == (expert is None)


def _begin(folder: Path, facts: RunFacts) -> None:
    """Say what is driven there; `ConfigError` where the folder is of another suite, whose rows would mix."""
    before = read_facts(folder)
    if before is not None and before.suite != facts.suite:
        raise ConfigError(f"{folder}: holds rows of the suite {before.suite}; use another --out")
    drivers = dict(before.drivers) if before is not None else {}
    for label, driver in facts.drivers.items():
        if drivers.setdefault(label, driver) != driver:
            raise ConfigError(
                f"{folder}: {label} was {drivers[label].agent} set otherwise; use another --out"
            )
    write_facts(folder, facts.model_copy(update={"drivers": drivers}))


def evaluate_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = argparse.ArgumentParser(
        prog="run_sim.py evaluate",
        description="Which driver is better, by how much, how sure, and why each crash happened.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what is driven")
    what.add_argument(
        "--agent",
        action="append",
        metavar="NAME",
        help="registered name, configuration file, policy's file or package.module:Class; repeatable "
        "(default: modular and end_to_end)",
    )
    what.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override an agent's configuration, of several NAME:KEY=VALUE; repeatable",
    )
    what.add_argument(
        "--suite",
        default="standard",
        metavar="NAME|FILE",
        help=f"of {', '.join(suites())} (default: standard)",
    )
    what.add_argument(
        "--seeds", metavar="A:B", help="from A up to before B (default: the suite's, which are test seeds)"
    )
    how = Driving.add_options(parser)
    how.add_argument(
        "--inside",
        action="store_true",
        help="then drive one seed of each scenario again: a pipeline's stages against the truth (detection, "
        "tracking, lanes, control), a policy against the expert on the expert's drives",
    )
    how.add_argument("--trust", action="store_true", help=TRUST_HELP)
    how.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    how.add_argument("--out", type=Path, metavar="DIR", help="default: runs/evaluate/SUITE")
    return parser
