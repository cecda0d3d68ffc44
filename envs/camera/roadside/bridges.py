"""Bridges over the road: decks on piers and abutments, with embankments on both sides."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from drive_stack.road.scenery import Bridge, BridgeKind, OppositeCarriageway
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .solids import Frame, Solids

_CONCRETE, _PIER, _GRASS = (158.0, 156.0, 150.0), (140.0, 138.0, 134.0), (96.0, 122.0, 66.0)
_STEEL, _RAILING, _EARTH = (88.0, 112.0, 128.0), (120.0, 126.0, 130.0), (112.0, 120.0, 92.0)
_GIRDER_HEIGHT = MappingProxyType(
    {BridgeKind.GIRDER: 1.3, BridgeKind.FOOTBRIDGE: 0.6, BridgeKind.TRUSS: 0.9, BridgeKind.GREEN: 2.0}
)  # of the deck [m]
_PARAPET, _PARAPET_THICKNESS = 1.1, 0.25  # height and thickness [m]
_PIER_WIDTH = 0.9  # across the road [m]
_ABUTMENT_LENGTH = 3.0  # across the road [m]
_RAMP_LENGTH, _RAMP_SLOPE = 80.0, 1.6  # of an embankment: away from the road, run over rise of its sides [m]
_TRUSS_HEIGHT, _TRUSS_BAY = 4.5, 4.0  # [m]


def add_bridge(
    solids: Solids,
    road: RoadMap,
    bridge: Bridge,
    opposite: OppositeCarriageway | None,
    *,
    snow: FloatArray | None = None,
) -> None:
    """Add a bridge with its embankments, which ``snow`` (3,) RGB 0 … 255 covers."""
    frame = Frame.at(road, bridge.station, 0.0)
    half, low = bridge.depth / 2.0, bridge.clearance
    top = low + _GIRDER_HEIGHT[bridge.kind]
    paint = _STEEL if bridge.kind in (BridgeKind.TRUSS, BridgeKind.FOOTBRIDGE) else _CONCRETE
    solids.box(frame, (-half, bridge.right, low), (half, bridge.left, top), paint)
    _add_piers(solids, frame, bridge, opposite)
    for outward, lateral in ((-1.0, bridge.right), (1.0, bridge.left)):
        ends = sorted((lateral, lateral + outward * _ABUTMENT_LENGTH))
        solids.box(frame, (-half, ends[0], -1.0), (half, ends[1], top), _PIER)
        _add_embankment(solids, frame, (lateral + outward * 0.5, outward), half, top, snow)
    if bridge.kind is BridgeKind.TRUSS:
        _add_trusses(solids, frame, bridge, top)
    elif bridge.kind is BridgeKind.GREEN:
        _add_planting(solids, frame, bridge, top)
    else:
        for x in (-half, half - _PARAPET_THICKNESS):
            railing = (x, bridge.right - _ABUTMENT_LENGTH, top), (
                x + _PARAPET_THICKNESS, bridge.left + _ABUTMENT_LENGTH, top + _PARAPET,
            )  # fmt: skip
            solids.box(frame, *railing, _RAILING if bridge.kind is BridgeKind.FOOTBRIDGE else _CONCRETE)


def deck_top(bridge: Bridge) -> float:
    """Return the height of a deck with its railings above the road [m]."""
    return bridge.clearance + _GIRDER_HEIGHT[bridge.kind] + _PARAPET


def _add_piers(solids: Solids, frame: Frame, bridge: Bridge, opposite: OppositeCarriageway | None) -> None:
    """Add a pier in the central reserve; without an opposite carriageway the deck spans the road freely."""
    if opposite is None:
        return
    middle = opposite.inner_edge - 2.0
    half, reach = _PIER_WIDTH / 2.0, bridge.depth / 2.0 - 0.8
    low, high = (-reach, middle - half, -0.5), (reach, middle + half, bridge.clearance)
    solids.box(frame, low, high, _PIER)


def _add_embankment(
    solids: Solids, frame: Frame, foot: tuple[float, float], half: float, top: float, snow: FloatArray | None
) -> None:
    """Add the earth behind an abutment, which falls to the ground away from the road."""
    lateral, outward = foot
    far, spread = lateral + outward * _RAMP_LENGTH, _RAMP_SLOPE * top
    crest = np.array([[-half, lateral, top], [half, lateral, top], [half, far, 0.0], [-half, far, 0.0]])
    base = [[side * (half + spread), lateral + outward * 2.0, -0.5] for side in (-1.0, 1.0)]
    west = np.array([crest[0], crest[3], [-half, far, -0.5], base[0]])
    east = np.array([crest[2], crest[1], base[1], [half, far, -0.5]])
    faces: FloatArray = np.stack([crest, west, east])
    solids.add(frame, faces if outward > 0.0 else faces[:, ::-1], _GRASS if snow is None else snow)
    # the face towards the road, next to the abutment
    cheeks = np.array(
        [
            [
                [side * half, lateral, top],
                base[index],
                [side * half, lateral, -0.5],
                [side * half, lateral, -0.5],
            ]
            for index, side in enumerate((-1.0, 1.0))
        ]
    )
    solids.add(frame, cheeks, _EARTH if snow is None else snow)


def _add_trusses(solids: Solids, frame: Frame, bridge: Bridge, top: float) -> None:
    """Add a truss with diagonals on both edges of the deck."""
    half, bar = bridge.depth / 2.0, 0.3
    bays = max(round((bridge.left - bridge.right) / _TRUSS_BAY), 2)
    edges = np.linspace(bridge.right, bridge.left, bays + 1)
    for x in (-half, half - bar):
        solids.box(
            frame, (x, edges[1], top + _TRUSS_HEIGHT - bar), (x + bar, edges[-2], top + _TRUSS_HEIGHT), _STEEL
        )
        heights = np.where(np.arange(bays + 1) % 2 == 0, top, top + _TRUSS_HEIGHT - bar)
        for start, end, low, high in zip(edges[:-1], edges[1:], heights[:-1], heights[1:], strict=True):
            # counter-clockwise as seen by who approaches
            quad = [[x, start, low + bar], [x, end, high + bar], [x, end, high], [x, start, low]]
            solids.add(frame, np.array([quad]), _STEEL)


def _add_planting(solids: Solids, frame: Frame, bridge: Bridge, top: float) -> None:
    """Add earth and bushes on top of the deck, and a screen along both of its edges."""
    half = bridge.depth / 2.0
    right, left = bridge.right - _ABUTMENT_LENGTH, bridge.left + _ABUTMENT_LENGTH
    for x in (-half, half - 0.3):
        solids.box(frame, (x, right, top), (x + 0.3, left, top + 1.6), (112.0, 92.0, 68.0))
    places = np.random.default_rng(int(bridge.station) + 10_000).uniform(
        (0.6 - half, right, 1.2), (half - 2.6, left - 3.0, 3.0), (24, 3)
    )
    for x, y, height in places.tolist():
        solids.box(frame, (x, y, top), (x + 2.0, y + 3.0, top + height), (62.0, 92.0, 46.0))
