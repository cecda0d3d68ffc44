"""Buildings in the landscape: walls, roofs and windows."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from drive_stack.road.scenery import Building, BuildingKind
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .solids import Frame, Solids

_WALLS = MappingProxyType(
    {
        BuildingKind.FARMHOUSE: ((226.0, 218.0, 200.0), (206.0, 188.0, 160.0), (190.0, 120.0, 92.0)),
        BuildingKind.HALL: ((176.0, 182.0, 188.0), (128.0, 146.0, 166.0), (196.0, 190.0, 176.0)),
        BuildingKind.BLOCK: ((206.0, 204.0, 198.0), (178.0, 172.0, 160.0), (196.0, 176.0, 150.0)),
        BuildingKind.CHURCH: ((224.0, 216.0, 196.0), (210.0, 200.0, 178.0), (198.0, 190.0, 170.0)),
    }
)
_ROOF_TILES, _SLATE, _WINDOW = (142.0, 72.0, 52.0), (74.0, 78.0, 86.0), (58.0, 68.0, 82.0)
_BANDS = (150.0, 60.0, 48.0), (60.0, 96.0, 140.0)  # along a hall
_STOREY = 3.0  # [m]
_WINDOW_SPACING = 3.2  # [m]
_WINDOW_OUTLINE = np.array([[-0.6, 0.0], [0.6, 0.0], [0.6, 1.4], [-0.6, 1.4]])  # along and up [m]
ROOF_RISE = 0.42  # of a gabled roof, relative to its width
_EAVES = 0.4  # [m]


def add_building(solids: Solids, road: RoadMap, building: Building) -> None:
    """Add a building."""
    frame = Frame.at(road, building.station, building.lateral, building.yaw)
    walls = _WALLS[building.kind]
    paint = walls[min(int((building.shade + 1.0) / 2.0 * len(walls)), len(walls) - 1)]
    half_length, half_width, top = building.length / 2.0, building.width / 2.0, building.height
    low, high = (-half_length, -half_width, -1.0), (half_length, half_width, top)
    solids.box(frame, low, high, paint)
    if building.kind is BuildingKind.HALL:
        out = half_width + 0.05
        band = (-half_length, -out, 0.72 * top), (half_length, out, 0.86 * top)
        solids.box(frame, *band, _BANDS[building.shade > 0.0])
    else:
        _add_windows(solids, frame, building)
    if building.kind is BuildingKind.BLOCK:
        solids.box(frame, (-2.0, -2.0, top), (2.0, 2.0, top + 2.5), paint)
    elif building.kind is not BuildingKind.HALL:
        _add_gable(solids, frame, (half_length, half_width, top), paint)
    if building.kind is BuildingKind.CHURCH:
        _add_tower(solids, frame, building, paint)


def _add_gable(
    solids: Solids, frame: Frame, size: tuple[float, float, float], paint: tuple[float, float, float]
) -> None:
    length, width, top = size
    ridge = top + ROOF_RISE * 2.0 * width
    over, wide = length + _EAVES, width + _EAVES
    roof = [
        [[-over, -wide, top], [over, -wide, top], [over, 0.0, ridge], [-over, 0.0, ridge]],
        [[over, wide, top], [-over, wide, top], [-over, 0.0, ridge], [over, 0.0, ridge]],
    ]
    ends = [
        [[x, -side * width, top], [x, side * width, top], [x, 0.0, ridge], [x, 0.0, ridge]]
        for x, side in ((length, 1.0), (-length, -1.0))
    ]
    solids.add(frame, np.array(roof), _ROOF_TILES)
    solids.add(frame, np.array(ends), paint)


def _add_windows(solids: Solids, frame: Frame, building: Building) -> None:
    """Add a window for each storey and 3 m of the walls that a driver sees, slightly in front of them."""
    half_length, half_width = building.length / 2.0, building.width / 2.0
    sills = np.arange(0.9, building.height - 1.6, _STOREY)
    to_road = -float(np.sign(building.lateral))
    for half, distance, axis, side in (
        (half_length, half_width, 0, to_road),
        (half_width, half_length, 1, -1.0),
    ):
        count = max(int(2.0 * half / _WINDOW_SPACING), 1)
        centres = (np.arange(count) - (count - 1) / 2.0) * _WINDOW_SPACING
        along, sill = (grid.ravel() for grid in np.meshgrid(centres, sills))
        corners = _WINDOW_OUTLINE if side * (1 - 2 * axis) < 0.0 else _WINDOW_OUTLINE[::-1]
        place: FloatArray = np.zeros((len(along), 4, 3))
        place[:, :, axis] = along[:, None] + corners[:, 0]
        place[:, :, 1 - axis] = side * (distance + 0.04)
        place[:, :, 2] = sill[:, None] + corners[:, 1]
        solids.add(frame, place, _WINDOW)


def _add_tower(solids: Solids, frame: Frame, building: Building, paint: tuple[float, float, float]) -> None:
    """Add a tower with a spire at one end of a church."""
    x, side, top = building.length / 2.0, 2.8, 2.4 * building.height
    solids.box(frame, (x - 1.0, -side, -1.0), (x + 2.0 * side - 1.0, side, top), paint)
    low = np.array([[x - 1.4, -side - 0.4], [x + 2.0 * side - 0.6, -side - 0.4],
                    [x + 2.0 * side - 0.6, side + 0.4], [x - 1.4, side + 0.4]])  # fmt: skip
    tip = [x + side - 1.0, 0.0, top + 2.6 * 2.0 * side]
    faces = [[[*low[k], top], [*low[(k + 1) % 4], top], tip, tip] for k in range(4)]
    solids.add(frame, np.array(faces), _SLATE)
