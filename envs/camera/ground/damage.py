"""What wear leaves on a road: patches of newer and older asphalt, seams of tar and skid marks."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from drive_stack.road_map import Lane, RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.types import FloatArray
from drive_stack.world_state import Conditions

from .layers import Layer, Strip, clip_lane, layer_of, stations_between
from .surface import asphalt_colour

_TAR = 0.42  # brightness relative to asphalt
# mean number on 100 m of a lane on a road of wear 1
_PATCHES, _LONG_SEAMS, _CROSS_SEAMS, _SKIDS = 0.45, 0.5, 0.9, 0.25
_NEW_TONE, _OLD_TONE = (0.72, 0.88), (1.06, 1.16)  # of patches relative to asphalt
_LINE_MARGIN = 0.2  # of patches from the edge of the lane [m]
_SEAM_WIDTH, _WANDERING = 0.1, 0.07  # of a seam; standard deviation of its sideways step [m]
_TYRE_WIDTH, _TRACK = 0.22, 1.5  # of a skid mark; between the marks of one axle [m]
_DARKEST_SKID = 0.55  # brightness relative to asphalt

_Quads = tuple[FloatArray, FloatArray]  # corners (Q, 4, 3) [m] and tones (Q, 4) relative to asphalt


def damage(road: RoadMap, conditions: Conditions, wear: float, start: float, end: float) -> Layer | None:
    """Return the damage of the lanes between two stations [m]; its amount grows with ``wear`` 0 … 1."""
    rng = SceneryStream.ASPHALT_DAMAGE.generator(conditions.scenery_seed, int(start) + 10_000)
    found: list[_Quads] = []
    for lane in road.lanes:
        low, high = clip_lane(road, lane, start, end)
        if high - low < 20.0:
            continue
        for rate, draw in ((_PATCHES, _patch), (_LONG_SEAMS, _long_seam), (_CROSS_SEAMS, _cross_seam),
                           (_SKIDS, _skid)):  # fmt: skip
            for _ in range(int(rng.poisson(rate * wear * (high - low) / 100.0))):
                found += draw(road, lane, rng, low, high)
    if not found:
        return None
    tones = np.concatenate([tone for _, tone in found])
    colours = asphalt_colour(conditions) * tones[..., None]
    return layer_of(None, np.concatenate([corners for corners, _ in found]), colours, near_only=True)


def _segment(rng: Generator, low: float, high: float, shortest: float, longest: float) -> FloatArray:
    """Return stations of a segment of random place and length between two stations [m]."""
    length = min(rng.uniform(shortest, longest), high - low)
    begin = rng.uniform(low, high - length)
    return stations_between(begin, begin + length)


def _along(road: RoadMap, station: FloatArray, left: FloatArray, right: FloatArray, tone: float) -> _Quads:
    quads = Strip(left, right, station).quads(road)
    return quads, np.full((len(quads), 4), tone)


def _across(road: RoadMap, station: FloatArray, lateral: FloatArray) -> _Quads:
    """Return a seam through stations and increasing laterals (N,) [m]."""
    before, behind = (road.to_space(station + side * _SEAM_WIDTH / 2.0, lateral, 0.0) for side in (-1, 1))
    quads = np.stack([before[:-1], behind[:-1], behind[1:], before[1:]], axis=1)
    return quads, np.full((len(quads), 4), _TAR)


def _patch(road: RoadMap, lane: Lane, rng: Generator, low: float, high: float) -> list[_Quads]:
    """Return a patch with a seam round it, as wide as the lane or a part of it."""
    is_wide, is_new = rng.random() < 0.5, rng.random() < 0.65
    station = _segment(rng, low, high, *((8.0, 60.0) if is_wide else (2.0, 10.0)))
    half = lane.width / 2.0 - _LINE_MARGIN
    width = 2.0 * half if is_wide else rng.uniform(1.0, 2.0)
    middle = lane.laterals_at(station) + rng.uniform(-1.0, 1.0) * (half - width / 2.0)
    left, right = middle + width / 2.0, middle - width / 2.0
    tone = float(rng.uniform(*(_NEW_TONE if is_new else _OLD_TONE)))
    seams = [_along(road, station, side + _SEAM_WIDTH / 2.0, side - _SEAM_WIDTH / 2.0, _TAR)
             for side in (left, right)]  # fmt: skip
    ends = [_across(road, np.repeat(station[end], 2), np.array([right[end], left[end]])) for end in (0, -1)]
    return [_along(road, station, left, right, tone), *seams, *ends]


def _long_seam(road: RoadMap, lane: Lane, rng: Generator, low: float, high: float) -> list[_Quads]:
    """Return a sealed crack that wanders along the lane."""
    station = _segment(rng, low, high, 15.0, 80.0)
    half = lane.width / 2.0 - _LINE_MARGIN
    wandering = np.cumsum(rng.normal(0.0, _WANDERING, len(station)))
    lateral = lane.laterals_at(station) + (rng.uniform(-half, half) + wandering).clip(-half, half)
    return [_along(road, station, lateral + _SEAM_WIDTH / 2.0, lateral - _SEAM_WIDTH / 2.0, _TAR)]


def _cross_seam(road: RoadMap, lane: Lane, rng: Generator, low: float, high: float) -> list[_Quads]:
    """Return a sealed crack across the lane or a part of it."""
    half = lane.width / 2.0 - _LINE_MARGIN
    right, left = np.sort(rng.uniform(-half, half, 2)) if rng.random() < 0.5 else (-half, half)
    count = int((left - right) / 0.5) + 2
    station = rng.uniform(low + 2.0, high - 2.0) + np.cumsum(rng.normal(0.0, 0.15, count))
    return [_across(road, station, lane.laterals_at(station) + np.linspace(right, left, count))]


def _skid(road: RoadMap, lane: Lane, rng: Generator, low: float, high: float) -> list[_Quads]:
    """Return the two marks of a car that has braked hard; they begin faintly and swerve at the end."""
    station = _segment(rng, low, high, 15.0, 50.0)
    fraction = np.linspace(0.0, 1.0, len(station))
    middle = lane.laterals_at(station) + rng.uniform(-0.4, 0.4) + rng.uniform(-0.8, 0.8) * fraction**3
    darkness = (1.0 - _DARKEST_SKID) * rng.uniform(0.5, 1.0) * np.sin(np.pi * fraction**0.6)
    tone = 1.0 - darkness
    corners = np.stack([tone[:-1], tone[:-1], tone[1:], tone[1:]], axis=1)
    marks = []
    for side in (-1.0, 1.0):
        line = middle + side * _TRACK / 2.0
        quads = Strip(line + _TYRE_WIDTH / 2.0, line - _TYRE_WIDTH / 2.0, station).quads(road)
        marks.append((quads, corners))
    return marks
