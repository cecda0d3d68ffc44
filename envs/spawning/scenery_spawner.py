"""Draws what is next to the road from a generator of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import numpy as np

from drive_stack.road.scenery import (
    HELD_OUT_SCENERY,
    BarrierColour,
    Bridge,
    BridgeKind,
    Building,
    BuildingKind,
    NoiseBarrier,
    OppositeCarriageway,
    Scenery,
    ServiceArea,
)
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.seeds import SeedSplit, split_of

from ..scenarios.scenery import ScenerySpec

_CENTRAL_RESERVE = 4.0  # between the pavements of both directions, German guideline RAA, RQ 31 [m]
_STATION_STEP = 20.0  # between two stations at which the pavement's edge is compared [m]
_FIRST_BRIDGE, _BRIDGE_SPACING = (360.0, 800.0), (420.0, 1000.0)  # ranges of stations and distances [m]
_DEPTHS = {
    BridgeKind.GIRDER: (10.0, 16.0),
    BridgeKind.FOOTBRIDGE: (3.0, 4.0),
    BridgeKind.TRUSS: (6.0, 8.0),
    BridgeKind.GREEN: (40.0, 50.0),
}  # range of the depth along the road [m]
_CLEARANCE = (4.8, 5.4)  # [m]
_ABUTMENT_DISTANCE = 3.0  # of abutments from the pavement [m]
_BARRIER_LENGTH, _BARRIER_SPACING = (140.0, 420.0), (60.0, 700.0)  # [m]
_BARRIER_HEIGHT = (3.0, 4.5)  # [m]
_BUILDINGS_PER_SIDE = 22.0  # mean number on one side of the road
_BUILDING_DISTANCE = (26.0, 130.0)  # of their centres from the pavement [m]
_SIZES = {
    BuildingKind.FARMHOUSE: ((10.0, 18.0), (8.0, 11.0), (3.5, 6.0)),
    BuildingKind.HALL: ((24.0, 50.0), (16.0, 28.0), (7.0, 11.0)),
    BuildingKind.BLOCK: ((14.0, 26.0), (12.0, 15.0), (14.0, 30.0)),
    BuildingKind.CHURCH: ((16.0, 22.0), (9.0, 11.0), (8.0, 10.0)),
}  # ranges of length, width and height of the walls [m]
_SERVICE_AREA_CHANCE = 0.6
_SERVICE_AREA_START = (420.0, 1300.0)  # [m]
_SERVICE_AREA_SIZE = 140.0, 42.0  # along the road and across it [m]
_SERVICE_AREA_DISTANCE = 8.0  # from the pavement [m]

_Kind = TypeVar("_Kind", bound=StrEnum)


def draw_scenery(spec: ScenerySpec, road: RoadMap, seed: int, rng: np.random.Generator) -> Scenery:
    """Draw the scenery of an episode."""
    opposite = None if spec.opposite_traffic is None else opposite_carriageway(road)
    if not spec.variety:
        return Scenery(opposite, shadows=spec.shadows)
    kinds = _Kinds(rng, only=spec.held_out, allowed=spec.held_out or split_of(seed) is SeedSplit.TEST)
    bridges = _draw_bridges(road, opposite, kinds, rng)
    areas = _draw_service_areas(road, bridges, rng)
    return Scenery(
        opposite=opposite,
        bridges=bridges,
        barriers=_draw_barriers(road, bridges, areas, kinds, rng),
        buildings=_draw_buildings(road, opposite, (bridges, areas), kinds, rng),
        service_areas=areas,
        shadows=spec.shadows,
    )


def opposite_carriageway(road: RoadMap) -> OppositeCarriageway:
    """Return the mirror image of a road's main lanes beyond the central reserve."""
    inner = _edges(road, 0.0, road.length)[1] + _CENTRAL_RESERVE
    count = sum(lane.kind is LaneKind.MAIN for lane in road.lanes)
    width = road.lanes[0].width
    first = inner + road.left_shoulder + width / 2.0
    lanes = tuple(first + index * width for index in range(count))
    return OppositeCarriageway(inner, lanes, width, lanes[-1] + width / 2.0 + road.right_shoulder)


class _Kinds:
    """Draws kinds; the number of draws does not depend on which kinds are allowed."""

    def __init__(self, rng: np.random.Generator, *, only: bool, allowed: bool) -> None:
        self._rng, self._only, self._allowed = rng, only, allowed

    def draw(self, kinds: type[_Kind]) -> _Kind:
        usable = [kind for kind in kinds if self._allowed or kind not in HELD_OUT_SCENERY]
        if self._only:
            usable = [kind for kind in usable if kind in HELD_OUT_SCENERY]
        return usable[min(int(self._rng.random() * len(usable)), len(usable) - 1)]


def _edges(road: RoadMap, start: float, end: float) -> tuple[float, float]:
    """Return the rightmost and leftmost lateral of the pavement between two stations [m]."""
    stations = np.clip(np.append(np.arange(start, end, _STATION_STEP), end), 0.0, road.length)
    edges = np.array([road.paved(float(station)) for station in stations])
    return float(edges[:, 0].min()), float(edges[:, 1].max())


