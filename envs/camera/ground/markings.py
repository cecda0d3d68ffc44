"""Painted lines and arrows on the road, with wear."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.random import Generator

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .arrows import merge_arrows
from .layers import ASPHALT, STEP, Layer, Strip, clip_lane, layer_of, wet_tone

_LINE, _DASH, _GAP = 0.15, 6.0, 12.0  # German motorway: 6 m dashes, 12 m gaps (RMS 1993) [m]
_PAINT = np.array([232, 232, 226])


def markings(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer | None:
    """Return edge lines, lane lines, barrier lines and arrows with random wear per quad."""
    pieces: list[FloatArray] = []
    for index, lane in enumerate(road.lanes):
        low, high = clip_lane(road, lane, start, end)
        for side in (-1, 1):
            for run_start, run_end, style in _line_runs(road, index, side, low, high):
                pieces += _paint(road, index, side, run_start, run_end, style)
        pieces += merge_arrows(road, index, low, high)
    if not pieces:
        return None
    quads = np.concatenate(pieces)
    wear = np.clip(conditions.paint_wear + rng.normal(0.0, 0.12, (len(quads), 1)), 0.0, 0.92)
    base = ASPHALT * wet_tone(conditions)
    return layer_of(SemanticClass.MARKING, quads, _PAINT * (1.0 - wear) + base * wear)


def _line_runs(
    road: RoadMap, index: int, side: int, low: float, high: float
) -> list[tuple[float, float, str]]:
    """Return (start, end, style) of each run of one line of a lane (side −1 left, +1 right).

    The line between two adjacent lanes belongs to the left lane. A side without an adjacent lane has an edge
    line.
    """
    if high <= low:
        return []
    lane = road.lanes[index]
    cuts = {low, high}
    for other in road.lanes:
        cuts |= {s for s in (other.start, other.end, other.opens) if low < s < high}
    runs = []
    ordered = sorted(cuts)
    for run_start, run_end in itertools.pairwise(ordered):
        centre = min(max(0.5 * (run_start + run_end), 0.0), road.length)
        adjacent = road.adjacent_lane(index, side, centre)
        if adjacent < 0 or _is_separated(road, index, adjacent, centre):
            runs.append((run_start, run_end, "edge"))
        elif side == 1:
            open_ = road.may_cross(index, adjacent, centre)
            merging = LaneKind.RAMP in (lane.kind, road.lanes[adjacent].kind)
            runs.append((run_start, run_end, ("short" if merging else "dashed") if open_ else "solid"))
    return runs


def _is_separated(road: RoadMap, index: int, other: int, station: float) -> bool:
    """Whether a strip of ground separates two adjacent lanes at a station."""
    first, second = road.lanes[index], road.lanes[other]
    gap = abs(first.lateral_at(station) - second.lateral_at(station))
    return gap > (first.width + second.width) / 2.0 + 0.3


def _paint(
    road: RoadMap, index: int, side: int, run_start: float, run_end: float, style: str
) -> list[FloatArray]:
    """Return the quads of one run. The phase of dashes is fixed at station 0."""
    lane = road.lanes[index]
    width = 2.0 * _LINE if style in ("edge", "short") else _LINE
    if style in ("dashed", "short"):
        dash, gap = (_DASH, _GAP) if style == "dashed" else (_DASH / 2.0, _DASH / 2.0)
        first = np.arange(np.floor(run_start / (dash + gap)) * (dash + gap), run_end, dash + gap)
        spans = [(max(s, run_start), min(s + dash, run_end)) for s in first if s + dash > run_start]
    else:
        cuts = np.append(np.arange(run_start, run_end, STEP), run_end)
        spans = list(itertools.pairwise(cuts))
    if not spans:
        return []
    ends = np.array(spans)
    station = np.stack([ends[:, 0], ends.mean(axis=1), ends[:, 1]], axis=1)
    inset = width / 2.0 if style == "edge" else 0.0
    line = lane.laterals_at(station) - side * (lane.width / 2.0 - inset)
    return [Strip(line + width / 2.0, line - width / 2.0, station).quads(road)]
