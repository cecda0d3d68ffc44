"""Kernels that find a driver's leader and follower in a lane and compute the car-following acceleration.

Bodies are everything that drivers react to: vehicles, the ego, pedestrians and obstacles. ``order`` lists
their indices by rising station and ``rank`` is the driver's own place in it, so a search walks along
``order``. Numba compiles the kernels once and caches them.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.support.kernels import kernel

from .records import CAP_STEP, MOVING, PEDESTRIAN, STATIONARY

SEARCH_RANGE = 250.0  # distance ahead and behind that drivers consider [m]
MAX_BRAKING = 8.0  # [m/s²]
NONE = -1
_WALKING_HORIZON = 5.0  # for which the walking of pedestrians is extrapolated [s]
_PEDESTRIAN_MARGIN = 0.6  # lateral margin to pedestrians [m]
_MARGIN = 0.25  # lateral margin to other bodies [m]
_END_MARGIN = 3.0  # distance before a lane's end at which drivers stop [m]
_PEDESTRIAN_GAP = 5.0  # minimum gap to a pedestrian ahead [m]
_CAR_CHANGE_DISTANCE, _LARGE_CHANGE_DISTANCE = 18.0, 30.0  # minimum length of a lane change [m]
_CAR_PULL_OUT_GAP, _LARGE_PULL_OUT_GAP = 16.0, 28.0  # gap kept behind a stationary body [m]


@kernel()
def lane_centre(lanes, index, station):  # type: ignore[no-untyped-def]
    """Return the lateral of a lane's centre [m]; see `drive_stack.road_map.Lane.lateral_at`."""
    lane = lanes[index]
    if lane.approach == 0.0 or station >= lane.opens:
        return lane.offset
    fraction = min(max((station - lane.start) / (lane.opens - lane.start), 0.0), 1.0)
    return lane.offset - lane.approach * 0.5 * (1.0 + math.cos(math.pi * fraction))


@kernel()
def min_change_distance(row):  # type: ignore[no-untyped-def]
    """Return the minimum distance that a lane change takes [m]."""
    return _LARGE_CHANGE_DISTANCE if row.large else _CAR_CHANGE_DISTANCE


@kernel()
def speed_cap_at(cap, station):  # type: ignore[no-untyped-def]
    """Return the speed cap at a station [m/s], interpolated between the samples of ``cap``."""
    position = min(max(station / CAP_STEP, 0.0), cap.shape[0] - 1.001)
    index = int(position)
    return cap[index] + (cap[index + 1] - cap[index]) * (position - index)


@kernel()
def occupies(body, centre, half_width, lane, seconds):  # type: ignore[no-untyped-def]
    """Whether a body is in, or within ``seconds`` enters, a path of ``half_width`` about a lateral."""
    if body.kind == MOVING and lane >= 0 and body.target == lane:
        return True
    margin = _PEDESTRIAN_MARGIN if body.kind == PEDESTRIAN else _MARGIN
    clearance = body.half_width + half_width + margin
    later = body.lateral + body.drift * min(seconds, _WALKING_HORIZON)
    return min(body.lateral, later) < centre + clearance and max(body.lateral, later) > centre - clearance


@kernel()
def leader_in(bodies, order, rank, lanes, row, lane):  # type: ignore[no-untyped-def]
    """Return the index of the nearest body ahead in a lane, else `NONE`.

    A driver in the middle of a lane change is oblique. In its lane it is going to be straight, and so it is
    taken for as wide as a straight one there: a body that stands next to the lane does not hold it up.
    """
    own = bodies[order[rank]]
    for k in range(rank + 1, order.shape[0]):
        other = bodies[order[k]]
        distance = other.station - own.station
        if distance > SEARCH_RANGE:
            break
        lateral = lane_centre(lanes, lane, other.station)
        if occupies(other, lateral, row.width / 2.0, lane, distance / max(own.speed, 3.0)):
            return order[k]
    return NONE


