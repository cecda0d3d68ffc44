"""The report's section on the causes of failures, from the file that ``why`` writes into a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from drive_stack.causes.explanation import Explanation
from drive_stack.causes.files import key_of, read_explanations
from drive_stack.causes.tables import Count, averted_counts, cause_counts
from drive_stack.errors import ConfigError
from drive_stack.evaluation.result import succeeded
from drive_stack.report.runs import Entry, Runs

RowId: TypeAlias = tuple[Path, int]  # run folder, number of the row


@dataclass(frozen=True, slots=True)
class CauseSection:
    """The section's tables and sentences."""

    causes: Sequence[Count]
    averted: Sequence[Count]
    sentences: Mapping[RowId, str]  # of each failure that has an explanation
    failures: int  # with an explanation or without


def read_causes(runs: Runs) -> tuple[CauseSection | None, list[str]]:
    """The section, None where no run has explanations, and notes on files that cannot be read."""
    notes: list[str] = []
    known: dict[Path, dict[tuple[str, str, str, int], Explanation]] = {}
    for folder in runs.folders:
        try:
            known[folder] = {key_of(explanation): explanation for explanation in read_explanations(folder)}
        except ConfigError as error:
            notes.append(f"Causes are left out: {error}.")
    failed = [entry for entry in runs.entries if not succeeded(entry.row.result)]
    found = {(entry.run, entry.number): known.get(entry.run, {}).get(_key(entry)) for entry in failed}
    shown = {
        (entry.run, entry.number): replace(explanation, label=entry.row.label)
        for entry in failed
        if (explanation := found[entry.run, entry.number]) is not None
    }
    if not shown:
        return None, notes
    explanations = list(shown.values())
    sentences = {row: explanation.sentence for row, explanation in shown.items()}
    return CauseSection(
        cause_counts(explanations), averted_counts(explanations), sentences, len(failed)
    ), notes


def _key(entry: Entry) -> tuple[str, str, str, int]:
    result = entry.row.result
    return entry.row.config_hash, entry.label, result.scenario, result.seed
