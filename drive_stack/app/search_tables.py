"""Searches on the terminal: progress, what was found, comparison of methods, and the search space."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from drive_stack.escaping import terminal_text
from drive_stack.evaluation.batch.rows import Row
from drive_stack.falsification.outcome import Trial, ranked
from drive_stack.falsification.record import SearchRecord, SearchSetup
from drive_stack.falsification.space import Dimension
from drive_stack.falsification.tables import (
    COMPARISON_HEADINGS,
    comparison_rows,
    headline,
    outcome_counts,
    values_text,
)
from drive_stack.scenario_keys import ScenarioKey

MAX_SHOWN = 10  # counterexamples


class Progress:
    """Prints a line after each batch, and counts episodes in between on a terminal."""

    def __init__(self, setup: SearchSetup, console: Console) -> None:
        self._setup, self._console, self._episodes = setup, console, 0
        self._print(f"{setup.courses} courses of {setup.scenario} for {setup.label}")

    def on_row(self, row: Row) -> None:
        """Count an episode, and show the count on a terminal."""
        self._episodes += 1
        if self._console.is_terminal:
            text = f"{self._episodes} episodes driven, the last by {row.label} "
            self._console.print(terminal_text(text), end="\r", highlight=False)

    def on_batch(self, trials: tuple[Trial, ...]) -> None:
        """Print how far the search is."""
        known = [trial.criticality for trial in trials if trial.criticality is not None]
        highest = f", highest criticality {max(known):.2f}" if known else ""
        self._print(
            f"{len(trials)} of {self._setup.courses} courses, {len(ranked(trials))} counterexamples{highest}"
        )

    def _print(self, text: str) -> None:
        prefix = f"{self._setup.method}-{self._setup.random_seed}: "
        self._console.print(terminal_text(prefix + text), highlight=False, soft_wrap=True)


def print_record(record: SearchRecord, console: Console) -> None:
    """Print the sentence and the most critical counterexamples of a search."""
    console.print(terminal_text(headline(record)), style="bold", highlight=False)
    console.print(terminal_text(f"Outcomes: {outcome_counts(record)}."), highlight=False)
    found = record.counterexamples
    if not found:
        return
    table = _table("rank", "criticality", "demand", "what happens", "seed", "values")
    for rank, trial in enumerate(found[:MAX_SHOWN], start=1):
        table.add_row(
            str(rank),
            f"{trial.criticality or 0.0:.2f}",
            f"{trial.demand:.2f}",
            terminal_text(trial.description),
            str(trial.seed),
            terminal_text(values_text(trial)),
        )
    console.print(table)
    if len(found) > MAX_SHOWN:
        console.print(f"and {len(found) - MAX_SHOWN} more", highlight=False)


def print_comparison(records: Sequence[SearchRecord], console: Console) -> None:
    """Print one row for each search, and the means of each method."""
    table = _table(*COMPARISON_HEADINGS)
    for row in comparison_rows(records):
        table.add_row(*row)
    console.print(table)


def print_space(
    scenario: str, dimensions: Sequence[Dimension], keys: Sequence[ScenarioKey], console: Console
) -> None:
    """Print the keys that are varied, and all that could be."""
    varied = {dimension.key: str(dimension) for dimension in dimensions}
    console.print(
        terminal_text(f"Keys of {scenario}; those with values in the first column vary"), style="bold"
    )
    table = _table("varies within", "key", "the scenario draws", "allowed")
    for key in sorted(keys, key=lambda key: key.key not in varied):
        table.add_row(varied.get(key.key, ""), terminal_text(key.key), _drawn(key), _allowed(key))
    console.print(table)


def _drawn(key: ScenarioKey) -> str:
    if not key.drawn:
        return "not set"
    values = [value if isinstance(value, str) else f"{value:g}" for value in dict.fromkeys(key.drawn)]
    return " to ".join(values) if key.ranged else ", ".join(values)


def _allowed(key: ScenarioKey) -> str:
    if key.names:
        return ", ".join(key.names)
    return f"{key.low:g} to {key.high:g}" + (", whole" if key.whole else "")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table
