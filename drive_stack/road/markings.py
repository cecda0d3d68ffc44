"""What is special about the markings of a road: worn stretches, ghost lines and temporary lines.

The lanes of the `RoadMap` are always the valid ones. All stations are those of the road map.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WornStretch:
    """A segment of road on which all markings are worn."""

    start: float  # station [m]
    end: float  # station [m]
    wear: float  # 0 fresh … 1 nothing is left


@dataclass(frozen=True, slots=True)
class GhostLines:
    """Remains of the lines of an old layout, which lie at an angle to the valid ones."""

    start: float  # station [m]
    end: float  # station [m]
    offset: float  # of the old lines at ``start``, to the left of the valid ones [m]
    skew: float  # change of the offset along the road [m / m]
    strength: float  # fraction of fresh paint's contrast
    dark: bool  # the traces are darker than the asphalt, as after milling or black paint; else paler


@dataclass(frozen=True, slots=True)
class TemporaryLines:
    """A segment on which yellow lines are valid, and the white ones of before remain at another place."""

    start: float  # station [m]
    end: float  # station [m]
    shift: float  # of the white lines to the left of the yellow ones [m]
    old_wear: float  # of the white lines, 0 fresh … 1 nothing is left


@dataclass(frozen=True, slots=True)
class Closure:
    """A lane that road works close, on a stretch with temporary lines, which lead around it."""

    lane: int  # index
    start: float  # station at which the taper starts [m]
    taper_end: float  # station from which the whole lane is closed [m]
    end: float  # station [m]


@dataclass(frozen=True, slots=True)
class Markings:
    """Everything special about the markings of one episode."""

    worn: tuple[WornStretch, ...] = ()
    ghosts: tuple[GhostLines, ...] = ()
    temporary: tuple[TemporaryLines, ...] = ()
    closures: tuple[Closure, ...] = ()


PLAIN = Markings()
"""Markings with nothing special."""
