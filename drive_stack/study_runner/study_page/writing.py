"""The page of the report: the answer, the plots and all tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from drive_stack.study.analysis import StudyAnalysis, analyse
from drive_stack.study.config import Axis, Phase, StudyPlan
from drive_stack.study.figures import write_figure
from drive_stack.study.prediction import read_prediction
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import read_table
from drive_stack.study_runner.study_page.arms import arm_tables, success_by_size
from drive_stack.study_runner.study_page.comparisons import answer, comparison_tables
from drive_stack.study_runner.study_page.markdown import percent, table
from drive_stack.study_runner.study_page.plan import deviations, prediction_table
from drive_stack.study_runner.study_page.shifts import shift_tables
from drive_stack.support.atomic_files import make_folder, write_atomically

PAGE = "README.md"
TRAININGS, DRIVES, PREDICTION = "trainings.parquet", "drives.parquet", "prediction.json"


def write_report(plan: StudyPlan, tables: Path, out: Path, planned: Sequence[TrainingId]) -> tuple[Path, ...]:
    """Write the page and its plots; returns their paths.

    Args:
        plan: of the study.
        tables: folder of the tables of trainings and drives, and of the prediction, if there is one.
        out: folder of the report.
        planned: all trainings of the plan; those that are missing are listed as deviations.

    Raises:
        ConfigError: a table is missing or cannot be used, or a file cannot be written.
    """
    trainings = read_table(tables / TRAININGS, TrainingRow)
    drives = read_table(tables / DRIVES, DriveRow)
    path = tables / PREDICTION
    prediction = read_prediction(path) if path.exists() else None
    analysis = analyse(plan, trainings, drives)
    make_folder(out)
    figures = {axis: out / f"{axis.value}.svg" for axis in Axis}
    for axis, file in figures.items():
        write_figure(analysis, axis, file)
    page = out / PAGE
    lines = [*_page(analysis, figures, planned), *prediction_table(prediction, analysis)]
    lines += deviations(analysis, planned, trainings)
    write_atomically(page, "\n".join(lines) + "\n")
    return (page, *figures.values())


def _page(analysis: StudyAnalysis, figures: dict[Axis, Path], planned: Sequence[TrainingId]) -> Iterator[str]:
    yield from ("# Data-scaling study: results", "")
    if analysis.plan.phase is Phase.PILOT:
        yield from ("**This is a pilot on validation seeds, not a result of the study.**", "")
    yield from answer(analysis, planned)
    primary = analysis.plan.analysis.primary_axis
    yield from _figure(primary, figures[primary])
    yield from success_by_size(analysis)
    yield from ("## Success against other costs", "")
    for axis, file in figures.items():
        if axis is not primary:
            yield from _figure(axis, file)
    yield from arm_tables(analysis)
    yield from comparison_tables(analysis)
    yield from shift_tables(analysis)
    yield from _provenance(analysis)


def _figure(axis: Axis, file: Path) -> tuple[str, str]:
    return f"![Success of each arm against {axis.value.replace('_', ' ')}]({file.name})", ""


def _provenance(analysis: StudyAnalysis) -> Iterator[str]:
    """Success by who drove the recordings."""
    rows = [
        [mixture, f"{cell.size:,}", str(cell.trainings), percent(cell.success)]
        for mixture, cells in analysis.provenance.items()
        for cell in cells
    ]
    if rows:
        yield from ("## Whose drives", "")
        yield from table(["mixture", "rows", "trainings", "success"], rows)
