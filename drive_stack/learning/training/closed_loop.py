"""Figures of closed-loop drives in the card of a network that drives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import numpy as np
from typing_extensions import TypedDict  # pydantic does not accept that of `typing` in Python 3.11

from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.summary import summarise_episodes
from drive_stack.runtime.weights import CardType, amend_card, read_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_atomically


class DriveFigures(TypedDict):
    """Results of some drives."""

    episodes: int
    successes: int
    at_fault: int  # episodes with an at-fault collision
    route_completion: float  # mean, 0 … 1
    lane_offset_m: float | None  # mean distance from the lane's centre [m]


class ClosedLoopFigures(TypedDict):
    """Results of all drives on one split of seeds, and by scenario."""

    seeds: list[int]  # first and last
    all: DriveFigures
    by_scenario: dict[str, DriveFigures]


@dataclass(frozen=True, slots=True)
class DriverCard(Generic[CardType]):
    """The card of a network that drives: its keys, and its text in Markdown."""

    kind: type[CardType]
    command: str  # is named if there is no card
    file: str  # name of the text, next to the weights
    markdown: Callable[[CardType], str]

    def write_markdown(self, weights: Path) -> None:
        """Write the card of ``weights`` as Markdown.

        Raises:
            ConfigError: the card does not belong to the weights, or is not of this kind.
        """
        card = read_card(weights, self.command, self.kind)
        write_atomically(weights.with_name(self.file), self.markdown(card))

    def add_drives(
        self, weights: Path, split: SeedSplit, results: Sequence[EpisodeResult]
    ) -> ClosedLoopFigures:
        """Add the figures of drives on ``split`` to the card, under the key ``closed_loop``; returns them.

        Raises:
            ConfigError: the card does not belong to the weights, or is not of this kind.
        """
        figures = summarise_drives(results)
        card = read_card(weights, self.command, self.kind)
        earlier = card.get("closed_loop", {})
        known = dict(earlier) if isinstance(earlier, Mapping) else {}
        amend_card(weights, card["command"], {"closed_loop": {**known, split: figures}})
        self.write_markdown(weights)
        return figures


def summarise_drives(results: Sequence[EpisodeResult]) -> ClosedLoopFigures:
    """Figures of all drives and by scenario; there must be at least one result."""
    seeds = [result.seed for result in results]
    drives: dict[str, list[EpisodeResult]] = {}
    for result in results:
        drives.setdefault(result.scenario, []).append(result)
    return {
        "seeds": [min(seeds), max(seeds)],
        "all": _figures(results),
        "by_scenario": {name: _figures(drives[name]) for name in sorted(drives)},
    }


def closed_loop_lines(closed_loop: Mapping[str, ClosedLoopFigures]) -> Iterator[str]:
    """The lines of a Markdown table for each split of seeds."""
    for split, drives in closed_loop.items():
        first, last = drives["seeds"]
        yield (
            f"Closed-loop drives on {split} seeds {first}–{last} (`run_sim.py judge`; a success is a "
            "completed route with no collision of its own fault):"
        )
        yield ""
        yield "| Drives | Successes | Collisions of its own fault | Route | Offset from the lane centre |"
        yield "|---|---|---|---|---|"
        yield _row("**all**", drives["all"])
        for name, figures in drives["by_scenario"].items():
            yield _row(name, figures)
        yield ""


def _figures(results: Sequence[EpisodeResult]) -> DriveFigures:
    summary = summarise_episodes(results)
    offsets = [result.lane_offset_m for result in results if result.lane_offset_m is not None]
    return {
        "episodes": summary.episodes,
        "successes": summary.successes,
        "at_fault": summary.at_fault,
        "route_completion": round(summary.route_completion, 4),
        "lane_offset_m": round(float(np.mean(offsets)), 3) if offsets else None,
    }


def _row(name: str, figures: DriveFigures) -> str:
    offset = "–" if figures["lane_offset_m"] is None else f"{figures['lane_offset_m']:.2f} m"
    return (
        f"| {name} | {figures['successes']} of {figures['episodes']} | {figures['at_fault']} "
        f"| {100 * figures['route_completion']:.0f} % | {offset} |"
    )
