"""Simulated trainings and drives whose failure curves, seed effects and crossing are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from drive_stack.evaluation.result import Status
from drive_stack.study.config import load_plan
from drive_stack.study.outcomes import Outcomes, collect
from drive_stack.study.records import DriveRow, TrainingRow

FIRST_SEED = load_plan().courses.first_seed  # of the simulated courses
SIZES = tuple(1000 * 2**step for step in range(8))
PRINCIPAL = dict.fromkeys(SIZES, 5) | {SIZES[-1]: 3}


@dataclass(frozen=True)
class TrueCurve:
    """Failure probability c + a·(N/1000)^−b, as the mean over training seeds and courses."""

    floor: float
    scale: float
    exponent: float

    def failure(self, rows: float) -> float:
        return self.floor + self.scale * (rows / 1000.0) ** -self.exponent


# They cross where 0.15 + 0.15·x = 0.02 + 0.80·x for x = r^−0.5, so x = 0.2 and r = 25.
MODULAR = TrueCurve(0.15, 0.15, 0.5)
END_TO_END = TrueCurve(0.02, 0.80, 0.5)
CROSSING_ROWS = 25_000.0


def training_row(arm: str, size: int, seed: int, **changes: object) -> TrainingRow:
    fields: dict[str, object] = {
        "arm": arm,
        "mixture": "full",
        "size": size,
        "seed": seed,
        "rows": size,
        "episodes": max(1, size // 200),
        "boxes": size,
        "lane_frames": size // 5,
        "distances": 0,
        "controls": size,
        "core_hours": 0.2 + size / 20_000.0,
        "decision_ms": 30.0,
        "detector_ap50": 0.9,
        "lane_error_m": 0.05,
        "acceleration_error": None,
        "lateral_error": None,
        "weights_sha256": "a" * 64,
        "config_hash": "c",
        "code_hash": "c",
        "date": "2026-11-29",
        "failed": False,
    }
    return TrainingRow(**(fields | changes))  # type: ignore[arg-type]


def drive(training: TrainingRow, scenario: str, seed: int, *, success: bool, **changes: object) -> DriveRow:
    fields: dict[str, object] = {
        "arm": training.arm,
        "mixture": training.mixture,
        "size": training.size,
        "training_seed": training.seed,
        "suite": "standard",
        "scenario": scenario,
        "seed": seed,
        "world": "",
        "status": Status.COMPLETED if success else Status.COLLISION,
        "success": success,
        "at_fault": None if success else True,
        "collision_with": None if success else "vehicle",
        "progress": 1.0 if success else 0.5,
        "progress_of_expert": 0.9 if success else 0.4,
        "driving_score": 100.0 if success else 30.0,
        "comfort": 0.95,
        "off_lane": 0.0,
        "duration_s": 20.0,
        "mean_speed_mps": 25.0,
        "standing_free_longest_s": 0.0,
        "config_hash": "c",
        "code_hash": "c",
    }
    return DriveRow(**(fields | changes))  # type: ignore[arg-type]


def simulate(
    arms: Mapping[str, TrueCurve],
    *,
    trainings: Mapping[int, int] = PRINCIPAL,
    courses: int = 110,
    seed_std: float = 0.25,
    course_std: float = 1.0,
    seed: int = 0,
    shared_effects: bool = False,
) -> tuple[list[TrainingRow], list[DriveRow]]:
    """Trainings with effects on the logit, on courses whose difficulty all arms share.

    With ``shared_effects``, trainings of one arm and seed have the same effect at every size. Otherwise each
    training has one of its own.
    """
    generator = np.random.default_rng(seed)
    difficulty = course_std * generator.standard_normal(courses)
    rows, drives = [], []
    for arm, curve in arms.items():
        shared = generator.standard_normal(max(trainings.values())) if shared_effects else None
        for size, count in trainings.items():
            for number in range(count):
                row = training_row(arm, size, number)
                effect = generator.standard_normal() if shared is None else shared[number]
                level = _level(curve.failure(size), seed_std, course_std) + seed_std * effect
                failed = generator.random(courses) < expit(level + difficulty)
                rows.append(row)
                drives += [
                    drive(row, f"s{index % 22:02d}", FIRST_SEED + index // 22, success=not fail)
                    for index, fail in enumerate(failed.tolist())
                ]
    return rows, drives


def simulated_outcomes(arms: Mapping[str, TrueCurve], **settings: object) -> Mapping[str, Outcomes]:
    return collect(*simulate(arms, **settings), "standard").arms  # type: ignore[arg-type]


def _level(probability: float, *stds: float) -> float:
    """The logit at which the mean over normal effects with these deviations is ``probability``."""
    std = float(np.hypot.reduce(stds))
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def excess(level: float) -> float:
        return float(weights @ expit(level + std * nodes) / weights.sum()) - probability

    return float(brentq(excess, -20.0, 20.0))
