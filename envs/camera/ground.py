"""Flat layers of the scene: terrain, pavement with wear, and painted lines.

All layers lie at the height of the road. They are drawn first, in order and without a depth test, so that
they never flicker against each other.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from drive_stack.road_map import Lane, LaneKind, RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions, Weather

from .arrows import merge_arrows

STEP = 3.0  # distance between two rows of vertices along the road [m]
LINE, DASH, GAP = 0.15, 6.0, 12.0  # German motorway: 6 m dashes, 12 m gaps (RMS 1993) [m]
ASPHALT, SHOULDER, PAINT = np.array([92, 93, 96]), np.array([104, 104, 104]), np.array([232, 232, 226])
GRASS = np.array([96, 122, 66])
_GRASS_OVERLAP, _SHOULDER_OVERLAP = 1.0, 0.2  # of grass under the pavement, of the shoulder under lanes [m]


@dataclass(frozen=True, slots=True)
class Strip:
    """Ribbons along the road between two laterals at each station [m]."""

    left: FloatArray  # (..., N)
    right: FloatArray  # (..., N)
    station: FloatArray  # (..., N)

    def quads(self, road: RoadMap) -> FloatArray:
        """Return the upward quads (K, 4, 3) of all ribbons in turn, in the world frame [m]."""
        left, right = (road.to_space(self.station, lateral, 0.0) for lateral in (self.left, self.right))
        ends = [left[..., :-1, :], right[..., :-1, :], right[..., 1:, :], left[..., 1:, :]]
        return np.stack(ends, axis=-2).reshape(-1, 4, 3)


@dataclass(frozen=True, slots=True)
class Layer:
    """Quadrilaterals of one kind: ``corners`` (Q, 4, 3) [m], RGBA ``colours`` (Q, 4, 4) of 0 … 255."""

    kind: SemanticClass
    corners: FloatArray
    colours: FloatArray


def merge_quads(layer: Layer, max_count: int) -> Layer:
    """Merge up to ``max_count`` successive quads of each ribbon into one quad of their mean colour."""
    corners = layer.corners
    continues = np.all(corners[1:, [0, 1]] == corners[:-1, [3, 2]], axis=(1, 2))
    is_head = np.append(True, ~continues)
    in_ribbon = np.arange(len(corners)) - np.maximum.accumulate(np.where(is_head, np.arange(len(corners)), 0))
    first = np.flatnonzero(in_ribbon % max_count == 0)
    last = np.append(first[1:], len(corners)) - 1
    outline = np.stack([corners[first, 0], corners[first, 1], corners[last, 2], corners[last, 3]], axis=1)
    total = np.add.reduceat(layer.colours.mean(axis=1), first, axis=0)
    mean = total / (last - first + 1)[:, None]
    return Layer(layer.kind, outline, np.repeat(mean[:, None], 4, axis=1))


def ground_layers(road: RoadMap, conditions: Conditions, start: float, end: float) -> list[Layer]:
    """Return the flat layers between two stations [m], lowest first, with alpha 0."""
    rng = np.random.default_rng((conditions.scenery_seed, 1, int(start) + 10_000))
    layers = (
        _terrain(road, conditions, rng, start, end),
        _shoulders(road, conditions, rng, start, end),
        _lanes(road, conditions, rng, start, end),
        _markings(road, conditions, rng, start, end),
    )
    return [layer for layer in layers if layer is not None]


def _layer(kind: SemanticClass, corners: FloatArray, colours: FloatArray) -> Layer:
    """Return a layer of quads (Q, 4, 3) with colours (Q, 3) or (Q, 4, 3)."""
    shades = colours if colours.ndim == 3 else np.repeat(colours[:, None, :], 4, axis=1)
    rgba = np.concatenate([shades, np.zeros((*shades.shape[:2], 1))], axis=2)
    return Layer(kind, corners, rgba)


def _stations(start: float, end: float) -> FloatArray:
    return np.linspace(start, end, max(int(np.ceil((end - start) / STEP)), 1) + 1)


def _full(station: FloatArray, value: float) -> FloatArray:
    return np.full(len(station), value)


def _terrain(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer:
    """Return grass in bands that fade from mown verge to meadow and overlap with the pavement."""
    station = _stations(start, end)[::5]
    if station[-1] < end:
        station = np.append(station, end)
    low, high = _paved(road, station)
    wet = 0.82 if conditions.weather is Weather.RAIN else 1.0
    quads, colours = [], []
    centre = float(np.clip((low + high).mean() / 2.0, -13.0, 13.0))
    edges = [-200.0, -90.0, -45.0, -25.0, -14.0, centre, 14.0, 25.0, 45.0, 90.0, 200.0]
    for right, left in itertools.pairwise(edges):
        if right < centre:
            sides = np.clip(low + _GRASS_OVERLAP, right, left), _full(station, right)
        else:
            sides = _full(station, left), np.clip(high - _GRASS_OVERLAP, right, left)
        strip = Strip(*sides, station).quads(road)
        shade = GRASS * wet * rng.uniform(0.88, 1.1, (len(strip), 4, 1)) + rng.uniform(
            -6, 6, (len(strip), 1, 3)
        )
        quads.append(strip)
        colours.append(shade)
    return _layer(SemanticClass.TERRAIN, np.concatenate(quads), np.concatenate(colours))


def _paved(road: RoadMap, station: FloatArray) -> tuple[FloatArray, FloatArray]:
    inside = np.clip(station, 0.0, road.length)
    edges = np.array([road.paved(float(s)) for s in inside])
    return edges[:, 0], edges[:, 1]


def _shoulders(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer:
    """Return the pavement, except where lanes cover it over the whole segment."""
    station = _stations(start, end)
    right, left = _paved(road, station)
    low, high = _continuous_lanes(road, start, end)
    ribbons = (
        ((left, right),) if low >= high else ((left, _full(station, high)), (_full(station, low), right))
    )
    quads = [Strip(*sides, station).quads(road) for sides in ribbons]
    tone = _wetness(conditions) * rng.uniform(0.97, 1.03, (len(quads[0]), 4, 1))
    return _layer(SemanticClass.SHOULDER, np.concatenate(quads), np.tile(SHOULDER * tone, (len(quads), 1, 1)))


def _continuous_lanes(road: RoadMap, start: float, end: float) -> tuple[float, float]:
    """Return the lateral range (low, high) that adjacent lanes cover over the whole segment [m].

    low exceeds high where there is no such range.
    """
    lanes = [
        lane
        for lane in road.lanes
        if lane.approach == 0.0 and _clip_lane(road, lane, start, end) == (start, end)
    ]
    if not lanes:
        return 1.0, -1.0
    low = min(lane.offset - lane.width / 2.0 for lane in lanes)
    high = max(lane.offset + lane.width / 2.0 for lane in lanes)
    if high - low > sum(lane.width for lane in lanes) + 1e-6:  # something lies between them
        return 1.0, -1.0
    return low + _SHOULDER_OVERLAP, high - _SHOULDER_OVERLAP


def _clip_lane(road: RoadMap, lane: Lane, start: float, end: float) -> tuple[float, float]:
    """Clip a lane to two stations [m]. Lanes at the road's ends continue beyond them."""
    low = start if lane.start <= 0.0 else max(start, lane.start)
    high = end if lane.end >= road.length - 1e-6 else min(end, lane.end)
    return low, high


