"""``run_sim.py evaluate``: agents on the same courses and seeds, scored and compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drive_stack.app.agent_evaluation import REFERENCE, EvaluationRun, EvaluationSpec, run_evaluation
from drive_stack.app.batch_run import add_driving_options, driving_options, print_failures
from drive_stack.app.headline_table import print_headline
from drive_stack.app.options import IN_PROCESS_HELP, TRUST_HELP, seeds_between
from drive_stack.app.stage_evaluation import StageCourses, evaluate_stages
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.export import export
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs
from drive_stack.report.summary_files import write_summary
from drive_stack.support.interrupts import defer_interrupts

PAGE = "report.html"
KEPT = "episodes are kept; the same command goes on from there"

HELP = """\
examples:
  python run_sim.py evaluate --suite smoke --seeds 100000:100001          a quick check, about a minute
  python run_sim.py evaluate --agent modular --agent end_to_end --workers 2    standard: 220 episodes each
  python run_sim.py evaluate --suite ncap --agent agents/mine.yaml        test grids of Euro NCAP and UN R157

You can stop the command at any time: run again, it drives only the episodes that --out does not hold yet.
docs/evaluation.md explains suites, scores and rows.
"""


def run(arguments: Sequence[str], wiring: Wiring) -> int:
    """Drive what is missing, print the comparison, write the report; returns the exit status."""
    args = evaluate_parser().parse_args(arguments)
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
    written = (*write_summary(comparison, folder), *export(runs.rows, folder))
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


def evaluate_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's options."""
    parser = argparse.ArgumentParser(
        prog="run_sim.py evaluate",
        description="Evaluate agents on the same courses. Shows which one is better, by how much and with\n"
        "what confidence, and why each collision happened.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    episodes = parser.add_argument_group("what is driven")
    episodes.add_argument(
        "--agent",
        action="append",
        metavar="NAME",
        help="agent to evaluate: a registered name, a configuration file, a policy file or "
        "package.module:Class; can be repeated (default: modular and end_to_end)",
    )
    episodes.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the agent's configuration; with several agents write NAME:KEY=VALUE; "
        "can be repeated",
    )
    episodes.add_argument(
        "--suite",
        default="standard",
        metavar="NAME|FILE",
        help=f"the courses: {', '.join(suites())}, or a file of your own (default: standard)",
    )
    episodes.add_argument(
        "--seeds",
        metavar="A:B",
        help="the seeds from A to B - 1 (default: those of the suite, which are test seeds)",
    )
    how = add_driving_options(parser)
    how.add_argument(
        "--inside",
        action="store_true",
        help="afterwards drive the first seed of each scenario again and compare the stages of pipelines "
        "(detection, tracking, lanes, control) with the truth, and policies with the expert on the "
        "expert's drives",
    )
    how.add_argument("--trust", action="store_true", help=TRUST_HELP)
    how.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    how.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the rows and the report (default: runs/evaluate/SUITE)",
    )
    return parser
