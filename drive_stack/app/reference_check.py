"""Drives some of the expert's shipped rows again, and compares them bit for bit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from drive_stack.app.agent_evaluation import REFERENCE
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import DrivingOptions, drive_missing
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.repeated import difference
from drive_stack.evaluation.batch.row_file import open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.reference.drive_code import drive_hash
from drive_stack.evaluation.reference.shipped_rows import ShippedRow, read_shipped, shippable


def check_rows(count: int, options: DrivingOptions, wiring: BatchWiring) -> bool:
    """Drive ``count`` of the fitting rows again, evenly spread; print and return whether all are equal.

    Timings are left out of the comparison, and so is what a row says about the program that drove it.

    Raises:
        ConfigError: no row fits, or the batch fails as `drive_missing` does.
    """
    code = drive_hash(wiring.packages)
    shipped = [each for each in read_shipped() if each.drive_hash == code]
    tasks = list(present_tasks(shipped, wiring))
    if not tasks:
        raise ConfigError("--check: no shipped row fits the present code; make them with `reference`")
    number = min(count, len(tasks))
    chosen = [tasks[index * len(tasks) // number] for index in range(number)]
    recorded = {each.row.key: each.row for each in shipped}
    different = 0
    for row in _drive(chosen, options, wiring):
        text = _difference(recorded[row.key], row)
        if text is not None:
            different += 1
            print(f"{row.result.scenario}, seed {row.result.seed}: {text}")
    print(f"{len(chosen) - different} of {len(chosen)} drives are equal bit for bit")
    return different == 0


def present_tasks(shipped: Iterable[ShippedRow], wiring: BatchWiring) -> Iterator[BatchTask]:
    """Yield the expert's task of each row whose course and settings are still the same."""
    agent = wiring.agent_facts(REFERENCE, ())
    for each in shipped:
        result = each.row.result
        try:
            facts = wiring.scenario_facts(result.scenario)
        except ConfigError:  # the scenario was renamed or removed
            continue
        task = BatchTask(
            result.scenario,
            result.seed,
            REFERENCE,
            label=REFERENCE,
            config_hash=fingerprint(agent, facts.content),
            privileged=agent.privileged,
            uses_camera=agent.uses_camera,
            world=facts.world_name,
        )
        if task.key == each.row.key:
            yield task


def _drive(tasks: list[BatchTask], options: DrivingOptions, wiring: BatchWiring) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, open_rows(Path(folder)) as file:
        drive_missing(
            tasks,
            file,
            partial(drive_task, wiring.build_agent),
            options,
            code=source_hash(wiring.packages),
            current_hash=wiring.hash_of,
        )
        return [file.rows[task.key] for task in tasks]


def _difference(recorded: Row, driven: Row) -> str | None:
    """What differs between a shipped row and the same drive now; None where nothing does."""
    repeated = shippable(driven)
    if repeated is None:
        return driven.result.error or "the worker process was lost"
    if repeated.result == recorded.result:
        return None
    return difference(recorded.result, repeated.result) or "scores"
