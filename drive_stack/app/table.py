"""Results of episodes as a table on the terminal, with the means in its last row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from drive_stack.escaping import terminal_text
from drive_stack.evaluation.result import EpisodeResult, Status

STYLES = {Status.COMPLETED: "green", Status.TIMEOUT: "yellow", Status.STUCK: "yellow"}


def print_results(results: Sequence[EpisodeResult], console: Console) -> None:
    """Print one row for each episode; agents that read the truth are marked."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_footer=len(results) > 1)
    score = f"{np.mean([result.driving_score for result in results]):.1f}"
    route = f"{100 * np.mean([result.route_completion for result in results]):.0f} %"
    completed = f"{sum(result.status is Status.COMPLETED for result in results)} of {len(results)} completed"
    table.add_column("agent", footer="mean", no_wrap=True)
    table.add_column("scenario", no_wrap=True)
    table.add_column("seed", justify="right", no_wrap=True)
    table.add_column("status", footer=completed)
    table.add_column("collision")
    table.add_column("route", justify="right", footer=route)
    table.add_column("km/h", justify="right")
    table.add_column("min TTC", justify="right")
    table.add_column("comfort", justify="right")
    table.add_column("score", justify="right", footer=score)
    for result in results:
        table.add_row(*_cells(result))
    console.print(table)
    if any(result.privileged for result in results):
        console.print("* reads the truth", style="dim")
    print_failures(results, console)


def print_failures(results: Sequence[EpisodeResult], console: Console) -> None:
    """Print the traceback of each agent that failed."""
    for result in results:
        if result.error is not None:
            console.print(
                f"[red]{terminal_text(result.agent)} failed on {terminal_text(result.scenario)} "
                f"{result.seed}:[/red]",
                highlight=False,
            )
            console.print(result.error, markup=False, highlight=False)


def _cells(result: EpisodeResult) -> list[str]:
    style = STYLES.get(result.status, "red")
    return [
        terminal_text(result.agent) + (" *" if result.privileged else ""),
        terminal_text(result.scenario),
        str(result.seed),
        f"[{style}]{result.status.value}[/{style}]",
        _collision(result),
        f"{100 * result.route_completion:.0f} %",
        f"{3.6 * result.mean_speed_mps:.0f}",
        "–" if result.min_ttc_s is None else f"{result.min_ttc_s:.1f} s",
        f"{100 * result.comfort:.0f} %",
        f"{result.driving_score:.1f}",
    ]


def _collision(result: EpisodeResult) -> str:
    if result.collision_with is None:
        return "–"
    fault = "at fault" if result.at_fault else "not at fault"
    speed = 3.6 * (result.impact_speed_mps or 0.0)
    return f"{terminal_text(result.collision_with)} at {speed:.0f} km/h, {fault}"
