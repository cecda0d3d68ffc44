"""The stock traffic of highway-env 1.12 on a straight road, reimplemented over resident arrays.

The behaviour is that of highway-env including its order effects (`vehicle/behavior.py`,
`vehicle/controller.py`, `vehicle/kinematics.py`, `road/road.py`); trajectories agree within rounding. The
only difference is that leaders and followers are found in an array sorted by position. The module serves as
a reference and for fair comparisons of speed. The project's own worlds use `envs.traffic.stepping`.

Frame: x along the road, y to the left, lane k at y = −k · width. Collisions are not modelled: highway-env's
traffic does not collide unless it starts in a collision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.support.kernels import kernel

from .records import Records

STOCK_VEHICLE = np.dtype(
    [(name, np.float64) for name in (
        "x", "y", "heading", "speed", "target_speed", "delta", "timer", "steering", "acceleration",
    )]
    + [("lane", np.int64), ("target_lane", np.int64)]
)  # fmt: skip

_LENGTH = 5.0  # of vehicles [m]
_MAX_SPEED = 40.0  # [m/s]
_MAX_BRAKING, _ACCELERATION, _COMFORT_BRAKING = 6.0, 3.0, 5.0  # [m/s²]
_MIN_GAP, _TIME_GAP = 10.0, 1.5  # centre to centre [m], [s]
_MAX_IMPOSED, _MIN_GAIN, _DELAY = 2.0, 0.2, 1.0
_TAU_HEADING, _TAU_LATERAL = 0.2, 0.6  # [s]
_NONE = -1


@dataclass(frozen=True, slots=True)
class StockTraffic:
    """`STOCK_VEHICLE` records in highway-env's list order on a road of ``lanes`` lanes."""

    rows: Records
    lanes: int
    lane_width: float  # [m]
    length: float  # of the road [m]
    speed_limit: float  # [m/s]

    def step(self, dt: float, ticks: int = 1) -> None:
        """Advance by ``ticks`` steps of ``dt`` [s]. All vehicles act in list order, then all move."""
        road = (self.lanes, self.lane_width, self.length, self.speed_limit)
        for _ in range(ticks):
            step_stock(self.rows, road, dt)


@kernel()
def _not_zero(value):  # type: ignore[no-untyped-def]
    if abs(value) > 1e-2:
        return value
    return 1e-2 if value >= 0.0 else -1e-2


@kernel()
def _on_lane(row, lane, road):  # type: ignore[no-untyped-def]
    lateral_offset = abs(row.y + lane * road[1])
    return lateral_offset <= road[1] / 2.0 + 1.0 and -_LENGTH <= row.x < road[2] + _LENGTH


@kernel()
def _neighbours(rows, order, rank, lane, road):  # type: ignore[no-untyped-def]
    """Return the vehicles ahead and behind in a lane, or `_NONE`.

    Of vehicles at the same position the last in the list counts as ahead and the first as behind.
    """
    own = order[rank]
    x, count = rows[own].x, order.shape[0]
    while rank > 0 and rows[order[rank - 1]].x == x:
        rank -= 1
    front = rear = _NONE
    for k in range(rank, count):
        other = order[k]
        if front != _NONE and rows[other].x > rows[front].x:
            break
        if other != own and _on_lane(rows[other], lane, road):
            front = other
    for k in range(rank - 1, -1, -1):
        other = order[k]
        if rear != _NONE and rows[other].x < rows[rear].x:
            break
        if _on_lane(rows[other], lane, road):
            rear = other
    return front, rear


@kernel()
def _desired_gap(own, front):  # type: ignore[no-untyped-def]
    cos, sin = math.cos(own.heading), math.sin(own.heading)
    along = (own.speed * cos - front.speed * math.cos(front.heading)) * cos
    along += (own.speed * sin - front.speed * math.sin(front.heading)) * sin
    return (
        _MIN_GAP
        + own.speed * _TIME_GAP
        + own.speed * along / (2.0 * math.sqrt(_ACCELERATION * _COMFORT_BRAKING))
    )


@kernel()
def _acceleration(rows, follower, front, delta, limit):  # type: ignore[no-untyped-def]
    """Return the IDM acceleration of ``follower`` behind ``front`` with the deciding driver's exponent.

    It is 0 where there is no follower.
    """
    if follower == _NONE:
        return 0.0
    own = rows[follower]
    desired_speed = min(max(own.target_speed, 0.0), limit)
    result = _ACCELERATION * (1.0 - (max(own.speed, 0.0) / abs(_not_zero(desired_speed))) ** delta)
    if front != _NONE:
        distance = _not_zero(rows[front].x - own.x)
        result -= _ACCELERATION * (_desired_gap(own, rows[front]) / distance) ** 2
    return result


