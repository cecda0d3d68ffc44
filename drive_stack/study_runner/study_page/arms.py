"""What each arm reached at each size, what that cost, and how good its parts are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drive_stack.study.analysis import StudyAnalysis
from drive_stack.study.cells import Cell
from drive_stack.study.config import Axis, StudyPlan
from drive_stack.study.costs import cost_of
from drive_stack.study.endpoints import MAX_OFF_LANE
from drive_stack.study.records import TrainingRow
from drive_stack.study_runner.study_page.markdown import FEW_TRAININGS, UNKNOWN, mean, percent, table

_Figures = Callable[[Sequence[TrainingRow], StudyPlan], list[str]]


def success_by_size(analysis: StudyAnalysis) -> Iterator[str]:
    """Success of each arm at each size: a row for each size, a column for each arm."""
    cells = {(name, cell.size): cell for name, arm in analysis.arms.items() for cell in arm.cells}
    sizes = sorted({size for _, size in cells})
    yield from ("## Success by amount of data", "")
    yield from table(
        ["rows", "driving [min]", *analysis.arms],
        [
            [
                f"{size:,}",
                _minutes(analysis, size),
                *(_of_cell(cells.get((name, size))) for name in analysis.arms),
            ]
            for size in sizes
        ],
        texts=0,
    )
    if analysis.references:
        known = ", ".join(f"{name} {percent(own)}" for name, own in analysis.references.items())
        yield from (f"Drivers that learn nothing in the study: {known}.", "")


def _minutes(analysis: StudyAnalysis, size: int) -> str:
    """Mean minutes of the recordings of a size: whole episodes, so a little more than the size says."""
    arms = [arm for arm in analysis.arms.values() if any(cell.size == size for cell in arm.cells)]
    trainings = [own for arm in arms for own in arm.outcomes.at(size).trainings]
    return mean([cost_of(own, Axis.MINUTES, analysis.plan) for own in trainings], digits=1)


def _of_cell(cell: Cell | None) -> str:
    return UNKNOWN if cell is None else percent(cell.success)


def arm_tables(analysis: StudyAnalysis) -> Iterator[str]:
    """Success, the other scores, costs and errors on held-out frames, each by arm and size."""
    cells = [cell for arm in analysis.arms.values() for cell in arm.cells]
    yield from ("## Success by arm and size", "")
    references = [[name, "", "", "", percent(own), ""] for name, own in analysis.references.items()]
    yield from table(
        ["arm", "rows", "trainings", "courses", "success", "in the lanes"],
        [*map(_success, cells), *references],
    )
    yield f"In the lanes: success with at most {100.0 * MAX_OFF_LANE:.0f} % of the distance outside them."
    if any(cell.trainings in (2, 3) for cell in cells):
        yield FEW_TRAININGS
    yield from ("", "## Other scores", "")
    yield from table(
        [
            "arm", "rows", "hit a pedestrian", "hit a vehicle", "progress", "of the expert's",
            "driving score", "comfort",
        ],
        [*map(_scores, cells)],
    )  # fmt: skip
    yield from ("## Costs", "", "Means over the trainings of a size.", "")
    yield from table(
        ["arm", "rows", "driving [min]", "labels [h]", "training [core-h]", "decision [core-ms]"],
        _of_sizes(analysis, _costs),
    )
    yield from ("## The parts, on held-out frames", "", "Means over the trainings of a size.", "")
    yield from table(
        [
            "arm", "rows", "AP50 of the detector", "error of the lanes [m]", "lateral acceleration [m/s²]",
            "longitudinal acceleration [m/s²]",
        ],
        _of_sizes(analysis, _parts),
    )  # fmt: skip


def _success(cell: Cell) -> list[str]:
    numbers = [f"{cell.size:,}", str(cell.trainings), str(cell.courses)]
    return [cell.arm, *numbers, percent(cell.success), percent(cell.success_in_lanes)]


def _scores(cell: Cell) -> list[str]:
    score = cell.driving_score
    return [
        cell.arm,
        f"{cell.size:,}",
        percent(cell.pedestrian_collisions),
        percent(cell.vehicle_collisions),
        percent(cell.progress),
        percent(cell.progress_of_expert),
        f"{score.value:.1f} ({score.low:.1f} to {score.high:.1f})",
        percent(cell.comfort),
    ]


def _of_sizes(analysis: StudyAnalysis, of: _Figures) -> list[list[str]]:
    """A row for each arm and size, with ``of`` its trainings."""
    return [
        [name, f"{cell.size:,}", *of(arm.outcomes.at(cell.size).trainings, analysis.plan)]
        for name, arm in analysis.arms.items()
        for cell in arm.cells
    ]


def _costs(trainings: Sequence[TrainingRow], plan: StudyPlan) -> list[str]:
    axes = ((Axis.MINUTES, 1), (Axis.LABEL_HOURS, 1), (Axis.CORE_HOURS, 2), (Axis.DECISION_MS, 1))
    return [
        mean(
            [
                cost_of(own, axis, plan)
                for own in trainings
                if not (own.failed and axis is Axis.DECISION_MS)  # it decides nothing
            ],
            digits,
        )
        for axis, digits in axes
    ]


def _parts(trainings: Sequence[TrainingRow], _: StudyPlan) -> list[str]:
    return [
        mean([own.detector_ap50 for own in trainings], 3),
        mean([own.lane_error_m for own in trainings], 3),
        mean([own.lateral_error for own in trainings], 3),
        mean([own.acceleration_error for own in trainings], 3),
    ]
