"""Kernels that decide when a driver changes lane.

A change is discretionary, by the MOBIL model (Kesting 2007), or mandatory, because the driver's lane ends.
"""

from __future__ import annotations

from drive_stack.support.kernels import kernel

from .car_following import (
    NONE,
    follower_in,
    gap_between,
    idm,
    lane_acceleration,
    lane_centre,
    leader_in,
    min_change_distance,
)
from .records import MOVING, STATIONARY

DECISION_INTERVAL = 1.0  # [s]
SIGNAL_TIME = 1.0  # indicator time before a change [s]
_MANDATORY_RANGE = 450.0  # distance to the lane's end at which a change becomes mandatory [m]
_MIN_REMAINING_LANE = 350.0  # remaining length of a lane that is chosen voluntarily [m]
_OPENING_LOOKAHEAD = 60.0  # distance before a lane opens at which drivers start to look for a gap [m]
_SAFE_BRAKING = 2.0  # maximum braking that a change may impose on another driver [m/s²]
_URGENT_BRAKING = 2.5  # added to `_SAFE_BRAKING` as the lane's end approaches [m/s²]
_CAR_DURATION, _LARGE_DURATION = 3.0, 4.0  # of a change [s]
_CLEARED_FRACTION = 0.65  # fraction of a change after which the vehicle has left its old lane
_STATIONARY_SPEED = 3.0  # slower bodies count as stationary [m/s]
_KEEP_RIGHT = 0.15  # MOBIL's bias to the right [m/s²]
_LARGE_KEEP_RIGHT = 0.4


@kernel()
def required_lane(lanes, lane, station, road_end):  # type: ignore[no-untyped-def]
    """Return the lane that a driver must change into because their own lane ends, else `NONE`."""
    end = lanes[lane].end
    if end >= road_end - 1.0 or end - station > _MANDATORY_RANGE:
        return NONE
    if station < lanes[lane].opens - _OPENING_LOOKAHEAD:
        return NONE
    for other in (lane - 1, lane + 1):
        if 0 <= other < lanes.shape[0] and lanes[other].end > end:
            return other
    return NONE


@kernel()
def is_crossable(lanes, lane, other, station):  # type: ignore[no-untyped-def]
    """Whether the line between two adjacent lanes may be crossed at a station."""
    if other < 0 or other >= lanes.shape[0] or station < max(lanes[lane].opens, lanes[other].opens):
        return False
    return lanes[other].start <= station <= lanes[other].end


@kernel()
def is_gap_safe(bodies, order, rank, lanes, rows, row, lane, desired_speed, max_braking):  # type: ignore[no-untyped-def]
    """Whether a lane has a gap in which neither this driver nor the follower brakes above ``max_braking``."""
    own = bodies[order[rank]]
    leader = leader_in(bodies, order, rank, lanes, row, lane)
    if leader != NONE:
        gap = gap_between(own, bodies[leader])
        if gap < 2.0 + 0.15 * own.speed:
            return False
        if idm(row, own.speed, desired_speed, gap, bodies[leader].speed, 2.0) < -max_braking:
            return False
    follower = follower_in(bodies, order, rank, lanes, lane)
    if follower == NONE or bodies[follower].kind == STATIONARY:
        return follower == NONE or gap_between(bodies[follower], own) > 2.0
    other = bodies[follower]
    gap = gap_between(other, own)
    if gap < 2.0 + 0.15 * other.speed:
        return False
    # the ego has no row: assume that it drives like the deciding driver
    driver = rows[follower] if follower < rows.shape[0] else row
    return idm(driver, other.speed, max(other.speed, 1.0), gap, own.speed, 2.0) >= -max_braking


@kernel()
def can_pull_out(bodies, order, rank, row, leader, duration):  # type: ignore[no-untyped-def]
    """Whether a change that starts now leaves the lane before the vehicle reaches its leader."""
    if leader == NONE:
        return True
    own, other = bodies[order[rank]], bodies[leader]
    closing_speed = max(own.speed - max(other.speed, 0.0), 0.0)
    stationary = other.speed < _STATIONARY_SPEED
    distance = max(closing_speed * duration, min_change_distance(row) if stationary else 0.0)
    return gap_between(own, other) > _CLEARED_FRACTION * distance + 0.5


