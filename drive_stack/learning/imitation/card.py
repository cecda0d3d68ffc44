"""The policy's card in Markdown."""

from __future__ import annotations

from pathlib import Path

from drive_stack.learning.imitation.card_fields import ClosedLoopFigures, DriveFigures, PolicyCard
from drive_stack.learning.imitation.config import COMMAND
from drive_stack.learning.training.recordings import recordings_table
from drive_stack.runtime.weights import read_card


def card_markdown(trunk: Path) -> str:
    """Format the card as Markdown; every figure comes from the JSON card next to the weights."""
    card = read_card(trunk, COMMAND, PolicyCard)
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
    for span, drives in card.get("closed_loop", {}).items():
        lines += _drives(span, drives)
    return "\n".join(lines)


def _drives(span: str, drives: ClosedLoopFigures) -> list[str]:
    """The closed-loop figures of one split of seeds."""
    first, last = drives["seeds"]
    return [
        f"Closed-loop drives on {span} seeds {first}–{last} (`run_sim.py judge`; a success is a completed "
        "route with no collision of its own fault):",
        "",
        "| Drives | Successes | Collisions of its own fault | Route | Offset from the lane centre |",
        "|---|---|---|---|---|",
        _row("**all**", drives["all"]),
        *(_row(name, figures) for name, figures in drives["by_scenario"].items()),
        "",
    ]


def _row(name: str, figures: DriveFigures) -> str:
    offset = "–" if figures["lane_offset_m"] is None else f"{figures['lane_offset_m']:.2f} m"
    return (
        f"| {name} | {figures['successes']} of {figures['episodes']} | {figures['at_fault']} "
        f"| {100 * figures['route_completion']:.0f} % | {offset} |"
    )
