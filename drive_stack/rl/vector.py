"""The observation vector: the ego, its lane and the nearest road users, read from the truth.

Each component is a value divided by its scale and clipped to its range; `EGO_FIELDS` and `USER_FIELDS` define
them. The first 18 components are:

| Index | Meaning                                              | Scale     | Range   |
|-------|------------------------------------------------------|-----------|---------|
| 0     | speed                                                | 30 m/s    | 0 to 3  |
| 1     | acceleration                                         | 8 m/s²    | -1 to 1 |
| 2     | steering angle of the wheels                         | 0.1 rad   | -5 to 5 |
| 3     | yaw rate                                             | 0.2 rad/s | -5 to 5 |
| 4     | offset to the left of the nearest lane's centre      | 2 m       | -2 to 2 |
| 5     | heading error: yaw minus the direction of that lane  | 0.2 rad   | -5 to 5 |
| 6-8   | curvature of the road at 0, 40 and 100 m ahead       | 0.01 /m   | -2 to 2 |
| 9     | speed limit                                          | 30 m/s    | 0 to 2  |
| 10    | speed limit minus speed                              | 10 m/s    | -5 to 5 |
| 11-13 | command is follow, change left, change right         | 1         | 0 to 1  |
| 14    | the left lane exists and may be entered              | 1         | 0 to 1  |
| 15    | the right lane exists and may be entered             | 1         | 0 to 1  |
| 16    | distance to the end of the lane; 1 if it is farther  | 200 m     | 0 to 1  |
| 17    | the road is slippery                                 | 1         | 0 to 1  |

Eight rows of 11 components follow, from index 18 on: the nearest vehicles, pedestrians and obstacles
within 200 m along the road, the nearest one first. One behind the ego counts as twice as far away. Unused
rows are 0. The component i of row n has the index 18 + 11 n + i:

| i     | Meaning                                                | Scale     | Range   |
|-------|--------------------------------------------------------|-----------|---------|
| 0     | presence                                               | 1         | 0 to 1  |
| 1     | position ahead of the ego's centre, along the road     | 100 m     | -2 to 2 |
| 2     | position left of the ego's centre, across the road     | 10 m      | -2 to 2 |
| 3     | velocity along the road, relative to the ego           | 20 m/s    | -3 to 3 |
| 4     | velocity to the left across the road, relative to ego  | 5 m/s     | -4 to 4 |
| 5     | length                                                 | 10 m      | 0 to 2  |
| 6     | width                                                  | 3 m       | 0 to 2  |
| 7-10  | class: car, large vehicle, pedestrian, obstacle        | 1         | 0 to 1  |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.road.kernels import piece_at, to_road
from drive_stack.road_map import Lane, RoadMap
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, WorldState

NEIGHBOURS = 8  # road users in the vector
RANGE = 200.0  # greatest distance of a road user along the road [m]
CURVATURE_DISTANCES = (0.0, 40.0, 100.0)  # ahead of the ego [m]
_BEHIND_WEIGHT = 2.0  # a road user behind the ego counts as this many times as far away
_MAX_LANE_END = 200.0  # [m]


@dataclass(frozen=True, slots=True)
class Field:
    """One component of the vector, or one component of each road user."""

    name: str
    scale: float  # the physical value is divided by it
    unit: str
    low: float  # range of the component, after the division
    high: float


EGO_FIELDS = (
    Field("speed", 30.0, "m/s", 0.0, 3.0),
    Field("acceleration", 8.0, "m/s²", -1.0, 1.0),
    Field("steering angle of the wheels", 0.1, "rad", -5.0, 5.0),
    Field("yaw rate", 0.2, "rad/s", -5.0, 5.0),
    Field("lane offset: distance to the left of the centre of the nearest lane", 2.0, "m", -2.0, 2.0),
    Field("heading error: yaw minus the direction of that lane", 0.2, "rad", -5.0, 5.0),
    *(
        Field(f"curvature of the road {distance:.0f} m ahead", 0.01, "1/m", -2.0, 2.0)
        for distance in CURVATURE_DISTANCES
    ),
    Field("speed limit", 30.0, "m/s", 0.0, 2.0),
    Field("speed limit minus speed", 10.0, "m/s", -5.0, 5.0),
    *(
        Field(f"command: {name}", 1.0, "0 or 1", 0.0, 1.0)
        for name in ("follow", "change left", "change right")
    ),
    Field("the left lane exists and may be entered", 1.0, "0 or 1", 0.0, 1.0),
    Field("the right lane exists and may be entered", 1.0, "0 or 1", 0.0, 1.0),
    Field("distance to the end of the lane", _MAX_LANE_END, "m", 0.0, 1.0),
    Field("the road is slippery", 1.0, "0 or 1", 0.0, 1.0),
)
USER_FIELDS = (
    Field("presence: 1 where the row holds a road user, else the whole row is 0", 1.0, "0 or 1", 0.0, 1.0),
    Field("position along the road, relative to the ego's centre", 100.0, "m", -2.0, 2.0),
    Field("position across the road, relative to the ego's centre, positive left", 10.0, "m", -2.0, 2.0),
    Field("velocity along the road, relative to the ego", 20.0, "m/s", -3.0, 3.0),
    Field("velocity across the road, relative to the ego, positive left", 5.0, "m/s", -4.0, 4.0),
    Field("length", 10.0, "m", 0.0, 2.0),
    Field("width", 3.0, "m", 0.0, 2.0),
    *(
        Field(f"class: {name}", 1.0, "0 or 1", 0.0, 1.0)
        for name in ("car", "large vehicle", "pedestrian", "obstacle")
    ),
)
_USER_SIZE = len(USER_FIELDS)
_HEADING, _CURVATURE = 5, 6  # indices of the heading error and of the first curvature
_PHYSICAL = 7  # leading fields of a road user that are no class
VECTOR_SIZE = len(EGO_FIELDS) + NEIGHBOURS * len(USER_FIELDS)
_ALL_FIELDS = (*EGO_FIELDS, *(USER_FIELDS * NEIGHBOURS))
VECTOR_LOW = np.array([field.low for field in _ALL_FIELDS], dtype=np.float32)  # (VECTOR_SIZE,)
VECTOR_HIGH = np.array([field.high for field in _ALL_FIELDS], dtype=np.float32)  # (VECTOR_SIZE,)
_SCALE = np.array([field.scale for field in _ALL_FIELDS], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class RoadUsers:
    """Everything around the ego that moves or stands on the road, N rows in any order."""

    pose: FloatArray  # x, y [m] and yaw [rad] of the centre in the world frame, (N, 3)
    speed: FloatArray  # along the yaw [m/s], (N,)
    length: FloatArray  # [m], (N,); of a pedestrian the diameter of the body
    width: FloatArray  # [m], (N,)
    label: NDArray[np.int64]  # ObjectClass, (N,)


def road_users_of(state: WorldState) -> RoadUsers:
    """Return the road users of a state: vehicles, pedestrians, obstacles."""
    groups = (state.vehicles, state.pedestrians, state.obstacles)
    return RoadUsers(
        pose=np.concatenate([np.column_stack([group.x, group.y, group.yaw]) for group in groups]),
        speed=np.concatenate(
            [state.vehicles.speed, state.pedestrians.speed, np.zeros(len(state.obstacles.id))]
        ),
        length=np.concatenate([group.length for group in groups]),
        width=np.concatenate([group.width for group in groups]),
        label=np.concatenate([group.label for group in groups]),
    )


def observation_vector(
    ego: EgoState,
    car: VehicleParameters,
    road: RoadMap,
    speed_limit: float,
    command: NavigationCommand,
    users: RoadUsers,
    *,
    slippery: bool,
) -> NDArray[np.float32]:
    """Return the observation vector, shape (`VECTOR_SIZE`,), within `VECTOR_LOW` and `VECTOR_HIGH`.

    Args:
        ego: State of the ego.
        car: Dimensions of the ego.
        road: The road.
        speed_limit: Limit at the ego [m/s].
        command: Navigation command.
        users: All other road users.
        slippery: Whether the road has less grip than a dry one.
    """
    lane = road.lane_at(ego.station, ego.lateral)
    offset, to_end = _lane_values(ego, road, lane)
    lane_turn = _lane_heading(road.lanes[lane], ego.station) if lane >= 0 else 0.0
    values = np.array(
        [
            ego.speed, ego.acceleration, ego.steering, ego.yaw_rate, offset, lane_turn, 0.0, 0.0, 0.0,
            speed_limit, speed_limit - ego.speed, *(command == other for other in NavigationCommand),
            _may_enter(road, lane, -1, ego.station), _may_enter(road, lane, 1, ego.station), to_end, slippery,
        ]
    )  # fmt: skip
    vector: NDArray[np.float32] = _assemble(
        values, road.pieces, np.array([ego.x, ego.y, ego.yaw, ego.speed, ego.station, car.centre_ahead]),
        users.pose, users.speed, users.length, users.width, users.label,
    )  # fmt: skip
    return vector


def vector_of(state: WorldState) -> NDArray[np.float32]:
    """Return the observation vector of a state."""
    return observation_vector(
        state.ego, state.car, state.road, state.speed_limit, state.command, road_users_of(state),
        slippery=state.conditions.slippery,
    )  # fmt: skip


def _lane_heading(lane: Lane, station: float) -> float:
    """Direction of a lane at a station, relative to that of the reference line [rad]."""
    if lane.approach == 0.0:
        return 0.0
    return math.atan(lane.lateral_at(station + 0.5) - lane.lateral_at(station - 0.5))


def _lane_values(ego: EgoState, road: RoadMap, index: int) -> tuple[float, float]:
    """Offset from the lane's centre and distance to the lane's end [m]."""
    if index < 0:
        return 0.0, 0.0
    lane = road.lanes[index]
    to_end = lane.end - ego.station if lane.end < road.length - 1.0 else _MAX_LANE_END
    return ego.lateral - lane.lateral_at(ego.station), to_end


def _may_enter(road: RoadMap, lane: int, side: int, station: float) -> bool:
    other = road.adjacent_lane(lane, side, station) if lane >= 0 else -1
    return other >= 0 and road.may_cross(lane, other, station)


@kernel()
def _fill_users(rows, pieces, x, y, yaw, speed, pose, speeds, lengths, widths, labels):  # type: ignore[no-untyped-def]
    """Write the nearest road users into ``rows`` (N, F), the nearest one first, in physical units.

    Velocities along and across the road are those in the road's direction at each road user.
    """
    last = pieces[3].shape[0] - 1
    own_station, own_lateral, own_yaw = to_road(pieces, x, y, 0, last)
    own_along, own_across = speed * math.cos(yaw - own_yaw), speed * math.sin(yaw - own_yaw)
    count = 0
    distances = np.full(rows.shape[0], np.inf)
    for i in range(pose.shape[0]):
        if abs(pose[i, 0] - x) > RANGE + 50.0 or abs(pose[i, 1] - y) > RANGE + 50.0:
            continue
        station, lateral, road_yaw = to_road(pieces, pose[i, 0], pose[i, 1], 0, last)
        ahead, left = station - own_station, lateral - own_lateral
        if abs(ahead) > RANGE:
            continue
        distance = math.hypot(ahead if ahead > 0.0 else _BEHIND_WEIGHT * ahead, left)
        if count == rows.shape[0] and distance >= distances[count - 1]:
            continue
        count = min(count + 1, rows.shape[0])
        k = count - 1
        while k > 0 and distances[k - 1] > distance:
            distances[k] = distances[k - 1]
            rows[k] = rows[k - 1]
            k -= 1
        distances[k] = distance
        turn = pose[i, 2] - road_yaw
        row = rows[k]
        row[0], row[1], row[2] = 1.0, ahead, left
        row[3], row[4] = speeds[i] * math.cos(turn) - own_along, speeds[i] * math.sin(turn) - own_across
        row[5], row[6] = lengths[i], widths[i]
        row[_PHYSICAL:] = 0.0
        row[_PHYSICAL + labels[i]] = 1.0


@kernel()
def _assemble(head, pieces, ego, pose, speeds, lengths, widths, labels):  # type: ignore[no-untyped-def]
    """Return the vector, shape (`VECTOR_SIZE`,).

    Args:
        head: Values of `EGO_FIELDS` in physical units. The heading error holds the lane's direction relative
            to the road, and the curvatures are 0; both are completed here.
        pieces: The road, see `drive_stack.road.kernels`.
        ego: x, y [m], yaw [rad] and speed [m/s] of the rear axle, its station [m], and the distance of the
            body's centre ahead of it [m].
        pose, speeds, lengths, widths, labels: The `RoadUsers`.
    """
    values = np.zeros(VECTOR_SIZE)
    values[: head.shape[0]] = head
    x, y, yaw, speed, station, centre_ahead = ego
    first = max(piece_at(pieces, station) - 1, 0)
    _, _, road_yaw = to_road(pieces, x, y, first, min(first + 2, pieces[3].shape[0] - 1))
    values[_HEADING] = (yaw - road_yaw - head[_HEADING] + math.pi) % (2.0 * math.pi) - math.pi
    for k in range(len(CURVATURE_DISTANCES)):
        values[_CURVATURE + k] = pieces[4][piece_at(pieces, station + CURVATURE_DISTANCES[k])]
    x, y = x + centre_ahead * math.cos(yaw), y + centre_ahead * math.sin(yaw)
    rows = values[head.shape[0] :].reshape(NEIGHBOURS, _USER_SIZE)
    _fill_users(rows, pieces, x, y, yaw, speed, pose, speeds, lengths, widths, labels)
    result = np.empty(VECTOR_SIZE, np.float32)
    for i in range(VECTOR_SIZE):
        result[i] = min(max(values[i] / _SCALE[i], VECTOR_LOW[i]), VECTOR_HIGH[i])
    return result
