"""``run_sim.py reference``: make the expert's rows that come with the program, or check some of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drive_stack.app.agent_evaluation import REFERENCE, drive_plan, plan_courses
from drive_stack.app.batch_run import driving_options, print_failures
from drive_stack.app.reference_check import check_rows, present_tasks
from drive_stack.app.reference_sets import ReferenceSet, sets_named
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.reference.drive_code import drive_hash
from drive_stack.evaluation.reference.shipped_rows import (
    PATH,
    ShippedRow,
    read_shipped,
    shippable,
    write_shipped,
)
from drive_stack.evaluation.run_facts import Driver
from drive_stack.evaluation.suite import load_suite


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive what does not fit and write the file, or check some of its rows; returns the exit status."""
    sets, options = sets_named(args.sets), driving_options(args)
    if args.check is not None:
        if args.sets:
            raise ConfigError("--check: chooses among all rows; leave out the sets")
        return 0 if check_rows(args.check, options, wiring.batch) else 1
    work: Path = args.work or wiring.root / "runs" / "reference"
    are_complete = [make_rows(each, work, options, wiring.batch) for each in sets]
    return 0 if all(are_complete) else 1


def make_rows(
    courses: ReferenceSet, work: Path, options: DrivingOptions, wiring: BatchWiring, path: Path = PATH
) -> bool:
    """Drive the courses of a set that have no fitting row, and write all fitting rows to ``path``.

    Drives that are interrupted are kept below ``work``, in a folder that is named by the hash of the code.
    Rows of other sets are kept where they still fit. Returns whether no drive failed.

    Raises:
        ConfigError: as `drive_plan` does, if the code was changed during the drives, or if ``path`` cannot be
            written.
    """
    code = drive_hash(wiring.packages)
    driver = {REFERENCE: Driver(agent=REFERENCE)}
    plan = plan_courses(load_suite(courses.suite), courses.seeds, driver, wiring)
    folder = work / code / courses.name
    evaluation = drive_plan(plan, folder, options, wiring, with_clips=False)
    if drive_hash(wiring.packages) != code:
        raise ConfigError(f"{folder}: the code was changed during the drives; run again")
    shipped = [each for each in read_shipped(path) if each.drive_hash == code]
    fitting = {task.key for task in present_tasks(shipped, wiring)}
    kept = {each.row.key: each for each in shipped if each.row.key in fitting}
    driven = {row.key: ShippedRow(code, row) for row in map(shippable, evaluation.rows) if row is not None}
    write_shipped((kept | driven).values(), path)
    print_failures(evaluation.failed, folder / NAME)
    print(
        f"written: {path}: {len(driven)} rows of {courses.name}, {len(kept | driven)} in all", file=sys.stderr
    )
    return not evaluation.failed
