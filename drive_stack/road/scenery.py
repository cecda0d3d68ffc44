"""What lies and stands next to the road of an episode: it is seen, but nothing of the road can touch it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OppositeCarriageway:
    """The carriageway of the opposite direction, beyond the central reserve.

    Laterals are those of the own road map, and grow away from it. The carriageway follows its curves and
    grades.
    """

    inner_edge: float  # lateral of the pavement's edge at the central reserve [m]
    lanes: tuple[float, ...]  # laterals of the lanes' centres, the fastest lane first [m]
    lane_width: float  # [m]
    outer_edge: float  # lateral of the pavement's other edge [m]


@dataclass(frozen=True, slots=True)
class Scenery:
    """The scenery that a scenario asks for. Everything is off by default."""

    opposite: OppositeCarriageway | None = None


NO_SCENERY = Scenery()
