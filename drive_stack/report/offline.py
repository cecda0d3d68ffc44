"""Offline errors beside how the same driver does when it drives itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from drive_stack.config import first_problem
from drive_stack.evaluation.offline import BRAKING, OfflineErrors
from drive_stack.evaluation.result import succeeded
from drive_stack.report.inside_files import OFFLINES, OfflineFile
from drive_stack.report.runs import Runs
from drive_stack.support.file_reading import read_text

COLUMNS = (
    "driver",
    "scenario",
    "steering off by [m/s²]",
    "pedals off by [m/s²]",
    f"where the expert brakes (below {BRAKING:g} m/s²)",
    "success, driving itself",
)


@dataclass(frozen=True, slots=True)
class OfflineTable:
    """Rows of all policies that were asked, each by scenario, all together first."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def offline_of(runs: Runs) -> tuple[OfflineTable | None, list[str]]:
    """None where no run has any; notes on files that cannot be read."""
    rows: list[list[str]] = []
    notes: list[str] = []
    for folder in runs.folders:
        for path in sorted(folder.glob(OFFLINES)):
            try:
                told = OfflineFile.model_validate_json(read_text(path))
            except ValidationError as error:
                notes.append(f"{path}: {first_problem(error)}; left out.")
                continue
            except (OSError, ValueError) as error:
                notes.append(f"{path}: cannot be read: {error}; left out.")
                continue
            rows += _rows(runs, told)
    return (OfflineTable(COLUMNS, rows) if rows else None), notes


def _rows(runs: Runs, told: OfflineFile) -> list[list[str]]:
    scenarios = dict.fromkeys(one.scenario for one in told.episodes)
    rows = []
    for name in ("all", *scenarios):
        mine = [one for one in told.episodes if name in ("all", one.scenario)]
        driven = [
            row.result
            for row in runs.rows
            if row.label == told.label and name in ("all", row.result.scenario)
        ]
        won = sum(map(succeeded, driven))
        rows.append([told.label, name, *_errors(mine), f"{won} of {len(driven)}" if driven else "–"])
    return rows


def _errors(mine: Sequence[OfflineErrors]) -> list[str]:
    """Means over steps."""
    if not mine:
        return ["–", "–", "–"]
    braked = [one for one in mine if one.braking is not None]
    return [
        f"{_mean([one.sideways for one in mine], [one.steps for one in mine]):.3f}",
        f"{_mean([one.forward for one in mine], [one.steps for one in mine]):.3f}",
        f"{_mean([one.braking or 0.0 for one in braked], [one.braking_steps for one in braked]):.2f}"
        if braked
        else "–",
    ]


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    return float(np.average(values, weights=weights))
