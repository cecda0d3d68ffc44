"""The observation `bev`: a small occupancy image of the surroundings, seen from above."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.rl.vector import RoadUsers
from drive_stack.road.kernels import to_road
from drive_stack.road_map import RoadMap
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, Image, ObjectClass
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

from ..world import World

ROWS, COLUMNS = 80, 48  # the ego drives towards row 0
ROW_SIZE, COLUMN_SIZE = 2.0, 0.5  # of a pixel, along and across the ego's heading [m]
ROWS_BEHIND = 20  # rows behind the centre of the ego
ROAD, VEHICLE, OTHER = 0, 1, 2  # channels
LANE, PAVEMENT, OCCUPIED = 255, 96, 255  # values: lanes, remaining pavement, road users
_LINE = 160  # value of a pixel on a lane line
_LINE_WIDTH = 0.4  # [m]
_IS_VEHICLE = np.array([GROUPS[label] is ClassGroup.VEHICLES for label in ObjectClass])


def bev_image(world: World) -> Image:
    """Return the occupancy image, uint8 (`ROWS`, `COLUMNS`, 3), in the frame of the ego's centre.

    Channel 0 is the road: 255 in a lane, 160 on a lane line, 96 on other pavement, 0 elsewhere. Channel 1 is
    255 where a vehicle is, the ego included. Channel 2 is 255 where a pedestrian or an obstacle is.
    """
    return draw_bev(world.ego, world.car, world.road, world.road_users())


def draw_bev(ego: EgoState, car: VehicleParameters, road: RoadMap, users: RoadUsers) -> Image:
    """See `bev_image`."""
    image = np.zeros((ROWS, COLUMNS, 3), dtype=np.uint8)
    x = ego.x + car.centre_ahead * math.cos(ego.yaw)
    y = ego.y + car.centre_ahead * math.sin(ego.yaw)
    _draw_road(image, road.pieces, _lane_table(road, ego.station), x, y, ego.yaw)
    own = np.array([[x, y, ego.yaw]])
    _draw_boxes(image, own, np.array([car.length]), np.array([car.width]), np.ones(1, np.bool_), *own[0])
    _draw_boxes(image, users.pose, users.length, users.width, _IS_VEHICLE[users.label], *own[0])
    return image


def _lane_table(road: RoadMap, station: float) -> FloatArray:
    """Lateral of the centre at each row's station, width, start and end of each lane, (L, 3 + `ROWS`)."""
    rows = np.arange(ROWS, dtype=np.float64)
    stations: FloatArray = station + (ROWS - ROWS_BEHIND - 0.5 - rows) * ROW_SIZE
    return np.array([[lane.width, lane.start, lane.end, *lane.laterals_at(stations)] for lane in road.lanes])


@kernel()
def _draw_road(image, pieces, lanes, x, y, yaw):  # type: ignore[no-untyped-def]
    """Fill channel `ROAD`; pixels beyond the outermost lanes count as pavement up to one metre."""
    last = pieces[3].shape[0] - 1
    cos, sin = math.cos(yaw), math.sin(yaw)
    for row in range(ROWS):
        ahead = (ROWS - ROWS_BEHIND - 0.5 - row) * ROW_SIZE
        for column in range(COLUMNS):
            left = (COLUMNS / 2 - 0.5 - column) * COLUMN_SIZE
            px, py = x + ahead * cos - left * sin, y + ahead * sin + left * cos
            station, lateral, _ = to_road(pieces, px, py, 0, last)
            nearest = np.inf
            for lane in range(lanes.shape[0]):
                if lanes[lane, 1] <= station <= lanes[lane, 2]:
                    centre = lanes[lane, 3 + row]
                    nearest = min(nearest, abs(lateral - centre) - lanes[lane, 0] / 2.0)
            if nearest < -_LINE_WIDTH / 2.0:
                image[row, column, ROAD] = LANE
            elif nearest < _LINE_WIDTH / 2.0:
                image[row, column, ROAD] = _LINE
            elif nearest < 1.0:
                image[row, column, ROAD] = PAVEMENT


@kernel()
def _draw_boxes(image, pose, length, width, is_vehicle, x, y, yaw):  # type: ignore[no-untyped-def]
    """Fill the pixels whose centres are in a box; a box covers at least the pixel of its centre."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    for i in range(pose.shape[0]):
        channel = VEHICLE if is_vehicle[i] else OTHER
        dx, dy = pose[i, 0] - x, pose[i, 1] - y
        ahead, left, turn = dx * cos + dy * sin, dy * cos - dx * sin, pose[i, 2] - yaw
        reach = math.hypot(length[i], width[i]) / 2.0
        centre_row = ROWS - ROWS_BEHIND - 0.5 - ahead / ROW_SIZE
        centre_column = COLUMNS / 2 - 0.5 - left / COLUMN_SIZE
        rows, columns = reach / ROW_SIZE + 1.0, reach / COLUMN_SIZE + 1.0
        for row in range(max(int(centre_row - rows), 0), min(int(centre_row + rows) + 1, ROWS)):
            for column in range(
                max(int(centre_column - columns), 0), min(int(centre_column + columns) + 1, COLUMNS)
            ):
                down, across = (centre_row - row) * ROW_SIZE, (centre_column - column) * COLUMN_SIZE
                along = down * math.cos(turn) + across * math.sin(turn)
                side = across * math.cos(turn) - down * math.sin(turn)
                inside = abs(along) <= length[i] / 2.0 and abs(side) <= width[i] / 2.0
                if inside or (row == round(centre_row) and column == round(centre_column)):
                    image[row, column, channel] = OCCUPIED
