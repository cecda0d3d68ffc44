"""What lies and stands next to the road of an episode: it is seen, but nothing of the road can touch it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_BRIDGE_MARGIN, _MARGIN = 16.0, 6.0  # around bridges and other things, without trees [m]
BAY_WIDTH, BAY_DEPTH = 3.0, 5.5  # of a car park [m]


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


class BridgeKind(StrEnum):
    """Kinds of bridges over the road."""

    GIRDER = "girder bridge"
    FOOTBRIDGE = "footbridge"
    TRUSS = "truss bridge"
    GREEN = "green bridge"  # a wide one for animals


class BuildingKind(StrEnum):
    """Kinds of buildings."""

    FARMHOUSE = "farmhouse"
    HALL = "hall"
    BLOCK = "block"
    CHURCH = "church"


class BarrierColour(StrEnum):
    """Colours of noise barriers."""

    CONCRETE = "concrete noise barrier"
    GREEN = "green noise barrier"
    TIMBER = "timber noise barrier"
    RED = "red noise barrier"


# never on training or validation seeds, unless a scenario asks for them
HELD_OUT_SCENERY: frozenset[StrEnum] = frozenset({BridgeKind.GREEN, BuildingKind.CHURCH, BarrierColour.RED})


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge across the road and the opposite carriageway, at right angles to it."""

    kind: BridgeKind
    station: float  # of its middle [m]
    depth: float  # along the road [m]
    clearance: float  # of its underside above the road [m]
    right: float  # lateral of its abutment on the right [m]
    left: float  # lateral of its abutment on the left [m]

    def covers(self, station: float, margin: float = 0.0) -> bool:
        """Whether it is above the road at a station, or within ``margin`` of it [m]."""
        return abs(station - self.station) < self.depth / 2.0 + margin


@dataclass(frozen=True, slots=True)
class NoiseBarrier:
    """A wall next to the road."""

    colour: BarrierColour
    start: float  # station [m]
    end: float  # station [m]
    side: int  # +1 left, −1 right
    height: float  # [m]


@dataclass(frozen=True, slots=True)
class Building:
    """A building on a rectangle next to the road."""

    kind: BuildingKind
    station: float  # of its centre [m]
    lateral: float  # of its centre [m]
    yaw: float  # from the road's direction [rad]
    length: float  # along its own direction [m]
    width: float  # [m]
    height: float  # of its walls [m]
    shade: float  # −1 … 1, which tells the paints of one kind apart

    def covers(self, station: float, lateral: float) -> bool:
        """Whether a place [m] is within the building or near it."""
        distance = math.hypot(station - self.station, lateral - self.lateral)
        return distance < 0.6 * self.length + _MARGIN


@dataclass(frozen=True, slots=True)
class ServiceArea:
    """A car park with a canopy and a shop on the right of the road."""

    start: float  # station [m]
    end: float  # station [m]
    near: float  # lateral of its edge next to the road [m]
    far: float  # lateral of its other edge [m]

    def covers(self, station: float, lateral: float) -> bool:
        """Whether a place [m] is on the area, near it or between it and the road."""
        alongside = self.start - _MARGIN < station < self.end + _MARGIN
        return alongside and self.far - _MARGIN < lateral < 0.0


@dataclass(frozen=True, slots=True)
class Scenery:
    """The scenery that a scenario asks for. Everything is off by default."""

    opposite: OppositeCarriageway | None = None
    bridges: tuple[Bridge, ...] = ()
    barriers: tuple[NoiseBarrier, ...] = ()
    buildings: tuple[Building, ...] = ()
    service_areas: tuple[ServiceArea, ...] = ()
    shadows: bool = False  # of things next to and above the road, by clear day

    def occupies(self, station: float, lateral: float) -> bool:
        """Whether a place [m] is taken, so that no tree can stand there."""
        return (
            any(bridge.covers(station, _BRIDGE_MARGIN) for bridge in self.bridges)
            or any(area.covers(station, lateral) for area in self.service_areas)
            or any(building.covers(station, lateral) for building in self.buildings)
        )

    def held_out_kinds(self) -> tuple[str, ...]:
        """Return the names of its kinds that are held out of training, sorted."""
        return tuple(sorted({str(kind) for kind in self._kinds() if kind in HELD_OUT_SCENERY}))

    def _kinds(self) -> Iterator[StrEnum]:
        yield from (bridge.kind for bridge in self.bridges)
        yield from (building.kind for building in self.buildings)
        yield from (barrier.colour for barrier in self.barriers)


NO_SCENERY = Scenery()
