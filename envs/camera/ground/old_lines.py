"""Lines that do not hold: ghosts of removed ones, and white lines next to temporary yellow ones.

They have no label of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from drive_stack.road.markings import GhostLines, TemporaryLines
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.types import FloatArray
from drive_stack.world_state import Conditions

from .layers import Layer, layer_of
from .lines import PAINT, LineStyle, line_quads, line_stations
from .surface import asphalt_colour

_MIN_STRENGTH = 0.5  # of a piece of a ghost line, relative to the strength of the line
_DARKEST = 0.5  # of the asphalt's brightness, which a dark trace at full strength takes
_TRANSITION = 40.0  # over which lines lead from the old layout to the temporary one [m]
_EDGE_MARGIN = 0.15  # of lines from the edge of the pavement [m]


def old_lines(road: RoadMap, conditions: Conditions, start: float, end: float) -> Layer | None:
    """Return the lines between two stations [m] that do not hold."""
    special = conditions.markings
    rng = SceneryStream.OLD_LINES.generator(conditions.scenery_seed, int(start) + 10_000)
    base = asphalt_colour(conditions)
    made = [_ghosts(road, ghost, base, rng, start, end) for ghost in special.ghosts]
    made += [_white_lines(road, lines, base, rng, start, end) for lines in special.temporary]
    quads = [corners for corners, _ in made if len(corners)]
    if not quads:
        return None
    colours = np.concatenate([colour for _, colour in made if len(colour)])
    return layer_of(None, np.concatenate(quads), colours)


def _ghosts(
    road: RoadMap, ghost: GhostLines, base: FloatArray, rng: Generator, start: float, end: float
) -> tuple[FloatArray, FloatArray]:
    """Return quads (Q, 4, 3) and colours (Q, 3)."""

    def offset(station: FloatArray) -> FloatArray:
        return ghost.offset + ghost.skew * (station - ghost.start)

    quads = _layout(road, offset, max(start, ghost.start), min(end, ghost.end))
    trace = base * _DARKEST if ghost.dark else PAINT
    strength = ghost.strength * rng.uniform(_MIN_STRENGTH, 1.0, (len(quads), 1))
    return quads, base + strength * (trace - base)


def _white_lines(
    road: RoadMap, lines: TemporaryLines, base: FloatArray, rng: Generator, start: float, end: float
) -> tuple[FloatArray, FloatArray]:
    """Return quads (Q, 4, 3) and colours (Q, 3)."""

    def offset(station: FloatArray) -> FloatArray:
        from_end = np.minimum(station - lines.start, lines.end - station)
        fraction = np.clip(from_end / _TRANSITION, 0.0, 1.0)
        return lines.shift * fraction * fraction * (3.0 - 2.0 * fraction)

    quads = _layout(road, offset, max(start, lines.start), min(end, lines.end))
    wear = np.clip(lines.old_wear + rng.normal(0.0, 0.08, (len(quads), 1)), 0.0, 1.0)
    return quads, PAINT + wear * (base - PAINT)


def _layout(
    road: RoadMap, offset: Callable[[FloatArray], FloatArray], start: float, end: float
) -> FloatArray:
    """Return the quads (Q, 4, 3) of the main lanes' lines, moved to the left by ``offset`` of the station.

    Lines that would lie off the pavement are left out.
    """
    if end <= start:
        return np.empty((0, 4, 3))
    main = [
        lane for lane in road.lanes if lane.kind is LaneKind.MAIN and lane.start < end and start < lane.end
    ]
    borders = sorted({lane.offset + side * lane.width / 2.0 for lane in main for side in (-1, 1)})
    quads: list[FloatArray] = []
    for border in borders:
        style: LineStyle = "edge" if border in (borders[0], borders[-1]) else "dashed"
        station = line_stations(start, end, style)
        lateral = border + offset(station)
        inside = _is_paved(road, station[:, 1], lateral[:, 1])
        quads.append(line_quads(road, station[inside], lateral[inside], style))
    return np.concatenate(quads)


def _is_paved(road: RoadMap, station: FloatArray, lateral: FloatArray) -> NDArray[np.bool_]:
    """Whether there is pavement at stations and laterals (N,) [m], with a margin."""
    edges = np.array([road.paved(s) for s in station.clip(0.0, road.length).tolist()]).reshape(-1, 2)
    return (lateral > edges[:, 0] + _EDGE_MARGIN) & (lateral < edges[:, 1] - _EDGE_MARGIN)
