"""Drives a course in a worker: first a car that does not react, for the hazard, then the driver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from drive_stack.config import load_json
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder, drive_task
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.redraws.search import HazardDrive, evaluate_hazard, hazard_demand
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.report.clips.clip_recorder import ClipRecorder
from drive_stack.report.gallery import CLIPS
from drive_stack.support.atomic_files import make_folder, write_atomically

HAZARDS = "hazards"  # folder of the verdicts on hazards, in the folder of a search
UNDRAWABLE = "the course cannot be drawn"  # the beginning of an error
EXPERT = "expert"  # drives the courses on which the driver fails


@dataclass(frozen=True, slots=True)
class HazardVerdict:
    """Whether UN R157's careful driver can avoid what a car that does not react would hit."""

    solvable: bool  # also where such a car hits nothing
    demand: float  # see `braking_demand`


_VERDICT = TypeAdapter(HazardVerdict)


def hazard_file(folder: Path, scenario: str, seed: int) -> Path:
    """The file of the verdict on a course, in the folder of a search."""
    return folder / HAZARDS / f"{Path(scenario).stem}-{seed}.json"


def read_hazard(folder: Path, scenario: str, seed: int) -> HazardVerdict:
    """Read the verdict on a course; raises `ConfigError` where its file is missing or invalid."""
    path = hazard_file(folder, scenario, seed)
    return load_json(path, _VERDICT)


def drive_course(
    build: AgentBuilder, drive_into_hazard: HazardDrive, folder: Path, task: BatchTask
) -> EpisodeResult:
    """Drive one episode of a search, and keep a clip of a failure.

    Before the driver drives, the verdict on the hazard is written. A course whose world cannot be drawn, for
    instance because two actors overlap, has an error as its result: the search goes on with other courses.
    Worker processes receive a ``functools.partial`` with all but the task.
    """
    if task.label == EXPERT:
        return drive_task(build, task)
    try:
        records = drive_into_hazard(task.scenario, task.seed)
    except ConfigError as error:
        return error_result(task, f"{UNDRAWABLE}: {error}")
    verdict = evaluate_hazard(records)
    hazard = HazardVerdict(verdict is None or verdict.avoidable, round(hazard_demand(records), 3))
    path = hazard_file(folder, task.scenario, task.seed)
    make_folder(path.parent)
    write_atomically(path, _VERDICT.dump_json(hazard).decode() + "\n")
    return drive_task(build, task, observer=partial(ClipRecorder, folder / CLIPS))
