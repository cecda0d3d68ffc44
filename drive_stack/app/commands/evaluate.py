"""``run_sim.py evaluate``: agents on the same courses and seeds, scored and compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from drive_stack.app.agent_evaluation import (
    REFERENCE,
    EvaluationRun,
    EvaluationSpec,
    run_evaluation,
    tasks_of,
)
from drive_stack.app.batch_run import driving_options, print_failures
from drive_stack.app.films.counterparts import film_counterparts
from drive_stack.app.headline_table import print_headline
from drive_stack.app.options import seeds_between
from drive_stack.app.stage_evaluation import StageCourses, evaluate_stages
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.export import export
from drive_stack.evaluation.suite import load_suite
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs
from drive_stack.report.shifts import redraw_note
from drive_stack.report.summary_files import ShiftSection, write_summary
from drive_stack.support.extras import require
from drive_stack.support.interrupts import defer_interrupts

PAGE = "report.html"
KEPT = "episodes are kept; the same command goes on from there"


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive what is missing, print the comparison, write the report; returns the exit status."""
    if args.inside:
        require(("trackeval",), "eval", "--inside")
    batch = wiring.batch.with_trust(args.trust)
    evaluation = run_evaluation(_spec(args, wiring.root), batch)
    try:
        _report(evaluation, args, batch)
    except (KeyboardInterrupt, ConfigError):
        with defer_interrupts():  # a second Ctrl-C takes effect after the line
            print(f"all {len(evaluation.rows)} {KEPT}", file=sys.stderr)
        raise
    return 1 if evaluation.failed else 0


def _report(evaluation: EvaluationRun, args: argparse.Namespace, batch: BatchWiring) -> None:
    """Print the comparison of the agents, and write the tables and the page."""
    plan, folder = evaluation.plan, evaluation.folder
    runs = read_runs([folder], {row.key for row in evaluation.rows})
    comparison = runs.comparison
    print_headline(comparison, Console(width=None if sys.stdout.isatty() else 120))
    if args.inside:
        compared = {label: driver for label, driver in plan.drivers.items() if label != REFERENCE}
        courses = StageCourses(plan.scenarios, plan.seeds[0])
        evaluate_stages(compared, courses, folder, batch, args.workers)
    tasks = {task.key: task for label in plan.drivers for task in tasks_of(plan, label, batch)}
    film_counterparts(runs, folder, tasks, batch.build_agent, args.workers)
    if redraws := redraw_note(runs.paired_worlds):
        print(redraws)
    shifts = ShiftSection(runs.drops, runs.paired_worlds)
    written = (*write_summary(comparison, folder, shifts), *export(runs.rows, folder))
    page = folder / PAGE
    write_report(runs, page)
    print_failures(evaluation.failed, folder / NAME)
    print("written: " + ", ".join(map(str, (*written, page))), file=sys.stderr)


def _spec(args: argparse.Namespace, root: Path) -> EvaluationSpec:
    """The evaluation that a command line requests."""
    suite = load_suite(args.suite)
    return EvaluationSpec(
        folder=args.out or root / "runs" / "evaluate" / suite.name,
        suite=suite,
        agents=tuple(args.agent or ("modular", "end_to_end")),
        overrides=tuple(args.set),
        seeds=None if args.seeds is None else seeds_between(args.seeds),
        in_process=args.in_process,
        driving=driving_options(args),
    )
