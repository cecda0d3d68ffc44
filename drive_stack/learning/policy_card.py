"""The policy's card for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from drive_stack.learning.policy_config import COMMAND
from drive_stack.runtime.weights import read_card


def card_markdown(trunk: Path) -> str:
    """The card as Markdown; every figure comes from the card beside the weights."""
    card = cast("dict[str, Any]", read_card(trunk, COMMAND))
    found = card["validation"]
    lines = [
        "# End-to-end policy",
        "",
        "Drives from the camera's picture, the speed, the yaw rate, the blind-spot flags, the speed limit "
        f"and the navigation command to steering and pedals: {card['weights'] / 1e6:.2f} million weights. It "
        f"sees the pictures of {', '.join(f'{age:g} s' for age in card['layout']['history'])} ago.",
        "",
        f"Made by `{card['command']}` on {card['date']}, {card['minutes']} minutes of training in the rounds "
        + ", ".join(f"{name} ({epochs} epochs)" for name, epochs in card["rounds"].items())
        + f". SHA-256 of `{card['file']}`: `{card['sha256']}`.",
        "",
        "| Recording | Rows | Episodes | SHA-256 |",
        "|---|---|---|---|",
        *(
            f"| {name} | {about['rows']} | {about['episodes']} | `{about['sha256'][:16]}` |"
            for name, about in card["recordings"].items()
        ),
        "",
        "On validation drives of the expert it differs from what the expert does by "
        f"{found['sideways']:.3f} m/s² sideways and {found['forward']:.3f} m/s² along the road, in the mean.",
        "",
    ]
    return "\n".join(lines)
