"""Outlines of what casts shadows next to the road and above it."""

from __future__ import annotations

import numpy as np

from drive_stack.road.scenery import (
    Bridge,
    Building,
    BuildingKind,
    NoiseBarrier,
    OppositeCarriageway,
    ServiceArea,
)
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .bridges import deck_top
from .buildings import ROOF_RISE
from .noise_barriers import panel_joints
from .service_areas import CANOPY
from .solids import Frame


def _box(low: tuple[float, float, float], high: tuple[float, float, float]) -> FloatArray:
    return np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def deck_points(road: RoadMap, bridge: Bridge) -> FloatArray:
    """Return the corners (N, 3) of a bridge's deck with its railings [m]."""
    half, top = bridge.depth / 2.0, deck_top(bridge)
    points = _box((-half, bridge.right, bridge.clearance), (half, bridge.left, top))
    return Frame.at(road, bridge.station, 0.0).to_world(points)


def building_points(road: RoadMap, building: Building) -> FloatArray:
    """Return the corners of a building and the ends of its ridge (N, 3) [m]."""
    half, width, top = building.length / 2.0, building.width / 2.0, building.height
    points = _box((-half, -width, 0.0), (half, width, top))
    if building.kind in (BuildingKind.FARMHOUSE, BuildingKind.CHURCH):
        ridge = top + ROOF_RISE * building.width
        points = np.concatenate([points, [[-half, 0.0, ridge], [half, 0.0, ridge]]])
    return Frame.at(road, building.station, building.lateral, building.yaw).to_world(points)


def canopy_points(road: RoadMap, area: ServiceArea) -> FloatArray:
    """Return the corners (N, 3) of a service area's canopy [m]."""
    frame = Frame.at(road, (area.start + area.end) / 2.0, (area.near + area.far) / 2.0)
    return frame.to_world(_box(*CANOPY))


def wall_quads(
    road: RoadMap, barrier: NoiseBarrier, opposite: OppositeCarriageway | None, span: tuple[float, float]
) -> FloatArray:
    """Return the panels (Q, 4, 3) of a noise barrier that begin between two stations [m]."""
    station, lateral = panel_joints(road, barrier, opposite, span)
    level = np.array([0.0, 0.0, barrier.height, barrier.height])
    return road.to_space(station[:, [1, 0, 0, 1]], lateral[:, [1, 0, 0, 1]], level)
