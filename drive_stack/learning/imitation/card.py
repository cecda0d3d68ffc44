"""The policy's card for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from drive_stack.learning.imitation.config import COMMAND
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
    for span, drives in card.get("closed_loop", {}).items():
        lines += _drives(span, drives)
    return "\n".join(lines)


def _drives(span: str, drives: dict[str, Any]) -> list[str]:
    """How it drove by itself; a success is a completed route with no collision of its own fault."""
    first, last = drives["seeds"]
    return [
        f"Driving by itself on {span} seeds {first}–{last} (`run_sim.py judge policy --on {span}`; a success "
        "is a completed route with no collision of its own fault):",
        "",
        "| Drives | Successes | Collisions of its own fault | Route | Off the lane's middle |",
        "|---|---|---|---|---|",
        _row("**all**", drives["all"]),
        *(_row(name, found) for name, found in drives["by_scenario"].items()),
        "",
    ]


def _row(name: str, found: dict[str, Any]) -> str:
    offset = "–" if found["lane_offset_m"] is None else f"{found['lane_offset_m']:.2f} m"
    return (
        f"| {name} | {found['successes']} of {found['episodes']} | {found['at_fault']} "
        f"| {100 * found['route_completion']:.0f} % | {offset} |"
    )
