"""Drives the courses: the references once, and every finished training once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME as ROWS
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.run_facts import Driver
from drive_stack.study.config import Courses, Phase, StudyPlan
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow, drive_row, failed_drive
from drive_stack.study.tables import read_table, write_table
from drive_stack.study_runner.folder import StudyFolder, file_stem
from drive_stack.study_runner.networks.registry import REFERENCES, find_arm, with_inputs
from drive_stack.support.atomic_files import make_folder

DRIVES = "drives.parquet"  # in the folder of a training's courses


@dataclass(frozen=True, slots=True)
class DrivingOrder:
    """Courses, who drives them, and where the rows go."""

    folder: Path
    courses: Courses
    label: str
    driver: Driver
    experts: Path | None  # folder in which the expert drove the same courses; None: it drives them too


class DriveCourses(Protocol):
    """Drives the courses that have no row yet; the command line passes it in."""

    def __call__(self, order: DrivingOrder) -> Sequence[Row]:
        """Return the rows of the driver on all courses. Raises `ConfigError` if it cannot be built."""
        ...


@dataclass(frozen=True, slots=True)
class CourseRun:
    """Courses that some of the trainings drive."""

    name: str
    courses: Courses
    has: Callable[[TrainingId], bool]


def course_runs(plan: StudyPlan) -> tuple[CourseRun, ...]:
    """The runs of the plan's phase: a pilot drives validation seeds, and nothing else."""
    if plan.phase is Phase.PILOT:
        return (CourseRun("validation", plan.validation, lambda _: True),)

    def on_frontier(training: TrainingId) -> bool:
        return training.size == 0 or plan.drives_frontier(training.arm, training.size)

    return CourseRun("test", plan.courses, lambda _: True), CourseRun("frontier", plan.frontier, on_frontier)


Order: TypeAlias = tuple[CourseRun, TrainingId, Driver]


@dataclass(frozen=True, slots=True)
class CourseDriver:
    """What the driving of a study needs."""

    plan: StudyPlan
    folder: StudyFolder
    drive: DriveCourses
    report: Callable[[str], None] = print
    on_driven: Callable[[], None] = lambda: None  # called after each driver

    def drive_all(self, trainings: Sequence[TrainingRow]) -> None:
        """Let references and trainings drive the courses that they have not driven.

        Raises:
            ConfigError: a driver cannot be built, or episodes were lost twice.
        """
        references = [(reference(name), REFERENCES[name]) for name in _known(self.plan.references)]
        drivers = references + [(row.id, self._driver(row.id)) for row in trainings]
        failed = {row.id for row in trainings if row.failed}
        missing = [
            (run, training, driver)
            for run in course_runs(self.plan)
            for training, driver in drivers
            if run.has(training) and not self._drives(run, training).exists()
        ]
        orders = self._with_experts(missing)
        for number, (run, training, driver) in enumerate(orders, start=1):
            self.report(f"{number} of {len(orders)} drivers on {run.name} courses: {training}")
            if training in failed:
                self._fail(run, training)
            else:
                self._drive(run, training, driver)
            self.on_driven()

    def _with_experts(self, orders: Sequence[Order]) -> Sequence[Order]:
        """Before the first driver of each run the expert, unless its rows are there.

        A folder that was restored from tables has its drives, and not the rows that others are compared with.
        """
        expert = reference("expert")
        if "expert" not in self.plan.references:
            return orders
        missing = [
            (run, expert, REFERENCES["expert"])
            for run in dict.fromkeys(run for run, training, _ in orders if training != expert)
            if (run, expert, REFERENCES["expert"]) not in orders
            and not (self.folder.courses(run.name, expert) / ROWS).exists()
        ]
        return [*missing, *orders]

    def _fail(self, run: CourseRun, training: TrainingId) -> None:
        """Write failures on all courses that the expert drove, for a training that failed."""
        expert = read_table(self._drives(run, reference("expert")), DriveRow)
        courses = self.plan.courses_of(training.arm, run.courses)
        expert = [row for row in expert if row.seed < courses.first_seed + courses.seeds]
        folder = self.folder.courses(run.name, training)
        make_folder(folder)
        write_table(folder / DRIVES, [failed_drive(training, row) for row in expert], DriveRow)

    def _drive(self, run: CourseRun, training: TrainingId, driver: Driver) -> None:
        folder = self.folder.courses(run.name, training)
        experts = self.folder.courses(run.name, reference("expert"))
        order = DrivingOrder(
            folder=folder,
            courses=self.plan.courses_of(training.arm, run.courses),
            label=file_stem(training),
            driver=driver,
            experts=experts if experts != folder and (experts / ROWS).exists() else None,
        )
        rows = self.drive(order)
        if any(row.lost for row in rows):
            rows = self.drive(order)
        if lost := sum(row.lost for row in rows):
            raise ConfigError(f"{folder}: {lost} episodes were lost twice; run again")
        drives = [drive_row(training, run.courses.suite, row) for row in rows]
        make_folder(folder)
        write_table(folder / DRIVES, drives, DriveRow)

    def _driver(self, training: TrainingId) -> Driver:
        arm = find_arm(training.arm)
        return arm.driver(self.folder.inputs(with_inputs(arm.networks), training))

    def _drives(self, run: CourseRun, training: TrainingId) -> Path:
        return self.folder.courses(run.name, training) / DRIVES

    def driven(self, trainings: Sequence[TrainingId]) -> list[DriveRow]:
        """The drives of references and trainings in the plan's phase, as far as they are driven."""
        every = [reference(name) for name in _known(self.plan.references)] + list(trainings)
        return [
            row
            for run in course_runs(self.plan)
            for training in every
            if (file := self._drives(run, training)).exists()
            for row in read_table(file, DriveRow)
            if is_planned(row, self.plan.courses_of(training.arm, run.courses))
        ]


def is_planned(row: DriveRow, courses: Courses) -> bool:
    """Whether a drive is of some courses. Those with seeds that the plan no longer has are left out."""
    seeds = range(courses.first_seed, courses.first_seed + courses.seeds)
    return row.suite == courses.suite and row.seed in seeds


def reference(name: str) -> TrainingId:
    """Identifies a driver that learns nothing."""
    return TrainingId(name, 0, 0)


def _known(names: Sequence[str], references: Mapping[str, Driver] = REFERENCES) -> Sequence[str]:
    """The names of references, the expert first. Raises `ConfigError` for one that does not exist."""
    for name in names:
        if name not in references:
            raise ConfigError(
                f"references: there is no reference '{name}'; there are: {', '.join(references)}"
            )
    return sorted(names, key=lambda name: name != "expert")
