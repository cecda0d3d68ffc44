"""The card of the network from tracks and lanes to controls."""

from __future__ import annotations

from typing import NotRequired

from drive_stack.learning.mid_to_end.config import COMMAND
from drive_stack.learning.training.closed_loop import (
    ClosedLoopFigures,
    DriverCard,
    closed_loop_lines,
)
from drive_stack.learning.training.recordings import RecordingFacts, recordings_table
from drive_stack.runtime.weights import Card


class MidToEndCard(Card):
    """The keys of the card."""

    date: str
    weights: int  # number of trained parameters
    epochs: int
    minutes: float
    perception: str  # settings, weights and code that made the tracks and lanes it learned from
    recordings: dict[str, RecordingFacts]
    validation: dict[str, float]
    closed_loop: NotRequired[dict[str, ClosedLoopFigures]]  # split of seeds → figures


def card_markdown(card: MidToEndCard) -> str:
    """Format the card as Markdown."""
    errors = card["validation"]
    return "\n".join(
        [
            "# Network from tracks and lanes to controls",
            "",
            "Maps the tracks, the lanes and the state of the ego to steering and pedals: "
            f"{card['weights'] / 1e3:.0f} thousand weights.",
            "",
            f"Made by `{card['command']}` on {card['date']}: {card['epochs']} epochs, {card['minutes']} min. "
            f"SHA-256 of `{card['file']}`: `{card['sha256']}`.",
            "",
            *recordings_table(card["recordings"]),
            "",
            "On validation drives of the expert its mean absolute difference from the expert is "
            f"{errors['lateral']:.3f} m/s² lateral and {errors['longitudinal']:.3f} m/s² longitudinal "
            "acceleration.",
            "",
            *closed_loop_lines(card.get("closed_loop", {})),
        ]
    )


CARD = DriverCard(MidToEndCard, COMMAND, "mid_to_end.card.md", card_markdown)
