"""The valid lines and arrows on the road, with wear; temporary ones are yellow."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from drive_stack.road.markings import PLAIN, Closure, Markings
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .arrows import merge_arrows
from .layers import Layer, clip_lane, layer_of
from .lines import PAINT, YELLOW, LineStyle, line_quads, line_stations, line_width
from .surface import asphalt_colour

_YELLOW_WEAR = 0.1  # at most, as temporary lines are new


def markings(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer | None:
    """Return edge lines, lane lines, barrier lines and arrows with random wear per quad."""
    special = conditions.markings
    pieces: list[FloatArray] = []
    for index, lane in enumerate(road.lanes):
        low, high = clip_lane(road, lane, start, end)
        for side in (-1, 1):
            for run_start, run_end, style in _line_runs(road, index, side, low, high, special):
                pieces += _paint(road, index, side, run_start, run_end, style)
        pieces += merge_arrows(road, index, low, high)
    for closure in special.closures:
        pieces += _taper(road, closure, start, end)
    if not pieces:
        return None
    quads = np.concatenate(pieces)
    wear = np.clip(conditions.paint_wear + rng.normal(0.0, 0.12, (len(quads), 1)), 0.0, 0.92)
    paint = np.tile(PAINT, (len(quads), 1))
    if special != PLAIN:
        station = _stations_of(road, quads, start)
        wear, yellow = _special_wear(special, station, wear)
        paint[yellow] = YELLOW
        left = wear[:, 0] < 1.0
        quads, wear, paint = quads[left], wear[left], paint[left]
    base = asphalt_colour(conditions)
    return layer_of(SemanticClass.MARKING, quads, paint * (1.0 - wear) + base * wear)


def _stations_of(road: RoadMap, quads: FloatArray, near: float) -> FloatArray:
    """Return the station [m] of the centre of each quad (Q, 4, 3)."""
    centres = quads[:, :, :2].mean(axis=1)
    return np.array([road.to_road(x, y, near)[0] for x, y in centres.tolist()])


def _special_wear(
    special: Markings, station: FloatArray, wear: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the wear (Q, 1) of quads at stations (Q,) [m], 1 where nothing is left, and which are yellow."""
    yellow = np.zeros(len(station), dtype=np.bool_)
    for stretch in special.worn:
        inside = (station >= stretch.start) & (station < stretch.end)
        wear = np.where(inside[:, None], np.maximum(wear, stretch.wear), wear)
    for lines in special.temporary:
        yellow |= (station >= lines.start) & (station < lines.end)
    return np.where(yellow[:, None], np.minimum(wear, _YELLOW_WEAR), wear), yellow


def _line_runs(
    road: RoadMap, index: int, side: int, low: float, high: float, special: Markings
) -> list[tuple[float, float, LineStyle]]:
    """Return (start, end, style) of each run of one line of a lane (side −1 left, +1 right).

    The line between two adjacent lanes belongs to the left lane. A side without an adjacent lane has an edge
    line, and so has a side whose lane is closed by road works with temporary lines.
    """
    if high <= low:
        return []
    cuts = {low, high}
    for other in road.lanes:
        cuts |= {s for s in (other.start, other.end, other.opens) if low < s < high}
    for closure in special.closures:
        cuts |= {s for s in (closure.start, closure.taper_end, closure.end) if low < s < high}
    runs: list[tuple[float, float, LineStyle]] = []
    for run_start, run_end in itertools.pairwise(sorted(cuts)):
        centre = min(max(0.5 * (run_start + run_end), 0.0), road.length)
        style = _style(road, index, side, centre, _closed_lanes(special, centre))
        if style is not None:
            runs.append((run_start, run_end, style))
    return runs


def _style(
    road: RoadMap, index: int, side: int, station: float, closed: dict[int, Closure]
) -> LineStyle | None:
    """Return the style of a lane's line on one side at a station [m]; None if this lane has none there."""
    adjacent = road.adjacent_lane(index, side, station)
    if index in closed:
        return "dashed" if side == 1 and adjacent >= 0 and station < closed[index].taper_end else None
    if adjacent in closed and station >= closed[adjacent].taper_end:
        return "edge"
    if adjacent < 0 or _is_separated(road, index, adjacent, station):
        return "edge"
    if side == -1:
        return None
    if not road.may_cross(index, adjacent, station):
        return "solid"
    is_merge = LaneKind.RAMP in (road.lanes[index].kind, road.lanes[adjacent].kind)
    return "short" if is_merge else "dashed"


def _closed_lanes(special: Markings, station: float) -> dict[int, Closure]:
    """Return the closures at a station [m] by the index of their lane."""
    return {closure.lane: closure for closure in special.closures if closure.start <= station < closure.end}


def _taper(road: RoadMap, closure: Closure, start: float, end: float) -> list[FloatArray]:
    """Return the line that leads out of a closed lane, from its outer to its inner edge."""
    low, high = max(start, closure.start), min(end, closure.taper_end)
    if high <= low:
        return []
    lane = road.lanes[closure.lane]
    inwards = -1.0 if closure.lane == 0 else 1.0  # lateral direction of the open lanes

    station = line_stations(low, high, "edge")
    fraction = (station - closure.start) / (closure.taper_end - closure.start)
    lateral = lane.laterals_at(station) + inwards * lane.width * (fraction - 0.5)
    return [line_quads(road, station, lateral, "edge")]


def _is_separated(road: RoadMap, index: int, other: int, station: float) -> bool:
    """Whether a strip of ground separates two adjacent lanes at a station."""
    first, second = road.lanes[index], road.lanes[other]
    gap = abs(first.lateral_at(station) - second.lateral_at(station))
    return gap > (first.width + second.width) / 2.0 + 0.3


def _paint(
    road: RoadMap, index: int, side: int, run_start: float, run_end: float, style: LineStyle
) -> list[FloatArray]:
    """Return the quads of one run."""
    station = line_stations(run_start, run_end, style)
    if not len(station):
        return []
    lane = road.lanes[index]
    inset = line_width(style) / 2.0 if style == "edge" else 0.0
    line = lane.laterals_at(station) - side * (lane.width / 2.0 - inset)
    return [line_quads(road, station, line, style)]
