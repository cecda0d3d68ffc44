"""The policy's card in Markdown."""

from __future__ import annotations

from drive_stack.learning.imitation.card_fields import PolicyCard
from drive_stack.learning.imitation.config import COMMAND
from drive_stack.learning.training.closed_loop import DriverCard, closed_loop_lines
from drive_stack.learning.training.recordings import recordings_table


def card_markdown(card: PolicyCard) -> str:
    """Format the card as Markdown."""
    errors = card["validation"]
    lines = [
        "# End-to-end policy",
        "",
        "Maps the camera image, the speed, the yaw rate, the blind-spot flags, the speed limit "
        f"and the navigation command to steering and pedals: {card['weights'] / 1e6:.2f} million weights. It "
        f"uses the images of {', '.join(f'{age:g} s' for age in card['layout'].history)} ago.",
        "",
        f"Made by `{card['command']}` on {card['date']}, {card['minutes']} minutes of training in the rounds "
        + ", ".join(f"{name} ({epochs} epochs)" for name, epochs in card["rounds"].items())
        + f". SHA-256 of `{card['file']}`: `{card['sha256']}`.",
        "",
        *recordings_table(card["recordings"]),
        "",
        "On validation drives of the expert its mean absolute difference from the expert is "
        f"{errors['sideways']:.3f} m/s² lateral and {errors['forward']:.3f} m/s² longitudinal acceleration.",
        "",
    ]
    lines += closed_loop_lines(card.get("closed_loop", {}))
    return "\n".join(lines)


CARD = DriverCard(PolicyCard, COMMAND, "policy.card.md", card_markdown)
