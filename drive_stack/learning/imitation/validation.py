"""Closed-loop figures of the policy for its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.summary import summarise_episodes
from drive_stack.learning.imitation.card import card_markdown
from drive_stack.learning.imitation.card_fields import ClosedLoopFigures, DriveFigures, PolicyCard
from drive_stack.learning.imitation.config import COMMAND
from drive_stack.runtime.weights import amend_card, read_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_atomically


def add_drives_to_card(trunk: Path, split: SeedSplit, results: Sequence[EpisodeResult]) -> ClosedLoopFigures:
    """Add the figures of closed-loop drives to the cards of the weights ``trunk``; returns the figures.

    Raises `ConfigError` if the card does not belong to the weights.
    """
    figures = summarise_drives(results)
    card = read_card(trunk, COMMAND, PolicyCard)
    earlier = card.get("closed_loop", {})
    amend_card(trunk, card["command"], {"closed_loop": {**earlier, split: figures}})
    write_atomically(trunk.with_name("policy.card.md"), card_markdown(trunk))
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
