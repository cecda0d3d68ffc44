"""The pavement and the bays of service areas."""

from __future__ import annotations

import numpy as np

from drive_stack.road.scenery import BAY_DEPTH, BAY_WIDTH, ServiceArea
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .layers import Layer, Strip, add_to_layers, layer_of, stations_between
from .lines import PAINT
from .surface import shoulder_colour, wet_tone

_LINE = 0.12  # width of a bay's line [m]


def with_service_areas(
    layers: list[Layer], road: RoadMap, conditions: Conditions, start: float, end: float
) -> list[Layer]:
    """Return the ground's ``layers`` with the service areas between two stations [m] added to them."""
    for area in conditions.scenery.service_areas:
        low, high = max(start, area.start), min(end, area.end)
        if high > low:
            layers = add_to_layers(layers, _layers(road, area, conditions, low, high))
    return layers


def _layers(
    road: RoadMap, area: ServiceArea, conditions: Conditions, start: float, end: float
) -> list[Layer]:
    station = stations_between(start, end)
    pavement = _ribbon(road, station, area.far, area.near)
    bays = np.arange(area.start, area.end, BAY_WIDTH)
    bays = bays[(bays >= start) & (bays < end)]
    added = [
        layer_of(
            SemanticClass.SHOULDER, pavement, np.tile(0.94 * shoulder_colour(conditions), (len(pavement), 1))
        )
    ]
    if len(bays):
        lines = np.concatenate(
            [
                _ribbon(road, np.array([bay, bay + _LINE]), area.near - BAY_DEPTH - 0.5, area.near - 0.5)
                for bay in bays.tolist()
            ]
        )
        added.append(
            layer_of(
                SemanticClass.MARKING, lines, np.tile(0.85 * PAINT * wet_tone(conditions), (len(lines), 1))
            )
        )
    return added


def _ribbon(road: RoadMap, station: FloatArray, right: float, left: float) -> FloatArray:
    return Strip(np.full(len(station), left), np.full(len(station), right), station).quads(road)
