"""Everything that is built next to the road, by pieces of road."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.road.scenery import Bridge
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions

from ..ground import Layer
from ..ground.shade import BELOW
from ..ground.surface import grass_colour
from .bridges import add_bridge
from .buildings import add_building
from .noise_barriers import add_noise_barrier
from .service_areas import add_service_area
from .solids import Frame, Solids

_TOLERANCE = 0.1  # [m]


def structures(road: RoadMap, conditions: Conditions, start: float, end: float) -> Layer | None:
    """Return what stands between two stations [m]: bridges, noise barriers, buildings and service areas."""
    _, heading = road.to_world(np.asarray(start), np.asarray(0.0))
    scenery, solids = conditions.scenery, Solids(conditions.sun_azimuth, float(heading))
    snow = grass_colour(conditions) if conditions.road_surface is Surface.SNOW else None
    for bridge in scenery.bridges:
        if start <= bridge.station < end:
            add_bridge(solids, road, bridge, scenery.opposite, snow=snow)
    for barrier in scenery.barriers:
        if barrier.start < end and barrier.end > start:
            add_noise_barrier(solids, road, barrier, scenery.opposite, (start, end))
    for building in scenery.buildings:
        if start <= building.station < end:
            add_building(solids, road, building)
    for area in scenery.service_areas:
        if start <= (area.start + area.end) / 2.0 < end:
            add_service_area(solids, road, area)
    return solids.layer()


def darkened_below(layer: Layer, road: RoadMap, bridges: tuple[Bridge, ...]) -> Layer:
    """Return a layer whose vertices below a bridge get only the light that arrives there."""
    colours = layer.colours
    for bridge in bridges:
        below = _is_below(layer.corners, road, bridge)
        if below.any():
            rgb = np.where(below[:, :, None], BELOW * colours[:, :, :3], colours[:, :, :3])
            colours = np.concatenate([rgb, colours[:, :, 3:]], axis=2)
    return Layer(layer.kind, layer.corners, colours)


def _is_below(points: FloatArray, road: RoadMap, bridge: Bridge) -> NDArray[np.bool_]:
    """Return which corners (Q, 4) of quads are below a bridge: those of quads inside, or each by itself."""
    frame = Frame.at(road, bridge.station, 0.0)
    offset = points - frame.origin
    along = offset[..., 0] * np.cos(frame.yaw) + offset[..., 1] * np.sin(frame.yaw)
    across = offset[..., 1] * np.cos(frame.yaw) - offset[..., 0] * np.sin(frame.yaw)
    half = bridge.depth / 2.0
    corner = (np.abs(along) < half) & (across > bridge.right) & (across < bridge.left)
    corner &= offset[..., 2] < bridge.clearance
    middle = across.mean(axis=1)
    quad = (np.abs(along) < half + _TOLERANCE).all(axis=1) & (np.abs(along.mean(axis=1)) < half - _TOLERANCE)
    quad &= (middle > bridge.right - _TOLERANCE) & (middle < bridge.left + _TOLERANCE)
    quad &= offset[..., 2].mean(axis=1) < bridge.clearance - _TOLERANCE
    return np.asarray(corner | quad[:, None])
