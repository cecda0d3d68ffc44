"""The study against its plan: what was predicted, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.analysis import StudyAnalysis
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.prediction import PredictionRecord, compare_prediction
from drive_stack.study.records import TrainingId, TrainingRow
from drive_stack.study_runner.study_page.markdown import percent, table


def prediction_table(record: PredictionRecord | None, analysis: StudyAnalysis) -> Iterator[str]:
    """What was predicted for the largest size, and what came; nothing without a prediction."""
    if record is None:
        return
    outcomes: dict[str, Outcomes] = {name: arm.outcomes for name, arm in analysis.arms.items()}
    errors = compare_prediction(record, outcomes)
    observed = {error.predicted.arm: error for error in errors}
    rows = []
    for arm in record.arms:
        came = ["not driven yet", ""]
        if (error := observed.get(arm.arm)) is not None:
            came = [f"{100.0 * error.observed:.1f} %", "yes" if error.within else "no"]
        rows.append([arm.arm, percent(Estimate(arm.success, arm.low, arm.high)), *came])
    yield from (f"## Prediction for {record.target:,} rows", "")
    yield from table(["arm", "predicted success", "observed", "within the interval"], rows)


def deviations(
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
    found += [
        f"- {row.id}: {row.differing_episodes} of {row.episodes} episodes were recorded again on another "
        "machine, where they came out differently"
        for row in trainings
        if row.differing_episodes
    ]
    if len(codes) > 1:
        found.append(f"- the trainings were made by {len(codes)} versions of the code")
    yield from found or ["None."]
