"""The report of the study, from its tables alone: a page, a plot for each axis, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.analysis import StudyAnalysis, analyse
from drive_stack.study.cells import MAX_OFF_LANE, Cell
from drive_stack.study.config import Axis, Phase, StudyPlan
from drive_stack.study.crossings import Crossing
from drive_stack.study.figures import crossing_text, write_figure
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.prediction import PredictionRecord, compare_prediction, read_prediction
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import read_table
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
    lines = [*_page(analysis, figures), *_predictions(prediction, analysis)]
    lines += _deviations(analysis, planned, trainings)
    write_atomically(page, "\n".join(lines) + "\n")
    return (page, *figures.values())


def _page(analysis: StudyAnalysis, figures: dict[Axis, Path]) -> Iterator[str]:
    plan = analysis.plan
    yield from ("# Data-scaling study: results", "")
    if plan.phase is Phase.PILOT:
        yield from ("**This is a pilot on validation seeds, not a result of the study.**", "")
    crossing = analysis.crossing(plan.analysis.pairs[0], plan.analysis.primary_axis)
    if isinstance(crossing, Crossing):
        yield from (*crossing_text(crossing).replace("\n", ". ").split("\n"), "")
    else:
        yield from ("There are too few sizes for a crossing of the primary pair.", "")
    for axis, file in figures.items():
        yield from (f"![Success of each arm against {axis.value.replace('_', ' ')}]({file.name})", "")
    yield from ("## Success by arm and size", "")
    yield "| arm | rows | trainings | courses | success | in the lanes | progress | driving score |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for arm in analysis.arms.values():
        yield from map(_row, arm.cells)
    for name, success in analysis.references.items():
        yield f"| {name} |  |  |  | {_percent(success)} |  |  |  |"
    yield ""
    yield f"In the lanes: success with at most {100.0 * MAX_OFF_LANE:.0f} % of the distance outside them."
    yield ""
    if analysis.provenance:
        yield from ("## Whose drives", "", "| mixture | rows | trainings | success |", "|---|---:|---:|---:|")
        for mixture, cells in analysis.provenance.items():
            for cell in cells:
                yield f"| {mixture} | {cell.size:,} | {cell.trainings} | {_percent(cell.success)} |"
        yield ""


def _row(cell: Cell) -> str:
    score = f"{cell.driving_score.value:.1f}"
    return (
        f"| {cell.arm} | {cell.size:,} | {cell.trainings} | {cell.courses} | {_percent(cell.success)} "
        f"| {_percent(cell.success_in_lanes)} | {_percent(cell.progress)} | {score} |"
    )


def _percent(estimate: Estimate) -> str:
    return f"{100.0 * estimate.value:.1f} % ({100.0 * estimate.low:.1f} to {100.0 * estimate.high:.1f})"


def _predictions(record: PredictionRecord | None, analysis: StudyAnalysis) -> Iterator[str]:
    if record is None:
        return
    outcomes: dict[str, Outcomes] = {name: arm.outcomes for name, arm in analysis.arms.items()}
    errors = compare_prediction(record, outcomes)
    yield from (f"## Prediction for {record.target:,} rows", "")
    yield "| arm | predicted success | observed | within the interval |"
    yield "|---|---:|---:|---|"
    observed = {error.predicted.arm: error for error in errors}
    for arm in record.arms:
        interval = f"{100.0 * arm.success:.1f} % ({100.0 * arm.low:.1f} to {100.0 * arm.high:.1f})"
        if arm.arm in observed:
            error = observed[arm.arm]
            came = f"{100.0 * error.observed:.1f} % | {'yes' if error.within else 'no'}"
        else:
            came = "not driven yet | "
        yield f"| {arm.arm} | {interval} | {came} |"
    yield ""


def _deviations(
    analysis: StudyAnalysis, planned: Sequence[TrainingId], trainings: Sequence[TrainingRow]
) -> Iterator[str]:
    """What differs from the plan, as far as the rows tell."""
    present = {row.id for row in trainings}
    missing = [training for training in planned if training not in present]
    extra = sorted(present - set(planned))
    codes = {row.code_hash for row in trainings}
    configs = {arm: {row.config_hash for row in trainings if row.arm == arm} for arm in analysis.arms}
    yield from ("## Deviations from the plan", "")
    found = [f"- planned, but not trained: {training}" for training in missing]
    found += [f"- trained, but not planned: {training}" for training in extra]
    found += [f"- trained, but not on all courses: {training}" for training in analysis.incomplete]
    found += [f"- {arm} was trained with {len(own)} settings" for arm, own in configs.items() if len(own) > 1]
    found += [f"- failed, and counts as failing on every course: {row.id}" for row in trainings if row.failed]
    if len(codes) > 1:
        found.append(f"- the trainings were made by {len(codes)} versions of the code")
    yield from found or ["None."]
