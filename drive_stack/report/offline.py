"""Offline errors of policies, together with their success in closed loop."""

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
    "lateral acceleration error [m/s²]",
    "acceleration error [m/s²]",
    f"acceleration error where the expert brakes (below {BRAKING:g} m/s²) [m/s²]",
    "successes in closed loop",
)


@dataclass(frozen=True, slots=True)
class OfflineTable:
    """Offline errors of each policy: first over all scenarios, then by scenario."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def read_offline(runs: Runs) -> tuple[OfflineTable | None, list[str]]:
    """Offline errors of all runs, None where no run has any; and notes on files that cannot be read."""
    rows: list[list[str]] = []
    notes: list[str] = []
    for folder in runs.folders:
        for path in sorted(folder.glob(OFFLINES)):
            try:
                content = OfflineFile.model_validate_json(read_text(path))
            except ValidationError as error:
                notes.append(f"{path}: {first_problem(error)}; left out.")
                continue
            except (OSError, ValueError) as error:
                notes.append(f"{path}: cannot be read: {error}; left out.")
                continue
            rows += _rows(runs, content)
    return (OfflineTable(COLUMNS, rows) if rows else None), notes


def _rows(runs: Runs, content: OfflineFile) -> list[list[str]]:
    scenarios = dict.fromkeys(episode.scenario for episode in content.episodes)
    rows = []
    for name in ("all", *scenarios):
        selected = [episode for episode in content.episodes if name in ("all", episode.scenario)]
        driven = [
            row.result
            for row in runs.rows
            if row.label == content.label and name in ("all", row.result.scenario)
        ]
        successes = sum(map(succeeded, driven))
        rows.append(
            [content.label, name, *_errors(selected), f"{successes} of {len(driven)}" if driven else "–"]
        )
    return rows


def _errors(episodes: Sequence[OfflineErrors]) -> list[str]:
    """Mean errors over the steps of all episodes, as text."""
    if not episodes:
        return ["–", "–", "–"]
    steps = [episode.steps for episode in episodes]
    braked = [episode for episode in episodes if episode.braking is not None]
    return [
        f"{_mean([episode.sideways for episode in episodes], steps):.3f}",
        f"{_mean([episode.forward for episode in episodes], steps):.3f}",
        f"{_mean([e.braking or 0.0 for e in braked], [e.braking_steps for e in braked]):.2f}"
        if braked
        else "–",
    ]


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    return float(np.average(values, weights=weights))
