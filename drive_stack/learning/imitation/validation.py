"""How the policy drives by itself, for its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.summary import summarise_episodes
from drive_stack.learning.imitation.card import card_markdown
from drive_stack.learning.imitation.config import COMMAND
from drive_stack.runtime.weights import amend_card, read_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_whole


def note_drives(trunk: Path, split: SeedSplit, results: Sequence[EpisodeResult]) -> dict[str, object]:
    """Put drives by the weights ``trunk`` into its cards, for programs and for people; returns the figures.

    Raises `ConfigError` where the card does not fit the weights.
    """
    found = closed_loop(results)
    before = read_card(trunk, COMMAND).get("closed_loop")
    amend_card(trunk, COMMAND, {"closed_loop": (before if isinstance(before, dict) else {}) | {split: found}})
    write_whole(trunk.with_name("policy.card.md"), card_markdown(trunk))
    return found


def closed_loop(results: Sequence[EpisodeResult]) -> dict[str, object]:
    """Figures of all drives and of each scenario's; at least one result."""
    seeds = [result.seed for result in results]
    drives: dict[str, list[EpisodeResult]] = {}
    for result in results:
        drives.setdefault(result.scenario, []).append(result)
    return {
        "seeds": [min(seeds), max(seeds)],
        "all": _figures(results),
        "by_scenario": {name: _figures(drives[name]) for name in sorted(drives)},
    }


def _figures(results: Sequence[EpisodeResult]) -> dict[str, object]:
    summary = summarise_episodes(results)
    offsets = [result.lane_offset_m for result in results if result.lane_offset_m is not None]
    return {
        "episodes": summary.episodes,
        "successes": summary.successes,
        "at_fault": summary.at_fault,
        "route_completion": round(summary.route_completion, 4),
        "lane_offset_m": round(float(np.mean(offsets)), 3) if offsets else None,
    }
