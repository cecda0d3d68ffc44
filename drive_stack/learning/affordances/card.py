"""The card of the network of affordances."""

from __future__ import annotations

from typing import NotRequired

from drive_stack.learning.affordances.config import COMMAND
from drive_stack.learning.training.closed_loop import (
    ClosedLoopFigures,
    DriverCard,
    closed_loop_lines,
)
from drive_stack.learning.training.recordings import RecordingFacts, recordings_table
from drive_stack.policy.image_network import Layout
from drive_stack.runtime.weights import Card


class AffordancesCard(Card):
    """The keys of the card."""

    date: str
    layout: Layout
    weights: int  # number of trained parameters
    epochs: int
    minutes: float
    recordings: dict[str, RecordingFacts]
    validation: dict[str, float]
    threads: NotRequired[int]
    labels: NotRequired[dict[str, int]]  # kind of label → how many
    closed_loop: NotRequired[dict[str, ClosedLoopFigures]]  # split of seeds → figures


def card_markdown(card: AffordancesCard) -> str:
    """Format the card as Markdown."""
    errors = card["validation"]
    return "\n".join(
        [
            "# Network of affordances",
            "",
            "Reads the position in the lane, the shape of the road, the gaps and closing speeds of leads and "
            f"the nearest person off the camera image: {card['weights'] / 1e6:.2f} million weights. It uses "
            f"the images of {', '.join(f'{age:g} s' for age in card['layout'].history)} ago.",
            "",
            f"Made by `{card['command']}` on {card['date']}: {card['epochs']} epochs, {card['minutes']} min. "
            f"SHA-256 of `{card['file']}`: `{card['sha256']}`.",
            "",
            *recordings_table(card["recordings"]),
            "",
            f"On validation drives, {100 * errors['flags']:.1f} % of the flags are wrong, and the mean error "
            f"of the values that hold is {errors['values']:.3f} of their scales "
            "(`drive_stack/direct_perception/affordances.py`).",
            "",
            *closed_loop_lines(card.get("closed_loop", {})),
        ]
    )


CARD = DriverCard(AffordancesCard, COMMAND, "affordances.card.md", card_markdown)
