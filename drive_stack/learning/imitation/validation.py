"""Closed-loop figures of the policy for its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drive_stack.evaluation.result import EpisodeResult
from drive_stack.learning.imitation.card import card_markdown
from drive_stack.learning.imitation.card_fields import PolicyCard
from drive_stack.learning.imitation.config import COMMAND
from drive_stack.learning.training.closed_loop import ClosedLoopFigures, amend_card_with_drives
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_atomically


def add_drives_to_card(trunk: Path, split: SeedSplit, results: Sequence[EpisodeResult]) -> ClosedLoopFigures:
    """Add the figures of closed-loop drives to the cards of the weights ``trunk``; returns the figures.

    Raises `ConfigError` if the card does not belong to the weights.
    """
    _, figures = amend_card_with_drives(trunk, PolicyCard, COMMAND, split, results)
    write_atomically(trunk.with_name("policy.card.md"), card_markdown(trunk))
    return figures