@kernel()
def _worth_changing(rows, order, rank, lane, road):  # type: ignore[no-untyped-def]
    """Whether MOBIL with politeness 0 favours a change into a lane."""
    own = order[rank]
    delta, limit = rows[own].delta, road[3]
    front, rear = _neighbours(rows, order, rank, lane, road)
    if _acceleration(rows, rear, own, delta, limit) < -_MAX_IMPOSED:
        return False
    present, _ = _neighbours(rows, order, rank, rows[own].lane, road)
    gain = _acceleration(rows, own, front, delta, limit) - _acceleration(rows, own, present, delta, limit)
    return gain >= _MIN_GAIN


@kernel()
def _decide(rows, order, rank, road):  # type: ignore[no-untyped-def]
    """Abort a change where another vehicle enters the same lane close ahead, else decide once per second."""
    own = rows[order[rank]]
    if own.lane != own.target_lane:
        # upper bound of the desired gap, as no vehicle drives faster than `_MAX_SPEED`
        max_gap = _MIN_GAP + own.speed * _TIME_GAP
        max_gap += (
            own.speed * (own.speed + 2.0 * _MAX_SPEED) / (2.0 * math.sqrt(_ACCELERATION * _COMFORT_BRAKING))
        )
        for k in range(rank + 1, order.shape[0]):
            other = rows[order[k]]
            distance = other.x - own.x
            if distance >= max_gap:
                break
            if other.lane == own.target_lane or other.target_lane != own.target_lane:
                continue
            if 0.0 < distance < _desired_gap(own, other):
                own.target_lane = own.lane
                return
        return
    if not own.timer > _DELAY:
        return
    own.timer = 0.0
    current = own.lane
    for lane in (current - 1, current + 1):
        if not 0 <= lane < road[0] or abs(own.speed) < 1.0:
            continue
        reachable = abs(own.y + lane * road[1]) <= 2.0 * road[1] and 0.0 <= own.x < road[2] + _LENGTH
        if reachable and _worth_changing(rows, order, rank, lane, road):
            own.target_lane = lane


@kernel()
def _steering(own, road):  # type: ignore[no-untyped-def]
    lateral = own.y + own.target_lane * road[1]
    heading = math.asin(min(max(-lateral / _TAU_LATERAL / _not_zero(own.speed), -1.0), 1.0))
    heading = min(max(heading, -math.pi / 4.0), math.pi / 4.0)
    error = (heading - own.heading + math.pi) % (2.0 * math.pi) - math.pi
    slip = _LENGTH / 2.0 / _not_zero(own.speed) * error / _TAU_HEADING
    angle = math.atan(2.0 * math.tan(math.asin(min(max(slip, -1.0), 1.0))))
    return min(max(angle, -math.pi / 3.0), math.pi / 3.0)


@kernel()
def _move(own, road, dt):  # type: ignore[no-untyped-def]
    if own.speed > _MAX_SPEED:
        own.acceleration = min(own.acceleration, _MAX_SPEED - own.speed)
    elif own.speed < -_MAX_SPEED:
        own.acceleration = max(own.acceleration, -_MAX_SPEED - own.speed)
    slip = math.atan(0.5 * math.tan(own.steering))
    own.x += own.speed * math.cos(own.heading + slip) * dt
    own.y += own.speed * math.sin(own.heading + slip) * dt
    own.heading += own.speed * math.sin(slip) / (_LENGTH / 2.0) * dt
    own.speed += own.acceleration * dt
    own.timer += dt
    nearest = 0
    for lane in range(1, road[0]):
        if abs(own.y + lane * road[1]) < abs(own.y + nearest * road[1]):
            nearest = lane
    own.lane = nearest


@kernel()
def step_stock(rows, road, dt):  # type: ignore[no-untyped-def]
    """Advance by one tick of ``dt`` [s]; ``road`` holds lanes, lane width, length and speed limit."""
    order = np.argsort(rows["x"], kind="mergesort")
    rank_of = np.empty_like(order)
    for rank in range(order.shape[0]):
        rank_of[order[rank]] = rank
    for i in range(rows.shape[0]):
        own, rank = rows[i], rank_of[i]
        _decide(rows, order, rank, road)
        own.steering = _steering(own, road)
        front, _ = _neighbours(rows, order, rank, own.lane, road)
        result = _acceleration(rows, i, front, own.delta, road[3])
        if own.lane != own.target_lane:
            front, _ = _neighbours(rows, order, rank, own.target_lane, road)
            result = min(result, _acceleration(rows, i, front, own.delta, road[3]))
        own.acceleration = min(max(result, -_MAX_BRAKING), _MAX_BRAKING)
    for i in range(rows.shape[0]):
        _move(rows[i], road, dt)
