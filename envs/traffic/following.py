"""Kernels: who is ahead and behind in a lane, and how hard a driver accelerates because of it.

Bodies are everything that drivers look out for; ``order`` lists them by station, so a neighbour is
found by walking along it. Numba compiles all of this once and caches it.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from envs.traffic.rows import CAP_STEP, MOVING, PERSON, STANDING

REACH = 250.0  # drivers look so far ahead and behind [m]
HARDEST = 8.0  # braking [m/s²]
NOBODY = -1
_FORESIGHT = 5.0  # of people's walking [s]
_PERSON_MARGIN = 0.6  # beside people [m]
_MARGIN = 0.25  # beside other bodies [m]
_END_MARGIN = 3.0  # stops so far before a lane's end [m]
_PERSON_ROOM = 5.0  # [m]
_CAR_REACH, _LARGE_REACH = 18.0, 30.0  # of a lane change, at least [m]
_CAR_ROOM, _LARGE_ROOM = 16.0, 28.0  # kept behind something standing, to be able to pull out [m]


@numba.njit(cache=True)
def lane_centre(lanes, index, station):  # type: ignore[no-untyped-def]
    """Lateral of a lane's centre [m]; see `drive_stack.road_map.Lane.lateral_at`."""
    lane = lanes[index]
    if lane.approach == 0.0 or station >= lane.opens:
        return lane.offset
    share = min(max((station - lane.start) / (lane.opens - lane.start), 0.0), 1.0)
    return lane.offset - lane.approach * 0.5 * (1.0 + math.cos(math.pi * share))


@numba.njit(cache=True)
def change_reach(row):  # type: ignore[no-untyped-def]
    """The least distance a lane change takes [m]."""
    return _LARGE_REACH if row.large else _CAR_REACH


@numba.njit(cache=True)
def speed_cap_at(cap, station):  # type: ignore[no-untyped-def]
    """The cap where the vehicle is [m/s], between samples of the grid."""
    place = min(max(station / CAP_STEP, 0.0), cap.shape[0] - 1.001)
    index = int(place)
    return cap[index] + (cap[index + 1] - cap[index]) * (place - index)


@numba.njit(cache=True)
def occupies(body, centre, half_width, lane, seconds):  # type: ignore[no-untyped-def]
    """Whether a body is, or within ``seconds`` walks, in the path of half width about a lateral."""
    if body.kind == MOVING and lane >= 0 and body.target == lane:
        return True
    margin = _PERSON_MARGIN if body.kind == PERSON else _MARGIN
    reach = body.half_width + half_width + margin
    later = body.lateral + body.drift * min(seconds, _FORESIGHT)
    return min(body.lateral, later) < centre + reach and max(body.lateral, later) > centre - reach


@numba.njit(cache=True)
def ahead_of(bodies, order, rank, lanes, lane, centre):  # type: ignore[no-untyped-def]
    """The nearest body ahead in a lane, or about the lateral ``centre`` where ``lane`` is `NOBODY`."""
    own = bodies[order[rank]]
    for k in range(rank + 1, order.shape[0]):
        other = bodies[order[k]]
        distance = other.station - own.station
        if distance > REACH:
            break
        middle = centre if lane < 0 else lane_centre(lanes, lane, other.station)
        if occupies(other, middle, own.half_width, lane, distance / max(own.speed, 3.0)):
            return order[k]
    return NOBODY


@numba.njit(cache=True)
def behind_of(bodies, order, rank, lanes, lane):  # type: ignore[no-untyped-def]
    """The nearest driven body behind in a lane."""
    own = bodies[order[rank]]
    for k in range(rank - 1, -1, -1):
        other = bodies[order[k]]
        if own.station - other.station > REACH:
            break
        middle = lane_centre(lanes, lane, other.station)
        if other.kind != PERSON and occupies(other, middle, own.half_width, lane, 0.0):
            return order[k]
    return NOBODY


@numba.njit(cache=True)
def gap_between(rear, front):  # type: ignore[no-untyped-def]
    """Bumper to bumper [m]."""
    return front.station - rear.station - front.half_length - rear.half_length


@numba.njit(cache=True)
def idm(row, speed, wish, gap, leader_speed, room):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] of the Intelligent Driver Model (Treiber 2000), braking at most `HARDEST`.

    The free term brakes no harder than is comfortable; the desired gap never drops below ``room``.
    """
    free = row.max_acceleration * (1.0 - (speed / max(wish, 0.1)) ** 4)
    free = max(free, -row.comfort_braking)
    closing = speed * (speed - leader_speed)
    closing /= 2.0 * math.sqrt(row.max_acceleration * row.comfort_braking)
    desired = room + max(speed * row.time_gap + closing, 0.0)
    pull = row.max_acceleration * (desired / max(gap, 0.1)) ** 2
    return min(max(free - pull, -HARDEST), row.max_acceleration)


@numba.njit(cache=True)
def response(row, own, wish, leader, room, standing_room):  # type: ignore[no-untyped-def]
    """IDM towards one body, with room [m] to keep before it by what it is."""
    space = room
    if leader.kind == STANDING:
        space = standing_room
    elif leader.kind == PERSON:
        space = _PERSON_ROOM
    return idm(row, own.speed, wish, gap_between(own, leader), max(leader.speed, 0.0), space)


@numba.njit(cache=True)
def along_lane(bodies, order, rank, lanes, row, lane, wish):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] in a lane: the body ahead, and the lane's end as something that stands."""
    own = bodies[order[rank]]
    result = idm(row, own.speed, wish, np.inf, 0.0, 2.0)
    leader = ahead_of(bodies, order, rank, lanes, lane, 0.0)
    if leader != NOBODY:
        room = _LARGE_ROOM if row.large else _CAR_ROOM
        result = min(result, response(row, own, wish, bodies[leader], 2.0, room))
    left = lanes[lane].end - _END_MARGIN - own.station - own.half_length
    if left < REACH:
        result = min(result, idm(row, own.speed, wish, left, 0.0, 1.0))
    return result


@numba.njit(cache=True)
def along_path(bodies, order, rank, lanes, row, wish):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] for what lies straight ahead, in the middle of a lane change."""
    own = bodies[order[rank]]
    leader = ahead_of(bodies, order, rank, lanes, NOBODY, own.lateral)
    if leader == NOBODY:
        return row.max_acceleration
    return response(row, own, wish, bodies[leader], 1.0, 1.0)
