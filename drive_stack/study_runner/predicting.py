"""Predicts the success of the largest size before it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drive_stack.errors import ConfigError
from drive_stack.study.config import StudyPlan
from drive_stack.study.outcomes import collect_planned
from drive_stack.study.prediction import predict, read_prediction, write_prediction
from drive_stack.study.records import DriveRow, TrainingRow
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.networks.registry import ARMS
from drive_stack.study_runner.selection import planned_trainings
from drive_stack.study_runner.training import finished_trainings


def can_predict(plan: StudyPlan, folder: StudyFolder, report: Callable[[str], None] = print) -> bool:
    """Whether there is no prediction yet; says so if there is one.

    Raises:
        ConfigError: a training of the largest size is finished, or the prediction cannot be read.
    """
    largest = [training for training in planned_trainings(plan) if training.size >= plan.prediction.target]
    if trained := finished_trainings(folder, largest):
        raise ConfigError(f"{trained[0].id}: is trained already, so that it can no longer be predicted")
    path = folder.prediction
    if not path.exists():
        return True
    kept = read_prediction(path)
    report(f"{path}: kept as it is, with {len(kept.arms)} arms; delete it to predict again")
    return False


def predict_largest(
    plan: StudyPlan,
    folder: StudyFolder,
    rows: Sequence[TrainingRow],
    drives: Sequence[DriveRow],
    report: Callable[[str], None] = print,
) -> None:
    """Predict the success of each arm at the largest size from trainings of the smaller ones, and write it.

    Raises:
        ConfigError: one of the smaller trainings is not finished or has not driven.
    """
    target, fitted_up_to = plan.prediction.target, plan.prediction.fitted_up_to
    driven = {drive.training for drive in drives}
    needed = [training for training in planned_trainings(plan) if training.size <= fitted_up_to]
    if missing := [item for item in needed if item.arm in ARMS and item not in driven]:
        raise ConfigError(
            f"{len(missing)} trainings up to {fitted_up_to:,} rows are not trained and driven yet, "
            f"such as {missing[0]}; a prediction needs all of them"
        )
    collected = collect_planned(plan, rows, drives).arms
    arms = {name: own.by(plan.analysis.endpoint) for name, own in collected.items()}
    seeds = {name: arm.seeds for name, arm in plan.arms.items()}
    counts = {name: own[target] for name, own in seeds.items() if target in own}
    record = predict(arms, counts, plan.analysis, plan.prediction)
    write_prediction(record, folder.prediction)
    for arm in record.arms:
        interval = f"{100.0 * arm.low:.1f} to {100.0 * arm.high:.1f}"
        report(f"{arm.arm} at {target:,} rows: {100.0 * arm.success:.1f} % ({interval})")
    report(f"written: {folder.prediction}; commit it before {target:,} rows are trained")
