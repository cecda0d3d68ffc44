"""The keys of a scenario for its lane markings: worn stretches, ghost lines and temporary lines.

``at`` is the distance ahead of the ego's start [m].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.road.markings import Closure, GhostLines, Markings, TemporaryLines, WornStretch

from .checks import ScenarioContext, require_within
from .quantity import Distance, Fraction, Quantity, between, fixed, within

StretchLength: TypeAlias = Annotated[Quantity, within(1.0, 2600.0)]  # [m]
LineOffset: TypeAlias = Annotated[Quantity, within(-3.0, 3.0)]  # [m]
Skew: TypeAlias = Annotated[Quantity, within(-5.0, 5.0)]  # [°]


class WornStretchEntry(StrictModel):
    """A stretch on which all markings are worn."""

    at: Distance  # of its beginning
    length: StretchLength = between(60.0, 150.0)  # [m]
    wear: Fraction = fixed(1.0)  # at least; 1: nothing is left

    def draw(self, rng: np.random.Generator, start: float) -> WornStretch:
        """Draw the stretch for an ego that starts at a station [m]."""
        begin, length = start + self.at.draw(rng), self.length.draw(rng)
        return WornStretch(begin, begin + length, self.wear.draw(rng))


class GhostEntry(StrictModel):
    """Remains of the lines of an old layout."""

    at: Distance  # of their beginning
    length: StretchLength = between(100.0, 250.0)  # [m]
    offset: LineOffset = between(-1.5, 1.5)  # of the old lines at `at`, to the left of the valid ones [m]
    skew_deg: Skew = between(-1.0, 1.0)  # direction relative to the valid lines, positive to the left [°]
    strength: Fraction = between(0.15, 0.4)  # fraction of fresh paint's contrast
    tone: Literal["pale", "dark", "either"] = "either"

    def draw(self, rng: np.random.Generator, start: float) -> GhostLines:
        """Draw the lines for an ego that starts at a station [m]."""
        begin, length = start + self.at.draw(rng), self.length.draw(rng)
        offset, skew = self.offset.draw(rng), math.tan(math.radians(self.skew_deg.draw(rng)))
        strength, either = self.strength.draw(rng), bool(rng.random() < 0.5)
        dark = either if self.tone == "either" else self.tone == "dark"
        return GhostLines(begin, begin + length, offset, skew, strength, dark)


class TemporaryEntry(StrictModel):
    """A stretch of yellow lines, which are the valid ones."""

    at: Distance  # of their beginning
    length: StretchLength = between(150.0, 300.0)  # [m]
    # of the white lines, to the left of the yellow ones [m]
    shift: LineOffset = Quantity(choices=(-0.9, 0.9))
    old_wear: Fraction = between(0.1, 0.5)  # of the white lines

    def draw(self, rng: np.random.Generator, start: float) -> TemporaryLines:
        """Draw the lines for an ego that starts at a station [m]."""
        begin, length = start + self.at.draw(rng), self.length.draw(rng)
        return TemporaryLines(begin, begin + length, self.shift.draw(rng), self.old_wear.draw(rng))


class MarkingsSpec(StrictModel):
    """What is special about the lane markings. All is off by default."""

    worn_stretches: tuple[WornStretchEntry, ...] = Field(default=(), max_length=20)
    ghost: tuple[GhostEntry, ...] = Field(default=(), max_length=20)
    temporary: tuple[TemporaryEntry, ...] = Field(default=(), max_length=20)

    def draw(self, rng: np.random.Generator, start: float, closures: Sequence[Closure]) -> Markings:
        """Draw the markings of one episode.

        Args:
            rng: Random generator of the markings.
            start: Station of the ego's start [m].
            closures: Closed lanes; temporary lines lead around those that lie inside their stretch.
        """
        temporary = tuple(entry.draw(rng, start) for entry in self.temporary)
        return Markings(
            worn=tuple(entry.draw(rng, start) for entry in self.worn_stretches),
            ghosts=tuple(entry.draw(rng, start) for entry in self.ghost),
            temporary=temporary,
            closures=tuple(closure for closure in closures if _is_inside(closure, temporary)),
        )


def _is_inside(closure: Closure, stretches: Sequence[TemporaryLines]) -> bool:
    return any(lines.start <= closure.start and closure.end <= lines.end for lines in stretches)


def check_markings(spec: MarkingsSpec, context: ScenarioContext) -> None:
    """Raise `FieldError` for entries that begin beyond the road's end."""
    entries: dict[str, tuple[WornStretchEntry | GhostEntry | TemporaryEntry, ...]] = {
        "worn_stretches": spec.worn_stretches,
        "ghost": spec.ghost,
        "temporary": spec.temporary,
    }
    for key, listed in entries.items():
        for index, entry in enumerate(listed):
            keys = ("markings", key, index, "at")
            require_within(entry.at, 0.0, context.ahead, context.road_end, keys, ("ego", "station"))
