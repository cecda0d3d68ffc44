"""Quadrilaterals of painted lines: solid or dashed, along any lateral."""

from __future__ import annotations

import itertools
from typing import Literal, TypeAlias

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .layers import STEP, Strip

_LINE, _DASH, _GAP = 0.15, 6.0, 12.0  # German motorway: 6 m dashes, 12 m gaps (RMS 1993) [m]
PAINT = np.array([232.0, 232.0, 226.0])
YELLOW = np.array([236.0, 180.0, 34.0])  # near RAL 1023, traffic yellow

LineStyle: TypeAlias = Literal["edge", "solid", "dashed", "short"]


def line_width(style: LineStyle) -> float:
    """Return the width of a line [m]."""
    return 2.0 * _LINE if style in ("edge", "short") else _LINE


def line_stations(start: float, end: float, style: LineStyle) -> FloatArray:
    """Return first, middle and last station (N, 3) [m] of each piece of a line between two stations [m].

    A line is solid as ``edge`` and ``solid``, else dashed. The phase of dashes is fixed at station 0.
    """
    spans = _dashes(start, end, style) if style in ("dashed", "short") else _pieces(start, end)
    ends = np.array(spans).reshape(-1, 2)
    return np.stack([ends[:, 0], ends.mean(axis=1), ends[:, 1]], axis=1)


def line_quads(road: RoadMap, station: FloatArray, lateral: FloatArray, style: LineStyle) -> FloatArray:
    """Return the quads (2 N, 4, 3) of a line whose centre is at stations and laterals (N, 3) [m]."""
    half = line_width(style) / 2.0
    return Strip(lateral + half, lateral - half, station).quads(road)


def _dashes(start: float, end: float, style: LineStyle) -> list[tuple[float, float]]:
    dash, gap = (_DASH, _GAP) if style == "dashed" else (_DASH / 2.0, _DASH / 2.0)
    first = np.arange(np.floor(start / (dash + gap)) * (dash + gap), end, dash + gap)
    return [(max(s, start), min(s + dash, end)) for s in first if s + dash > start]


def _pieces(start: float, end: float) -> list[tuple[float, float]]:
    cuts = np.append(np.arange(start, end, STEP), end)
    return list(itertools.pairwise(cuts))
