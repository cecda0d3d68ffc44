"""Which oracles succeed on the episodes that the modular agent fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drive_stack.app.stage_ablation.columns import MODULAR
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.summary import Course


@dataclass(frozen=True, slots=True)
class Failure:
    """An episode that the modular agent failed, and the columns that drove it better."""

    scenario: str
    seed: int
    description: str  # what happened
    rescued_by: tuple[str, ...]  # columns that drove it and succeeded
    not_rescued_by: tuple[str, ...]  # columns that drove it and failed too

    @property
    def rescuers(self) -> str:
        """The columns that succeeded, as text."""
        if len(self.rescued_by) > 1 and not self.not_rescued_by:
            return "every other column"
        return ", ".join(self.rescued_by) or ("none" if self.not_rescued_by else "–")


def find_failures(
    drives: Mapping[str, Mapping[Course, EpisodeResult]], labels: Sequence[str], scenarios: Sequence[str]
) -> Iterator[Failure]:
    """Yield the failures of the modular agent, by scenario and seed. ``drives``: results of each column."""
    own = drives.get(MODULAR, {})
    for scenario, seed in sorted(own, key=lambda course: (scenarios.index(course[0]), course[1])):
        result = own[scenario, seed]
        if succeeded(result):
            continue
        others = [label for label in labels if label != MODULAR and (scenario, seed) in drives[label]]
        rescuers = {label for label in others if succeeded(drives[label][scenario, seed])}
        yield Failure(
            scenario,
            seed,
            describe_failure(result),
            tuple(label for label in others if label in rescuers),
            tuple(label for label in others if label not in rescuers),
        )


def describe_failure(result: EpisodeResult) -> str:
    """Return how an episode failed, as text."""
    if result.collision_with is not None:
        speed = f" at {3.6 * (result.impact_speed_mps or 0.0):.0f} km/h"
        return f"{result.collision_with}{speed}: {result.fault_reason}"
    if result.status is Status.ERROR:
        return "error: " + ((result.error or "").strip().splitlines() or [""])[-1]
    return (
        f"{result.status.value.replace('_', ' ')} after {100.0 * result.route_completion:.0f} % of the route"
    )
