"""Drives the courses of a search with the worker pool of evaluations, and keeps a row for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.fingerprint import AgentFacts, fingerprint
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.rows import Row, error_result
from drive_stack.evaluation.batch.run import OpenScheduler, RowListener, drive_rows, missing_tasks
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.run_facts import Driver
from drive_stack.falsification.course import Course, CourseFiles
from drive_stack.falsification.drive import EXPERT, UNDRAWABLE, HazardVerdict, hazard_file, read_hazard


@dataclass(frozen=True, slots=True)
class Contestant:
    """A driver, as rows name it."""

    label: str
    driver: Driver
    facts: AgentFacts


class PooledDriver:
    """Drives courses in worker processes that stay alive between batches; see `search.CourseDriver`."""

    def __init__(
        self,
        contestant: Contestant,
        files: CourseFiles,
        rows: RowFile,
        scheduler: OpenScheduler,
        wiring: BatchWiring,
        *,
        code: str,
        listener: RowListener,
    ) -> None:
        """Create a driver.

        Args:
            contestant: The driver that is searched for failures.
            files: Writes the scenario files.
            rows: Receives the rows, and holds those of earlier runs.
            scheduler: An open scheduler that keeps its workers and drives with `drive_course`.
            wiring: Facts about scenarios and agents.
            code: Hash of the source code.
            listener: Receives each new row.
        """
        expert = wiring.agent_facts(EXPERT, ())
        self._contestants = {
            contestant.label: contestant,
            EXPERT: Contestant(EXPERT, Driver(agent=EXPERT), expert),
        }
        self._label = contestant.label
        self._files, self._rows, self._scheduler, self._wiring = files, rows, scheduler, wiring
        self._code, self._listener = code, listener

    def drive(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        """Results of the driver that is searched for failures, in the order of the courses."""
        return self._drive(courses, self._label, self._has_hazard)

    def drive_expert(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        """Results of the expert."""
        return self._drive(courses, EXPERT, lambda _: True)

    def hazard(self, course: Course) -> HazardVerdict:
        """The verdict on the hazard of a course that was driven."""
        return read_hazard(self._rows.folder, str(self._files.path(course)), course.seed)

    def file(self, course: Course) -> str:
        """The scenario file of a course, relative to the folder of the search."""
        return self._files.path(course).relative_to(self._rows.folder).as_posix()

    def _drive(
        self, courses: Sequence[Course], label: str, is_complete: Callable[[Row], bool]
    ) -> list[EpisodeResult]:
        tasks = [self._task(course, self._contestants[label]) for course in courses]
        different = {task.key: task for task in tasks if isinstance(task, BatchTask)}
        missing = missing_tasks(different.values(), self._rows, retry_lost=True, is_complete=is_complete)
        drive_rows(
            self._scheduler,
            missing,
            self._rows,
            self._listener,
            current_hash=self._wiring.hash_of,
            code=self._code,
        )
        return [self._rows.rows[task.key].result if isinstance(task, BatchTask) else task for task in tasks]

    def _task(self, course: Course, contestant: Contestant) -> BatchTask | EpisodeResult:
        """The task of a course; an error result where the scenario does not allow the values together."""
        path = str(self._files.write(course))
        task = BatchTask(
            label=contestant.label,
            agent=contestant.driver.agent,
            overrides=contestant.driver.overrides,
            scenario=path,
            seed=course.seed,
            config_hash="",
            privileged=contestant.facts.privileged,
            uses_camera=contestant.facts.uses_camera,
        )
        try:
            scenario = self._wiring.scenario_facts(path)
        except ConfigError as error:
            return error_result(task, f"{UNDRAWABLE}: {error}")
        config_hash = fingerprint(contestant.facts, scenario.content)
        return replace(task, config_hash=config_hash, world=scenario.world_name)

    def _has_hazard(self, row: Row) -> bool:
        """Whether the verdict on the hazard is there; an error may have none."""
        result = row.result
        folder: Path = self._rows.folder
        return result.status is Status.ERROR or hazard_file(folder, result.scenario, result.seed).is_file()
