"""Explanations of failures on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from drive_stack.causes.explanation import Explanation, Tried
from drive_stack.causes.tables import averted_counts, cause_counts
from drive_stack.escaping import terminal_text
from drive_stack.evaluation.estimate_text import format_percent
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.run_facts import Driver
from drive_stack.report.commands import episode_command
from drive_stack.report.failures import describe_failure

COUNT_NOTE = "95 % intervals (Wilson); failures in the same world count as one."


def print_explanation(
    explanation: Explanation, driver: Driver, result: EpisodeResult, console: Console
) -> None:
    """Print what was tried, the sentence, and the command that repeats the drive with what averts it."""
    course = f"{explanation.label} on {explanation.scenario}, seed {explanation.seed}"
    console.print(
        terminal_text(f"{course}: {describe_failure(result)}, after {explanation.time_s:.1f} s"), style="bold"
    )
    table = _table("change", "averts it", "at the latest, seconds before")
    for tried in explanation.tried:
        table.add_row(terminal_text(tried.name), *_outcome(tried))
    console.print(table)
    console.print(terminal_text(explanation.sentence), style="bold", highlight=False)
    shown = next((tried for tried in explanation.tried if tried.averts and tried.settings), None)
    if shown is not None:
        changed = Driver(agent=driver.agent, overrides=(*driver.overrides, *shown.settings))
        command = episode_command(changed, explanation.scenario, explanation.seed)
        console.print(terminal_text(f"See it: {command}"), highlight=False, soft_wrap=True)


def print_counts(explanations: Sequence[Explanation], console: Console) -> None:
    """Print the causes of each agent's failures, and what each change averts."""
    if not explanations:
        console.print("There is no failure to explain.")
        return
    causes = _table("driver", "cause", "failures", "of its failures")
    averted = _table("driver", "change", "averts", "of the failures where it was tried")
    for table, counts in (
        (causes, cause_counts(explanations)),
        (averted, averted_counts(explanations)),
    ):
        for count in counts:
            names = terminal_text(count.label), terminal_text(count.name)
            table.add_row(*names, f"{count.count} of {count.failures}", format_percent(count.fraction))
        console.print(table)
    console.print(COUNT_NOTE, style="dim", highlight=False)


def _outcome(tried: Tried) -> tuple[str, str]:
    if tried.averts:
        return "yes", "" if tried.latest_s is None else f"{tried.latest_s:.1f}"
    return "no, no effect" if tried.no_effect else "no", ""


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table
