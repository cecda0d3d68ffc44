"""The figures of one arm at one size: the cells of the study's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.endpoints import REACHED, Endpoint
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.records import DriveRow
from drive_stack.study.resampling import (
    Resampling,
    fraction_interval,
    percentile_interval,
    resample_means,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """Means over all trainings and courses, with intervals for new trainings on new courses.

    Fractions lie between 0 and 1, scores between 0 and 100.
    """

    arm: str
    size: int
    trainings: int
    courses: int
    success: Estimate
    success_in_lanes: Estimate
    pedestrian_collisions: Estimate  # fraction of drives, whoever's fault
    vehicle_collisions: Estimate
    progress: Estimate
    progress_of_expert: Estimate | None  # on the courses on which every drive has it; None without any
    driving_score: Estimate
    comfort: Estimate


def cells_of(outcomes: Outcomes, resampling: Resampling) -> tuple[Cell, ...]:
    """The cells of an arm, the smallest size first."""
    sizes = np.unique(outcomes.sizes).tolist()
    return tuple(_cell(outcomes.at(size), size, resampling) for size in sizes)


def _cell(outcomes: Outcomes, size: int, resampling: Resampling) -> Cell:
    def mean(of: Callable[[DriveRow], float | bool], among: Outcomes = outcomes) -> Estimate:
        values = among.values(of)
        return percentile_interval(float(values.mean()), resample_means(values, among, resampling))

    courses = len(outcomes.courses)

    def fraction(of: Callable[[DriveRow], bool]) -> Estimate:
        values = outcomes.values(of)
        return fraction_interval(values, resample_means(values, outcomes, resampling), courses)

    measured = outcomes.on(
        [
            course
            for number, course in enumerate(outcomes.courses)
            if all(drives[number].progress_of_expert is not None for drives in outcomes.drives)
        ]
    )
    return Cell(
        arm=outcomes.arm,
        size=size,
        trainings=len(outcomes.trainings),
        courses=courses,
        success=fraction(REACHED[Endpoint.SUCCESS]),
        success_in_lanes=fraction(REACHED[Endpoint.SUCCESS_IN_LANES]),
        pedestrian_collisions=fraction(lambda drive: drive.collision_with == "pedestrian"),
        vehicle_collisions=fraction(lambda drive: drive.collision_with == "vehicle"),
        progress=mean(lambda drive: drive.progress),
        progress_of_expert=mean(lambda drive: drive.progress_of_expert or 0.0, measured)
        if measured.courses
        else None,
        driving_score=mean(lambda drive: drive.driving_score),
        comfort=mean(lambda drive: drive.comfort),
    )
