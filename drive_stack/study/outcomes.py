"""What the trainings of one arm did on the courses: the matrix that every analysis starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.evaluation.summary import Course
from drive_stack.study.config import Courses, StudyPlan
from drive_stack.study.endpoints import REACHED, Endpoint
from drive_stack.study.likelihood import Counts
from drive_stack.study.records import FULL_MIXTURE, DriveRow, TrainingId, TrainingRow
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The drives of T trainings of one arm on the same C courses."""

    arm: str
    trainings: tuple[TrainingRow, ...]  # T, by size and seed
    courses: tuple[Course, ...]  # C, sorted
    drives: tuple[tuple[DriveRow, ...], ...]  # T × C
    endpoint: Endpoint = Endpoint.SUCCESS

    @property
    def rows(self) -> FloatArray:
        """Number of rows that each training learned from, (T,)."""
        return np.array([training.rows for training in self.trainings], dtype=np.float64)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Nominal size of each training, (T,)."""
        return np.array([training.size for training in self.trainings], dtype=np.int64)

    @property
    def seeds(self) -> NDArray[np.int64]:
        """Seed of each training, (T,)."""
        return np.array([training.seed for training in self.trainings], dtype=np.int64)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenario of each course, (C,)."""
        return tuple(course[0] for course in self.courses)

    @property
    def has_repeats(self) -> bool:
        """Whether a size has two trainings, so that the spread of training seeds can be resampled."""
        return len(set(self.sizes.tolist())) < len(self.trainings)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Whether each drive missed the endpoint, (T, C)."""
        return ~self.values(REACHED[self.endpoint]).astype(bool)

    def values(self, of: Callable[[DriveRow], float | bool]) -> FloatArray:
        """A figure of each drive, (T, C)."""
        values = [[float(of(drive)) for drive in drives] for drives in self.drives]
        return np.array(values).reshape(len(self.trainings), len(self.courses))

    def counts(self) -> Counts:
        """Failures of each training."""
        courses = np.full(len(self.trainings), float(len(self.courses)))
        return Counts.of(self.rows, self.failed.sum(axis=1).astype(np.float64), courses)

    def where(self, chosen: Callable[[TrainingRow], bool]) -> Outcomes:
        """The outcomes of some of the trainings."""
        kept = [index for index, training in enumerate(self.trainings) if chosen(training)]
        return replace(
            self,
            trainings=tuple(self.trainings[index] for index in kept),
            drives=tuple(self.drives[index] for index in kept),
        )

    def at(self, size: int) -> Outcomes:
        """The outcomes of the trainings with a nominal size."""
        return self.where(lambda training: training.size == size)

    def first_seeds(self, count: int) -> Outcomes:
        """The outcomes of the trainings with the seeds from 0 on, as many as ``count``."""
        return self.where(lambda training: training.seed < count)

    def on(self, courses: Sequence[Course]) -> Outcomes:
        """The outcomes on some of the courses."""
        numbers = {course: number for number, course in enumerate(self.courses)}
        kept = [numbers[course] for course in courses]
        return replace(
            self,
            courses=tuple(courses),
            drives=tuple(tuple(drives[number] for number in kept) for drives in self.drives),
        )

    def by(self, endpoint: Endpoint) -> Outcomes:
        """The same drives, judged by another endpoint."""
        return replace(self, endpoint=endpoint)


@dataclass(frozen=True, slots=True)
class Collected:
    """The outcomes of all arms, and the trainings that are left out because drives are missing."""

    arms: Mapping[str, Outcomes]
    incomplete: tuple[TrainingId, ...]


def collect(
    trainings: Sequence[TrainingRow],
    drives: Sequence[DriveRow],
    suite: str,
    mixture: str = FULL_MIXTURE,
    planned: Callable[[str], range] | None = None,
) -> Collected:
    """Sort the drives on a suite by arm, training and course.

    The courses of an arm are those that any of its trainings drove at a planned seed. Drives at other seeds
    are ignored. A training that misses one of the courses is left out.

    Args:
        trainings: every training.
        drives: every drive, also of other suites and mixtures.
        suite: whose drives are sorted.
        mixture: of recordings.
        planned: the seeds of the courses that an arm shall drive; None: those of all drives.

    Raises:
        ConfigError: a drive has no training in the table, or a training or a drive is listed twice.
    """
    known = {training.id: training for training in trainings}
    if len(known) < len(trainings):
        raise ConfigError(f"trainings: {_first_repeated([row.id for row in trainings])} is listed twice")
    chosen: dict[str, dict[TrainingId, dict[Course, DriveRow]]] = {}
    for drive in drives:
        if drive.suite != suite or drive.mixture != mixture or drive.size == 0:
            continue
        if planned is not None and drive.seed not in planned(drive.arm):
            continue
        if drive.training not in known:
            raise ConfigError(f"drives: {drive.training} is not in the table of trainings")
        own = chosen.setdefault(drive.arm, {}).setdefault(drive.training, {})
        if drive.course in own:
            name, seed = drive.course
            raise ConfigError(f"drives: {drive.training} is listed twice on {name} {seed}")
        own[drive.course] = drive
    arms, incomplete = {}, []
    for arm, driven in chosen.items():
        courses = tuple(sorted({course for own in driven.values() for course in own}))
        complete = sorted(
            (known[training] for training, own in driven.items() if len(own) == len(courses)), key=_order
        )
        incomplete += [training for training, own in driven.items() if len(own) < len(courses)]
        arms[arm] = Outcomes(
            arm,
            tuple(complete),
            courses,
            tuple(tuple(driven[row.id][course] for course in courses) for row in complete),
        )
    return Collected(arms, tuple(sorted(incomplete)))


def collect_planned(
    plan: StudyPlan,
    trainings: Sequence[TrainingRow],
    drives: Sequence[DriveRow],
    mixture: str = FULL_MIXTURE,
    courses: Courses | None = None,
) -> Collected:
    """Sort the drives at the planned seeds, see `collect`; without ``courses`` on those of the phase."""
    chosen = plan.driven if courses is None else courses
    return collect(trainings, drives, chosen.suite, mixture, lambda arm: plan.seeds_of(arm, chosen))


def _order(training: TrainingRow) -> tuple[int, int]:
    return training.size, training.seed


def _first_repeated(ids: Sequence[TrainingId]) -> TrainingId:
    return next(item for index, item in enumerate(ids) if item in ids[:index])


def common_courses(first: Outcomes, second: Outcomes) -> tuple[Course, ...]:
    """The courses that both arms drove, in order."""
    return tuple(sorted(set(first.courses) & set(second.courses)))
