"""The prediction for the largest size, made from the smaller ones, and its comparison with what came.

A prediction is a JSON file that is committed before the largest models are trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, TypeAdapter

from drive_stack.config import StrictModel, load_json
from drive_stack.errors import ConfigError
from drive_stack.seeds import Seed
from drive_stack.study.config import Analysis, Name, Size
from drive_stack.study.config import Prediction as PredictionPlan
from drive_stack.study.curves import FamilyName
from drive_stack.study.fitting import compare_families
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.resampling import TAILS, Resampling, resample_curve
from drive_stack.support.atomic_files import write_atomically

# Of the fitted sizes, and of the seeds at each of them. With two seeds, intervals of 95 % held 85 to 89 % of
# what came in simulated studies.
MIN_SIZES, MIN_SEEDS = 3, 3
_DRAWS = 2  # random stream of the predicted drives

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class ArmPrediction(StrictModel):
    """The predicted mean success of the trainings of one arm at the target size."""

    arm: Name
    trainings: Annotated[int, Field(ge=1, le=100)]  # that will be driven
    courses: Annotated[int, Field(ge=1, le=10_000)]
    success: Fraction
    low: Fraction  # 95 % interval of the mean success of these trainings on these courses
    high: Fraction
    by_family: Mapping[FamilyName, Fraction]  # what each family of curves predicts
    preferred: FamilyName  # the family with the smallest corrected criterion of Akaike
    fitted: tuple[tuple[Size, Seed], ...]  # the trainings that it was fitted to
    drives_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # of their outcomes


class PredictionRecord(StrictModel):
    """The predictions of all arms."""

    fitted_up_to: Size  # rows
    target: Size
    family: FamilyName
    replicates: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)]
    arms: tuple[ArmPrediction, ...]


@dataclass(frozen=True, slots=True)
class PredictionError:
    """What was predicted for an arm, and what came."""

    predicted: ArmPrediction
    observed: float  # mean success of the first planned trainings at the target size
    trainings: int

    @property
    def error(self) -> float:
        """Predicted minus observed success."""
        return self.predicted.success - self.observed

    @property
    def within(self) -> bool:
        """Whether the observed success is within the predicted interval."""
        return self.predicted.low <= self.observed <= self.predicted.high


def predict(
    arms: Mapping[str, Outcomes],
    planned: Mapping[str, int],
    settings: Analysis,
    plan: PredictionPlan,
) -> PredictionRecord:
    """Predict the success at ``plan.target`` from the sizes up to ``plan.fitted_up_to``.

    The interval holds for the mean of the planned trainings on the same courses: trainings are resampled, the
    courses are not, and new trainings are drawn from each replicate's beta-binomial distribution.

    Args:
        arms: the outcomes so far; larger sizes are not used. Arms with fewer than three sizes
            or with fewer than three seeds at one of them are left out.
        planned: number of trainings at the target size, by arm.
        settings: family, replicates and seed.
        plan: sizes that are fitted, and the target.
    """
    resampling = Resampling(settings.replicates, settings.seed, courses=False)
    predictions = []
    for arm, outcomes in arms.items():
        fitted = outcomes.where(lambda training: training.size <= plan.fitted_up_to)
        if arm in planned and _can_be_predicted(fitted):
            predictions.append(_predict_arm(fitted, planned[arm], settings.family, plan.target, resampling))
    return PredictionRecord(
        fitted_up_to=plan.fitted_up_to,
        target=plan.target,
        family=settings.family,
        replicates=settings.replicates,
        seed=settings.seed,
        arms=tuple(predictions),
    )


def _can_be_predicted(fitted: Outcomes) -> bool:
    counts = np.unique(fitted.sizes, return_counts=True)[1]
    return len(counts) >= MIN_SIZES and bool(counts.min() >= MIN_SEEDS)


def _predict_arm(
    outcomes: Outcomes, trainings: int, family: FamilyName, target: int, resampling: Resampling
) -> ArmPrediction:
    sample = resample_curve(outcomes, family, resampling)
    size, courses = np.array([float(target)]), len(outcomes.courses)
    generator = np.random.default_rng([resampling.seed, _DRAWS, *outcomes.arm.encode()])
    precision = np.exp(sample.log_precisions)[:, None]
    failure = sample.curves.failure(size)
    drawn = generator.beta(
        failure * precision, (1.0 - failure) * precision, (resampling.replicates, trainings)
    )
    observed = 1.0 - generator.binomial(courses, drawn).mean(axis=1) / courses
    low, high = np.quantile(observed, TAILS)
    fits = compare_families(outcomes.counts())
    by_family = {name: float(fit.curve.success(size)[0]) for name, fit in fits.items()}
    return ArmPrediction(
        arm=outcomes.arm,
        trainings=trainings,
        courses=courses,
        success=by_family[family],
        low=float(low),
        high=float(high),
        by_family=by_family,
        preferred=next(iter(fits)),
        fitted=tuple((row.size, row.seed) for row in outcomes.trainings),
        drives_sha256=_hash(outcomes),
    )


def compare_prediction(record: PredictionRecord, arms: Mapping[str, Outcomes]) -> tuple[PredictionError, ...]:
    """Compare a prediction with the first of the trainings at the target size, as many as were predicted.

    Arms without a training of that size are left out. Trainings that were added later do not count.

    Raises:
        ConfigError: the drives that an arm's prediction was fitted to are no longer the same.
    """
    errors = []
    for prediction in record.arms:
        if prediction.arm not in arms:
            continue
        outcomes = arms[prediction.arm]
        if has_changed(prediction, outcomes):
            raise ConfigError(f"prediction: {prediction.arm}: the drives that it was made from have changed")
        target = outcomes.at(record.target).first_seeds(prediction.trainings)
        if target.trainings:
            observed = 1.0 - float(target.failed.mean())
            errors.append(PredictionError(prediction, observed, len(target.trainings)))
    return tuple(errors)


def has_changed(prediction: ArmPrediction, outcomes: Outcomes) -> bool:
    """Whether the drives of the trainings that a prediction was fitted to are no longer the same."""
    known = set(prediction.fitted)
    return _hash(outcomes.where(lambda row: (row.size, row.seed) in known)) != prediction.drives_sha256


def write_prediction(record: PredictionRecord, path: Path) -> None:
    """Write a prediction as JSON. Raises `ConfigError` if the file cannot be written."""
    write_atomically(path, record.model_dump_json(indent=2) + "\n")


def read_prediction(path: Path) -> PredictionRecord:
    """Read a prediction.

    Raises:
        ConfigError: the file is missing, or is not a prediction.
    """
    return load_json(path, TypeAdapter(PredictionRecord))


def _hash(outcomes: Outcomes) -> str:
    """SHA-256 of the trainings, the courses and which of them failed."""
    parts: Sequence[object] = (
        [(row.size, row.seed, row.rows) for row in outcomes.trainings],
        list(outcomes.courses),
        outcomes.failed.astype(int).tolist(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
