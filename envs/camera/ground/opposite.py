"""The opposite carriageway: its pavement, lanes and lines."""

from __future__ import annotations

import itertools

import numpy as np

from drive_stack.road.scenery import OppositeCarriageway
from drive_stack.road_map import RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .layers import Layer, Strip, add_to_layers, layer_of, stations_between
from .lines import PAINT, LineStyle, line_quads, line_stations, line_width
from .surface import asphalt_colour, shoulder_colour

_WORN_TRACKS = ((-0.5, -0.31, 1.02), (-0.31, 0.31, 0.96), (0.31, 0.5, 1.02))  # of a lane: edges, brightness


def with_opposite_road(
    layers: list[Layer], road: RoadMap, conditions: Conditions, start: float, end: float
) -> list[Layer]:
    """Return the ground's ``layers`` with the opposite carriageway between two stations [m] added to them."""
    carriageway = conditions.scenery.opposite
    if carriageway is None:
        return layers
    return add_to_layers(layers, _layers(road, carriageway, conditions, start, end))


def _layers(
    road: RoadMap, carriageway: OppositeCarriageway, conditions: Conditions, start: float, end: float
) -> tuple[Layer, Layer, Layer]:
    rng = SceneryStream.OPPOSITE_GROUND.generator(conditions.scenery_seed, int(start) + 10_000)
    station, road_colour = stations_between(start, end), asphalt_colour(conditions)
    half = carriageway.lane_width / 2.0
    inner, outer = carriageway.lanes[0] - half, carriageway.lanes[-1] + half
    shoulders = [
        _ribbon(road, station, right, left)
        for right, left in ((carriageway.inner_edge, inner), (outer, carriageway.outer_edge))
    ]
    asphalt, tones = [], []
    for lane in carriageway.lanes:
        for right, left, tone in _WORN_TRACKS:
            edges = lane + right * carriageway.lane_width, lane + left * carriageway.lane_width
            asphalt.append(_ribbon(road, station, *edges))
            tones.append(tone * rng.uniform(0.985, 1.015, (len(station) - 1, 4, 1)))
    paint = np.concatenate(_lines(road, carriageway, start, end))
    wear = np.clip(conditions.paint_wear + rng.normal(0.0, 0.12, (len(paint), 1)), 0.0, 0.92)
    shoulder = np.concatenate(shoulders)
    return (
        layer_of(SemanticClass.SHOULDER, shoulder, np.tile(shoulder_colour(conditions), (len(shoulder), 1))),
        layer_of(SemanticClass.ROAD, np.concatenate(asphalt), road_colour * np.concatenate(tones)),
        layer_of(SemanticClass.MARKING, paint, PAINT * (1.0 - wear) + road_colour * wear),
    )


def _ribbon(road: RoadMap, station: FloatArray, right: float, left: float) -> FloatArray:
    return Strip(np.full(len(station), left), np.full(len(station), right), station).quads(road)


def _lines(road: RoadMap, carriageway: OppositeCarriageway, start: float, end: float) -> list[FloatArray]:
    """Return the quads of both edge lines and of the dashes between the lanes."""
    inset = (carriageway.lane_width - line_width("edge")) / 2.0
    first, last = carriageway.lanes[0] - inset, carriageway.lanes[-1] + inset
    lines: list[tuple[float, LineStyle]] = [(first, "edge"), (last, "edge")]
    lines += [((a + b) / 2.0, "dashed") for a, b in itertools.pairwise(carriageway.lanes)]
    quads = []
    for lateral, style in lines:
        station = line_stations(start, end, style)
        quads.append(line_quads(road, station, np.full(station.shape, lateral), style))
    return quads
