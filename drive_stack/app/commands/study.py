"""``run_sim.py study``: the data-scaling study, or a stage of it."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from drive_stack.app.agent_evaluation import REFERENCE, drive_plan, plan_courses
from drive_stack.app.batch_run import print_failures
from drive_stack.app.wiring import Wiring
from drive_stack.datasets.drives.collection import Collection, CollectionSpec, collect
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.row_file import NAME, RECORDINGS, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.run_facts import Driver
from drive_stack.evaluation.suite import load_suite
from drive_stack.seeds import seed_range
from drive_stack.study.config import DEFAULT_PLAN, Courses, load_plan
from drive_stack.study_runner.driving import DrivingOrder, reference
from drive_stack.study_runner.folder import StudyFolder, file_stem
from drive_stack.study_runner.selection import Selection
from drive_stack.study_runner.stages import Services, Stage, Study
from drive_stack.support.layout import CONFIGS

QUICK_PLAN = CONFIGS / "study_quick.yaml"


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Run the study or a stage of it; returns the exit status."""
    stage = None if args.stage is None else Stage(args.stage)
    if args.quick and args.config is not None:
        raise ConfigError("--quick: has a plan of its own; leave out --config")
    if args.hours is not None and stage is not None:
        raise ConfigError("--hours: goes without a stage")
    if args.address is not None and args.backend != "ray":
        raise ConfigError("--address: goes with --backend ray")
    plan = load_plan(QUICK_PLAN if args.quick else args.config or DEFAULT_PLAN)
    driving = DrivingOptions(
        workers=args.workers, retry_lost=True, backend=args.backend, address=args.address
    )
    study = Study(
        plan,
        StudyFolder(args.work or wiring.root / "runs" / plan.name, args.tables),
        Services(
            collect=lambda spec: _collect(spec, wiring.batch),
            drive=lambda order: _drive(order, driving, wiring.batch),
            build_agent=wiring.batch.build_agent,
            perception=wiring.perception,
            timed_scenario=wiring.batch.scenarios[0],
            count_courses=_course_counter(wiring.batch),
            scenarios=len(wiring.batch.scenarios),
        ),
        only=[Selection.read(text) for text in args.only],
        workers=args.workers,
        hours=args.hours,
        accept_differences=args.accept_differences,
    )
    study.run(stage)
    return 0


def _course_counter(wiring: BatchWiring) -> Callable[[Courses], int]:
    """Counts courses, of all seeds together."""

    @functools.cache
    def size(suite: str) -> int:
        return len(load_suite(suite).scenarios(wiring.scenarios, wiring.world_name))

    return lambda courses: (
        courses.seeds * (size(courses.suite) if courses.scenarios is None else len(courses.scenarios))
    )


def _collect(spec: CollectionSpec, wiring: BatchWiring) -> Collection:
    """Record the drives of a part of the pool, and name those that failed."""
    collection = collect(spec, wiring, lambda line: print(line, file=sys.stderr))
    print_failures(collection.failed, spec.out / NAME)
    return collection


def _drive(order: DrivingOrder, driving: DrivingOptions, wiring: BatchWiring) -> Sequence[Row]:
    """Drive courses; returns the rows of the driver. The expert drives each course once for all drivers."""
    if order.experts is not None:
        _copy_rows(order.experts, order.folder)
    courses = order.courses
    expert = order.label == file_stem(reference(REFERENCE))
    label = REFERENCE if expert else order.label
    plan = plan_courses(
        load_suite(courses.suite),
        seed_range(courses.first_seed, courses.seeds),
        {REFERENCE: Driver(agent=REFERENCE)} | ({} if expert else {label: order.driver}),
        wiring,
        only=courses.scenarios,
    )
    evaluation = drive_plan(plan, order.folder, driving, wiring, with_clips=False)
    print_failures(evaluation.failed, order.folder / NAME)
    return [row for row in evaluation.rows if row.label == label]


def _copy_rows(source: Path, target: Path) -> None:
    """Add the expert's rows of one folder to another one."""
    with open_rows(target, foreign=RECORDINGS) as file:
        for row in read_rows(source).values():
            if row.label == REFERENCE and row.key not in file.rows:
                file.append(row)