@kernel()
def _follower_loss(bodies, order, rank, lanes, rows, row, lane):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] that the follower in a lane loses behind this vehicle."""
    own = bodies[order[rank]]
    follower = follower_in(bodies, order, rank, lanes, lane)
    if follower == NONE or bodies[follower].kind != MOVING:
        return 0.0
    other = bodies[follower]
    driver = rows[follower] if follower < rows.shape[0] else row
    desired_speed = max(other.speed, 1.0)
    behind_own = idm(driver, other.speed, desired_speed, gap_between(other, own), own.speed, 2.0)
    leader = leader_in(bodies, order, rank, lanes, row, lane)
    if leader == NONE:
        return -behind_own
    gap = gap_between(other, bodies[leader])
    return idm(driver, other.speed, desired_speed, gap, bodies[leader].speed, 2.0) - behind_own


@kernel()
def better_lane(bodies, order, rank, lanes, rows, row, desired_speed):  # type: ignore[no-untyped-def]
    """Return the adjacent lane with the largest MOBIL gain above the driver's threshold, else `NONE`."""
    lane, station = row.target_lane, row.station
    current = lane_acceleration(bodies, order, rank, lanes, row, lane, desired_speed)
    blocked = current < -0.3 or row.speed < 0.4 * desired_speed
    best, best_gain = NONE, row.threshold
    for other in (lane - 1, lane + 1):
        if not is_crossable(lanes, lane, other, station) or lanes[other].ramp:
            continue
        if lanes[other].end - station < _MIN_REMAINING_LANE and lanes[other].end < lanes[lane].end:
            continue
        if row.large and other < lane and not blocked:
            continue
        bias = _LARGE_KEEP_RIGHT if row.large else _KEEP_RIGHT
        changed = lane_acceleration(bodies, order, rank, lanes, row, other, desired_speed)
        gain = changed - current + (bias if other > lane else -bias)
        gain += row.politeness * (
            _follower_loss(bodies, order, rank, lanes, rows, row, lane)
            - _follower_loss(bodies, order, rank, lanes, rows, row, other)
        )
        if gain > best_gain and is_gap_safe(
            bodies, order, rank, lanes, rows, row, other, desired_speed, _SAFE_BRAKING
        ):
            best, best_gain = other, gain
    return best


@kernel()
def start_change(row, own, lanes, lane, duration):  # type: ignore[no-untyped-def]
    """Start a change into a lane. Other drivers react to the new target lane from now on."""
    row.side = 1 if lane > row.target_lane else -1
    row.target_lane, row.offset = lane, 0.0
    row.shift = row.lateral - lane_centre(lanes, lane, row.station)
    row.progress, row.duration = 0.0, duration
    row.desired_lane, row.mandatory, row.signal_time, row.timer = NONE, 0, 0.0, 0.0
    own.target = lane


@kernel()
def decide_lane_change(bodies, order, rank, lanes, rows, row, desired_speed, road_end, dt):  # type: ignore[no-untyped-def]
    """Run one tick of the decision: choose a lane, signal for `SIGNAL_TIME`, change if the gap is safe."""
    own = bodies[order[rank]]
    row.timer += dt
    mandatory_lane = required_lane(lanes, row.target_lane, row.station, road_end)
    if mandatory_lane not in (NONE, row.desired_lane):
        row.desired_lane, row.mandatory, row.signal_time = mandatory_lane, 1, 0.0
    elif row.desired_lane == NONE and row.timer >= DECISION_INTERVAL and not row.scripted:
        row.timer = 0.0
        row.desired_lane = better_lane(bodies, order, rank, lanes, rows, row, desired_speed)
        row.signal_time = 0.0
    if row.desired_lane == NONE:
        return
    row.side = 1 if row.desired_lane > row.target_lane else -1
    row.signal_time += dt
    if row.signal_time < SIGNAL_TIME:
        return
    max_braking = _SAFE_BRAKING
    if row.mandatory:
        remaining = lanes[row.target_lane].end - row.station
        max_braking += _URGENT_BRAKING * min(max(1.0 - remaining / 200.0, 0.0), 1.0)
    duration = _LARGE_DURATION if row.large else _CAR_DURATION
    leader = leader_in(bodies, order, rank, lanes, row, row.target_lane)
    free = is_gap_safe(bodies, order, rank, lanes, rows, row, row.desired_lane, desired_speed, max_braking)
    free = free and can_pull_out(bodies, order, rank, row, leader, duration)
    if free and is_crossable(lanes, row.target_lane, row.desired_lane, row.station):
        start_change(row, own, lanes, row.desired_lane, duration)
    elif not row.mandatory:
        row.desired_lane = NONE
