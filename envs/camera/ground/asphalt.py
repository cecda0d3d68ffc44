"""Asphalt whose tone changes smoothly: wheel tracks of different depth, and long waves along the road.

Without it every lane has the same hard-edged wheel tracks, which look like identical wedges in perspective.
"""

from __future__ import annotations

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .layers import Layer, Strip, clip_lane, layer_of, stations_between
from .surface import asphalt_colour

_KNOTS = np.array([-0.5, -0.36, -0.235, -0.11, 0.0, 0.11, 0.235, 0.36, 0.5])  # fractions of a lane's width
# change of the tone at the knots: wheel tracks are darker, and so is oil in the middle
_TRACKS = np.array([0.03, -0.01, -0.06, 0.01, -0.01, 0.01, -0.06, -0.01, 0.03])
_WAVELENGTHS = np.array([43.0, 71.0, 163.0, 390.0])  # of the tone along the road [m]
_AMPLITUDE = 0.008  # of each wave on new asphalt
_WORN_AMPLITUDE = 0.016  # added on a road of wear 1
_LANE_SPREAD = 0.03  # standard deviation of the tone between lanes on a road of wear 1


def smooth_lanes(
    road: RoadMap, conditions: Conditions, wear: float, start: float, end: float
) -> Layer | None:
    """Return the asphalt of the lanes between two stations [m]; the ``wear`` 0 … 1 makes it uneven."""
    quads, colours = [], []
    for index, lane in enumerate(road.lanes):
        low, high = clip_lane(road, lane, start, end)
        if high - low < 0.5:
            continue
        station = stations_between(low, high)
        centre = lane.laterals_at(station)
        tone = _tones(conditions.scenery_seed, index, wear, station)
        edges = centre + _KNOTS[:, None] * lane.width
        quads.append(Strip(edges[1:], edges[:-1], station).quads(road))
        # corners: left and right at one station, right and left at the next
        corners = [tone[1:, :-1], tone[:-1, :-1], tone[:-1, 1:], tone[1:, 1:]]
        shade = np.stack(corners, axis=-1).reshape(-1, 4, 1)
        colours.append(asphalt_colour(conditions) * shade)
    if not quads:
        return None
    return layer_of(SemanticClass.ROAD, np.concatenate(quads), np.concatenate(colours), smooth=True)


def _tones(seed: int, lane: int, wear: float, station: FloatArray) -> FloatArray:
    """Return the tone of a lane's asphalt (K, N) at its knots and stations (N,) [m]; 1 on average.

    Each knot has waves of its own phase, so that no pattern repeats across or along the road.
    """
    rng = SceneryStream.ASPHALT.generator(seed, lane)
    depth = rng.uniform(0.4, 1.1) + 0.3 * wear
    offset = rng.normal(0.0, _LANE_SPREAD) * wear
    phases = rng.uniform(0.0, 2.0 * np.pi, (len(_KNOTS), len(_WAVELENGTHS), 1))
    waves = np.sin(2.0 * np.pi * station / _WAVELENGTHS[:, None] + phases).sum(axis=1)
    amplitude = _AMPLITUDE + _WORN_AMPLITUDE * wear
    return np.asarray(1.0 + offset + depth * _TRACKS[:, None] + amplitude * waves)
