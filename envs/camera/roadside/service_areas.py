"""The buildings of a service area: a canopy on columns, a shop and lamp posts."""

from __future__ import annotations

import numpy as np

from drive_stack.road.scenery import ServiceArea
from drive_stack.road_map import RoadMap

from .solids import Frame, Solids

_ROOF, _FASCIA, _COLUMN = (214.0, 214.0, 210.0), (36.0, 92.0, 152.0), (176.0, 178.0, 180.0)
_SHOP, _GLASS, _PUMP = (222.0, 214.0, 198.0), (70.0, 84.0, 98.0), (206.0, 206.0, 208.0)
CANOPY = (-13.1, -7.1, 5.0), (13.1, 5.1, 6.3)  # minimum and maximum corner [m]
_LAMP_SPACING = 28.0  # [m]


def add_service_area(solids: Solids, road: RoadMap, area: ServiceArea) -> None:
    """Add what stands on a service area, except for vehicles."""
    middle = (area.start + area.end) / 2.0
    frame = Frame.at(road, middle, (area.near + area.far) / 2.0)
    solids.box(frame, (-13.0, -7.0, 5.0), (13.0, 5.0, 5.5), _ROOF)
    solids.box(frame, (-13.1, -7.1, 5.5), (13.1, 5.1, 6.3), _FASCIA)
    for x in (-9.0, 0.0, 9.0):
        for y in (-4.5, 2.5):
            solids.box(frame, (x - 0.2, y - 0.2, 0.0), (x + 0.2, y + 0.2, 5.0), _COLUMN)
            solids.box(frame, (x + 0.8, y - 0.4, 0.0), (x + 1.6, y + 0.4, 1.9), _PUMP)
    solids.box(frame, (-11.0, -19.0, 0.0), (11.0, -11.0, 4.2), _SHOP)
    window = np.array(
        [[[10.0, -10.95, 0.5], [-10.0, -10.95, 0.5], [-10.0, -10.95, 3.0], [10.0, -10.95, 3.0]]]
    )
    solids.add(frame, window, _GLASS)
    for station in np.arange(area.start + 8.0, area.end, _LAMP_SPACING):
        post = Frame.at(road, float(station), area.near - 0.8)
        solids.box(post, (-0.08, -0.08, 0.0), (0.08, 0.08, 8.0), _COLUMN)
        solids.box(post, (-0.15, -1.6, 7.9), (0.15, 0.1, 8.1), _COLUMN)
