"""What one course of a search showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drive_stack.scenario_keys import Value


class Outcome(StrEnum):
    """The outcome of a course for the driver that is searched for failures."""

    COUNTEREXAMPLE = (
        "counterexample"  # it fails, the expert passes, and the careful driver could have avoided it
    )
    PASSED = "passed"
    NOT_CHARGED = "not charged"  # a collision that was not its fault, or that was unavoidable by then
    UNSOLVABLE = "unsolvable"  # the careful driver cannot avoid the hazard
    EXPERT_FAILED = "expert failed"  # it fails, and so does the expert
    INVALID = "invalid"  # its world cannot be drawn, for instance because two actors overlap
    ERROR = "error"  # the driver itself failed


@dataclass(frozen=True, slots=True)
class Trial:
    """One course of a search, with its result."""

    number: int  # from 1, in the order of proposals
    file: str  # scenario file, relative to the folder of the search
    seed: int
    values: Mapping[str, Value]
    outcome: Outcome
    description: str  # how the driver's episode ended
    criticality: float | None  # see `objective`; None after an error
    demand: float  # braking demand of the hazard, see `braking_demand`

    @property
    def is_counterexample(self) -> bool:
        """Whether the course is a solvable one on which the driver fails."""
        return self.outcome is Outcome.COUNTEREXAMPLE


def ranked(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """The counterexamples, the most critical first; each course once."""
    found = {(trial.file, trial.seed): trial for trial in reversed(trials) if trial.is_counterexample}
    return tuple(sorted(found.values(), key=lambda trial: (-(trial.criticality or 0.0), trial.number)))
