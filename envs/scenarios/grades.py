"""The grades of a scenario's road: where it changes to which grade, over a curve of which radius."""

from __future__ import annotations

import itertools
from typing import Annotated, TypeAlias

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.errors import FieldError
from drive_stack.road.vertical_profile import VerticalProfile, build_profile

from .quantity import Quantity, between, within

MAX_GRADE = 6.0  # of a motorway, German guideline RAA, design class EKA 3 [%]
MIN_CREST_RADIUS, MIN_SAG_RADIUS = 5000.0, 3000.0  # RAA, design class EKA 3 [m]

GradePercent: TypeAlias = Annotated[Quantity, within(-MAX_GRADE, MAX_GRADE)]
CrestRadius: TypeAlias = Annotated[Quantity, within(MIN_CREST_RADIUS, 100_000.0)]  # [m]
SagRadius: TypeAlias = Annotated[Quantity, within(MIN_SAG_RADIUS, 100_000.0)]  # [m]
Station: TypeAlias = Annotated[Quantity, within(0.0, 8000.0)]  # [m]


class GradeChange(StrictModel):
    """A vertical curve, after which the road has another grade."""

    begins: Station  # station where the curve begins [m]
    percent: GradePercent  # rise per 100 m after the curve, positive uphill
    crest_radius: CrestRadius = between(6000.0, 12000.0)  # if the grade decreases [m]
    sag_radius: SagRadius = between(4000.0, 8000.0)  # if the grade increases [m]

    def max_length(self, before: tuple[float, float]) -> float:
        """Maximum length of the curve [m] after a grade in the range ``before`` [%]."""
        low, high = self.percent.bounds
        crest = (before[1] - low) / 100.0 * self.crest_radius.bounds[1]
        sag = (high - before[0]) / 100.0 * self.sag_radius.bounds[1]
        return max(crest, sag, 0.0)


def check_grades(changes: tuple[GradeChange, ...]) -> None:
    """Raise `FieldError` if a vertical curve could begin before the one before it has ended."""
    before = (0.0, 0.0)
    for index, (change, following) in enumerate(itertools.pairwise(changes), start=1):
        end = change.begins.bounds[1] + change.max_length(before)
        if following.begins.bounds[0] < end:
            raise FieldError(
                f"at least {end:g} (the vertical curve before it ends there at the latest)",
                ("grades", index, "begins"),
            )
        before = change.percent.bounds


def draw_profile(changes: tuple[GradeChange, ...], rng: np.random.Generator) -> VerticalProfile:
    """Draw the vertical profile of a road, which is level up to the first change."""
    drawn, grade = [], 0.0
    for change in changes:
        begin, after = change.begins.draw(rng), change.percent.draw(rng) / 100.0
        crest, sag = change.crest_radius.draw(rng), change.sag_radius.draw(rng)
        drawn.append((begin, after, sag if after > grade else crest))
        grade = after
    return build_profile(tuple(drawn))
