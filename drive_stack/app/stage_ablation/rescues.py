"""Which oracles save the episodes that the modular driver fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drive_stack.app.stage_ablation.columns import MODULAR
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.summary import Course


@dataclass(frozen=True, slots=True)
class Blame:
    """One failed episode, and who drove it better."""

    scenario: str
    seed: int
    what: str  # happened, in words
    saved_by: tuple[str, ...]  # columns that drove it and succeeded
    not_by: tuple[str, ...]  # columns that drove it and failed too

    @property
    def saviours(self) -> str:
        """Who saved it, in words."""
        if len(self.saved_by) > 1 and not self.not_by:
            return "every other column"
        return ", ".join(self.saved_by) or ("none" if self.not_by else "–")


def blames(
    drives: Mapping[str, Mapping[Course, EpisodeResult]], labels: Sequence[str], scenarios: Sequence[str]
) -> Iterator[Blame]:
    """The failures of modular, by scenario and seed; ``drives`` are the results of each column."""
    own = drives.get(MODULAR, {})
    for scenario, seed in sorted(own, key=lambda course: (scenarios.index(course[0]), course[1])):
        result = own[scenario, seed]
        if succeeded(result):
            continue
        others = [label for label in labels if label != MODULAR and (scenario, seed) in drives[label]]
        saved = {label for label in others if succeeded(drives[label][scenario, seed])}
        yield Blame(
            scenario,
            seed,
            what_happened(result),
            tuple(label for label in others if label in saved),
            tuple(label for label in others if label not in saved),
        )


def what_happened(result: EpisodeResult) -> str:
    """How an episode failed, in words."""
    if result.collision_with is not None:
        speed = f" at {3.6 * (result.impact_speed_mps or 0.0):.0f} km/h"
        return f"{result.collision_with}{speed}: {result.fault_reason}"
    if result.status is Status.ERROR:
        return "error: " + ((result.error or "").strip().splitlines() or [""])[-1]
    return (
        f"{result.status.value.replace('_', ' ')} after {100.0 * result.route_completion:.0f} % of the route"
    )