@kernel()
def leader_on_path(bodies, order, rank, row):  # type: ignore[no-untyped-def]
    """Return the index of the nearest body ahead of the front bumper, in whatever lane, else `NONE`.

    In a lane change the front is ahead of the centre sideways, and the rear follows it. The whole width of
    the oblique body would also hold up a driver whose front has passed what stands in the old lane.
    """
    own = bodies[order[rank]]
    front = own.lateral + row.length / 2.0 * math.sin(row.heading)
    for k in range(rank + 1, order.shape[0]):
        other = bodies[order[k]]
        distance = other.station - own.station
        if distance > SEARCH_RANGE:
            break
        if occupies(other, front, row.width / 2.0, NONE, distance / max(own.speed, 3.0)):
            return order[k]
    return NONE


@kernel()
def follower_in(bodies, order, rank, lanes, lane):  # type: ignore[no-untyped-def]
    """Return the index of the nearest body behind in a lane that is not a pedestrian, else `NONE`."""
    own = bodies[order[rank]]
    for k in range(rank - 1, -1, -1):
        other = bodies[order[k]]
        if own.station - other.station > SEARCH_RANGE:
            break
        lateral = lane_centre(lanes, lane, other.station)
        if other.kind != PEDESTRIAN and occupies(other, lateral, own.half_width, lane, 0.0):
            return order[k]
    return NONE


@kernel()
def gap_between(rear, front):  # type: ignore[no-untyped-def]
    """Return the bumper-to-bumper gap between two bodies [m]."""
    return front.station - rear.station - front.half_length - rear.half_length


@kernel()
def idm(row, speed, desired_speed, gap, leader_speed, min_gap):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] of the Intelligent Driver Model (Treiber 2000).

    a·(1 − (v / v0)^4) − a·(s* / s)², with s* = s0 + max(v·T + v·Δv / (2·sqrt(a·b)), 0) and s0 = ``min_gap``.
    The free-road term is limited to comfortable braking b, the sum to `MAX_BRAKING`.
    """
    free = row.max_acceleration * (1.0 - (speed / max(desired_speed, 0.1)) ** 4)
    free = max(free, -row.comfort_braking)
    closing = speed * (speed - leader_speed)
    closing /= 2.0 * math.sqrt(row.max_acceleration * row.comfort_braking)
    desired_gap = min_gap + max(speed * row.time_gap + closing, 0.0)
    interaction = row.max_acceleration * (desired_gap / max(gap, 0.1)) ** 2
    return min(max(free - interaction, -MAX_BRAKING), row.max_acceleration)


@kernel()
def acceleration_behind(row, own, desired_speed, leader, moving_gap, stationary_gap):  # type: ignore[no-untyped-def]
    """Return the IDM acceleration [m/s²] behind one body. Its kind selects the minimum gap [m]."""
    min_gap = moving_gap
    if leader.kind == STATIONARY:
        min_gap = stationary_gap
    elif leader.kind == PEDESTRIAN:
        min_gap = _PEDESTRIAN_GAP
    return idm(row, own.speed, desired_speed, gap_between(own, leader), max(leader.speed, 0.0), min_gap)


@kernel()
def lane_acceleration(bodies, order, rank, lanes, row, lane, desired_speed):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] in a lane, limited by the leader and by the lane's end.

    The end counts as a stationary body.
    """
    own = bodies[order[rank]]
    result = idm(row, own.speed, desired_speed, np.inf, 0.0, 2.0)
    leader = leader_in(bodies, order, rank, lanes, row, lane)
    if leader != NONE:
        pull_out_gap = _LARGE_PULL_OUT_GAP if row.large else _CAR_PULL_OUT_GAP
        result = min(result, acceleration_behind(row, own, desired_speed, bodies[leader], 2.0, pull_out_gap))
    remaining = lanes[lane].end - _END_MARGIN - own.station - own.half_length
    if remaining < SEARCH_RANGE:
        result = min(result, idm(row, own.speed, desired_speed, remaining, 0.0, 1.0))
    return result


@kernel()
def path_acceleration(bodies, order, rank, row, desired_speed):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] for the body straight ahead while a lane change is under way."""
    own = bodies[order[rank]]
    leader = leader_on_path(bodies, order, rank, row)
    if leader == NONE:
        return row.max_acceleration
    return acceleration_behind(row, own, desired_speed, bodies[leader], 1.0, 1.0)