def _outer_edges(
    road: RoadMap, opposite: OppositeCarriageway | None, start: float, end: float
) -> tuple[float, float]:
    """Return the edges of everything that is paved between two stations, right and left [m]."""
    right, left = _edges(road, start, end)
    return right, left if opposite is None else opposite.outer_edge


def _draw_bridges(
    road: RoadMap, opposite: OppositeCarriageway | None, kinds: _Kinds, rng: np.random.Generator
) -> tuple[Bridge, ...]:
    bridges, station = [], float(rng.uniform(*_FIRST_BRIDGE))
    while station < road.length:
        kind = kinds.draw(BridgeKind)
        depth, clearance = float(rng.uniform(*_DEPTHS[kind])), float(rng.uniform(*_CLEARANCE))
        right, left = _outer_edges(road, opposite, station - depth, station + depth)
        bridges.append(
            Bridge(kind, station, depth, clearance, right - _ABUTMENT_DISTANCE, left + _ABUTMENT_DISTANCE)
        )
        station += depth + float(rng.uniform(*_BRIDGE_SPACING))
    return tuple(bridges)


def _draw_service_areas(
    road: RoadMap, bridges: tuple[Bridge, ...], rng: np.random.Generator
) -> tuple[ServiceArea, ...]:
    """Draw at most one, which makes room for bridges."""
    exists, start = rng.random() < _SERVICE_AREA_CHANCE, float(rng.uniform(*_SERVICE_AREA_START))
    length, width = _SERVICE_AREA_SIZE
    if not exists or any(bridge.covers(start + length / 2.0, length / 2.0 + 40.0) for bridge in bridges):
        return ()
    near = _edges(road, start, start + length)[0] - _SERVICE_AREA_DISTANCE
    return (ServiceArea(start, start + length, near, near - width),)


def _draw_barriers(
    road: RoadMap,
    bridges: tuple[Bridge, ...],
    areas: tuple[ServiceArea, ...],
    kinds: _Kinds,
    rng: np.random.Generator,
) -> tuple[NoiseBarrier, ...]:
    """Draw walls on both sides. They end at bridges and service areas."""
    barriers = []
    for side in (1, -1):
        blocks = [(b.station - b.depth / 2.0 - 2.0, b.station + b.depth / 2.0 + 2.0) for b in bridges]
        blocks += [(area.start - 30.0, area.end + 30.0) for area in areas if side < 0]
        station = float(rng.uniform(0.0, _BARRIER_SPACING[1]))
        while station < road.length:
            colour, height = kinds.draw(BarrierColour), float(rng.uniform(*_BARRIER_HEIGHT))
            end = station + float(rng.uniform(*_BARRIER_LENGTH))
            pieces = _without(station, end, blocks)
            barriers += [NoiseBarrier(colour, low, high, side, height) for low, high in pieces]
            station = end + float(rng.uniform(*_BARRIER_SPACING))
    return tuple(barriers)


def _without(start: float, end: float, blocks: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return what remains of an interval outside all ``blocks``, in pieces of at least 20 m."""
    pieces = [(start, end)]
    for low, high in blocks:
        pieces = [
            piece
            for first, last in pieces
            for piece in ((first, min(last, low)), (max(first, high), last))
            if piece[1] - piece[0] >= 20.0
        ]
    return pieces


def _draw_buildings(
    road: RoadMap,
    opposite: OppositeCarriageway | None,
    others: tuple[tuple[Bridge, ...], tuple[ServiceArea, ...]],
    kinds: _Kinds,
    rng: np.random.Generator,
) -> tuple[Building, ...]:
    """Draw buildings on both sides; those in the way of something else are left out."""
    bridges, areas = others
    buildings: list[Building] = []
    for side in (1, -1):
        for _ in range(int(rng.poisson(_BUILDINGS_PER_SIDE))):
            kind = kinds.draw(BuildingKind)
            station, distance, yaw, shade = rng.uniform(
                (0.0, _BUILDING_DISTANCE[0], -0.5, -1.0),
                (road.length + 500.0, _BUILDING_DISTANCE[1], 0.5, 1.0),
            ).tolist()
            length, width, height = (float(rng.uniform(*size)) for size in _SIZES[kind])
            edges = _outer_edges(road, opposite, station - length, station + length)
            lateral = edges[0] - distance if side < 0 else edges[1] + distance
            placed = Building(kind, station, lateral, yaw, length, width, height, shade)
            in_the_way = any(bridge.covers(station, length + 15.0) for bridge in bridges) or any(
                area.start - length < station < area.end + length and lateral > area.far - length
                for area in areas
                if side < 0
            )
            if not in_the_way and not any(_is_near(placed, other) for other in buildings):
                buildings.append(placed)
    return tuple(buildings)


def _is_near(first: Building, second: Building) -> bool:
    distance = np.hypot(first.station - second.station, first.lateral - second.lateral)
    return bool(distance < 0.6 * (first.length + second.length))
