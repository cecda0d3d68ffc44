"""``run_sim.py evaluate``: agents on the same courses and seeds, scored and compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drive_stack.app.agent_evaluation import REFERENCE, EvaluationSpec, run_evaluation
from drive_stack.app.batch_run import add_driving_options, driving_options, print_failures
from drive_stack.app.headline_table import print_headline
from drive_stack.app.options import IN_PROCESS_HELP, TRUST_HELP, seeds_between
from drive_stack.app.stage_evaluation import Course, look_inside
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.export import export
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs
from drive_stack.report.summary_files import write_summary

PAGE = "report.html"

HELP = """\
examples:
  python run_sim.py evaluate --suite smoke --seeds 100000:100001          a minute's look
  python run_sim.py evaluate --agent modular --agent end_to_end --workers 2    standard: 220 episodes each
  python run_sim.py evaluate --suite ncap --agent agents/mine.yaml        Euro NCAP's and UN R157's grids

The same command drives only what is missing in --out. docs/evaluation.md explains suites, scores and rows.
"""


def evaluate(arguments: Sequence[str], wiring: BatchWiring, root: Path) -> int:
    """Drive what is missing, print who is better, write rows and report; returns the exit status."""
    args = evaluate_parser().parse_args(arguments)
    wiring = wiring.with_trust(args.trust)
    run = run_evaluation(_spec(args, root), wiring)
    plan, folder = run.plan, run.folder
    current = {row.key for row in run.rows}
    comparison = read_runs([folder], current).comparison
    print_headline(comparison, Console(width=None if sys.stdout.isatty() else 120))
    if args.inside:
        compared = {label: driver for label, driver in plan.drivers.items() if label != REFERENCE}
        look_inside(compared, Course(plan.scenarios, plan.seeds[0]), folder, wiring, args.workers)
    runs = read_runs([folder], current)  # includes what --inside has written
    written = (*write_summary(comparison, folder), *export(runs.rows, folder))
    page = folder / PAGE
    write_report(runs, page)
    print_failures(run.failed, folder / NAME)
    print("written: " + ", ".join(map(str, (*written, page))), file=sys.stderr)
    return 1 if run.failed else 0


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
    how = add_driving_options(parser)
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