def _wetness(conditions: Conditions) -> float:
    return 1.0 - 0.38 * min(conditions.rain_rate * 1.5, 1.0)


def _lanes(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer | None:
    """Return asphalt with darker wheel tracks and repair patches."""
    quads, colours = [], []
    for lane in road.lanes:
        low, high = _clip_lane(road, lane, start, end)
        if high - low < 0.5:
            continue
        station = _stations(low, high)
        centre = lane.laterals_at(station)
        edges = np.array([-0.5, -0.31, -0.15, 0.15, 0.31, 0.5]) * lane.width
        tones = np.array([1.03, 0.93, 1.02, 0.93, 1.03])
        patch = rng.choice([1.0, 0.9, 1.06], p=[0.9, 0.06, 0.04])
        for right, left, tone in zip(edges[:-1], edges[1:], tones, strict=True):
            strip = Strip(centre + left, centre + right, station).quads(road)
            jitter = rng.uniform(0.985, 1.015, (len(strip), 4, 1))
            quads.append(strip)
            colours.append(ASPHALT * tone * patch * _wetness(conditions) * jitter)
    if not quads:
        return None
    return _layer(SemanticClass.ROAD, np.concatenate(quads), np.concatenate(colours))


def _markings(
    road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float
) -> Layer | None:
    """Return edge lines, lane lines, barrier lines and arrows with random wear per quad."""
    pieces: list[FloatArray] = []
    for index, lane in enumerate(road.lanes):
        low, high = _clip_lane(road, lane, start, end)
        for side in (-1, 1):
            for run_start, run_end, style in _line_runs(road, index, side, low, high):
                pieces += _paint(road, index, side, run_start, run_end, style)
        pieces += merge_arrows(road, index, low, high)
    if not pieces:
        return None
    quads = np.concatenate(pieces)
    wear = np.clip(conditions.paint_wear + rng.normal(0.0, 0.12, (len(quads), 1)), 0.0, 0.92)
    base = ASPHALT * _wetness(conditions)
    return _layer(SemanticClass.MARKING, quads, PAINT * (1.0 - wear) + base * wear)


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
    width = 2.0 * LINE if style in ("edge", "short") else LINE
    if style in ("dashed", "short"):
        dash, gap = (DASH, GAP) if style == "dashed" else (DASH / 2.0, DASH / 2.0)
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
