"""The study against its plan: what was predicted, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.analysis import StudyAnalysis
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.prediction import (
    MIN_SEEDS,
    PredictionRecord,
    compare_prediction,
    has_changed,
)
from drive_stack.study.records import TrainingId, TrainingRow
from drive_stack.study_runner.study_page.markdown import percent, table


def prediction_table(record: PredictionRecord | None, analysis: StudyAnalysis) -> Iterator[str]:
    """What was predicted for the largest size, and what came; nothing without a prediction."""
    if record is None:
        return
    outcomes: dict[str, Outcomes] = {name: arm.outcomes for name, arm in analysis.arms.items()}
    changed = [arm.arm for arm in record.arms if arm.arm in outcomes and has_changed(arm, outcomes[arm.arm])]
    kept = {name: own for name, own in outcomes.items() if name not in changed}
    observed = {error.predicted.arm: error for error in compare_prediction(record, kept)}
    rows = []
    for arm in record.arms:
        came = ["not compared" if arm.arm in changed else "not driven yet", "", ""]
        if (error := observed.get(arm.arm)) is not None:
            text = f"{100.0 * error.error:+.1f}"
            came = [f"{100.0 * error.observed:.1f} %", text, "yes" if error.within else "no"]
        rows.append([arm.arm, percent(Estimate(arm.success, arm.low, arm.high)), *came])
    yield from (f"## Prediction for {record.target:,} rows", "")
    header = ["arm", "predicted success", "observed", "error [points]", "within the interval"]
    yield from table(header, rows)
    yield f"Predicted are arms with at least {MIN_SEEDS} training seeds at every fitted size."
    for name in changed:
        yield f"The drives that the prediction of {name} was made from have changed, so it is not compared."
    yield ""


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
    found = [f"- planned, but not trained: {text}" for text in _by_size(missing)]
    found += [f"- trained, but not planned: {training}" for training in extra]
    found += [
        f"- trained, but did not drive all courses of {suite}: {training}"
        for suite, training in _not_driven(analysis, trainings)
    ]
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
    if len(analysis.drive_codes) > 1:
        found.append(f"- the drives were made by {len(analysis.drive_codes)} versions of the code")
    yield from found or ["None."]


def _by_size(trainings: Sequence[TrainingId]) -> Iterator[str]:
    """Trainings that differ in the seed alone as one text, such as ``modular, 1,000 rows, seeds 1, 2``."""
    ordered = sorted(trainings, key=lambda own: (own.arm, own.mixture, own.size, own.seed))
    for _, members in groupby(ordered, key=lambda own: replace(own, seed=0)):
        first, *others = members
        seeds = "".join(f", {training.seed}" for training in others)
        yield f"{first}{seeds}".replace("seed ", "seeds ") if others else str(first)


def _not_driven(
    analysis: StudyAnalysis, trainings: Sequence[TrainingRow]
) -> Iterator[tuple[str, TrainingId]]:
    """Suites and the trainings that have not driven all of their courses, of every mixture."""
    plan = analysis.plan
    for training in sorted(row.id for row in trainings):
        if training not in analysis.finished:
            yield plan.driven.suite, training
        if plan.drives_frontier(training.arm, training.size) and training not in analysis.frontier_finished:
            yield plan.frontier.suite, training
