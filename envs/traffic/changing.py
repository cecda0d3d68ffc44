"""Kernels: when a driver changes lane. By MOBIL (Kesting 2007), or because they must."""

from __future__ import annotations

import numba

from envs.traffic.following import (
    NOBODY,
    ahead_of,
    along_lane,
    behind_of,
    change_reach,
    gap_between,
    idm,
    lane_centre,
)
from envs.traffic.rows import MOVING, STANDING

DECIDE_EVERY = 1.0  # [s]
SIGNAL_BEFORE = 1.0  # [s]
_MUST_WITHIN = 450.0  # of a lane's end [m]
_CONTINUES = 350.0  # a lane taken by choice goes on at least so far [m]
_LOOK_AHEAD_OF_OPENING = 60.0  # [m]
_SAFE = 2.0  # braking that may be asked of another [m/s²]
_URGENT = 2.5  # more, by the end of one's lane
_DURATION, _LARGE_DURATION = 3.0, 4.0  # of a change [s]
_CLEARED = 0.65  # share of a change after which one is out of the old lane
_SLOW = 3.0  # what is slower stands, to all intents [m/s]
_KEEP_RIGHT = 0.15  # [m/s²]
_LARGE_KEEP_RIGHT = 0.4


@numba.njit(cache=True)
def required_lane(lanes, lane, station, road_end):  # type: ignore[no-untyped-def]
    """The lane that a driver must change into because their own ends; `NOBODY` where none."""
    end = lanes[lane].end
    if end >= road_end - 1.0 or end - station > _MUST_WITHIN:
        return NOBODY
    if station < lanes[lane].opens - _LOOK_AHEAD_OF_OPENING:
        return NOBODY
    for other in (lane - 1, lane + 1):
        if 0 <= other < lanes.shape[0] and lanes[other].end > end:
            return other
    return NOBODY


@numba.njit(cache=True)
def crossable(lanes, lane, other, station):  # type: ignore[no-untyped-def]
    """Whether the line between two neighbouring lanes may be crossed."""
    if other < 0 or other >= lanes.shape[0] or station < max(lanes[lane].opens, lanes[other].opens):
        return False
    return lanes[other].start <= station <= lanes[other].end


@numba.njit(cache=True)
def gap_is_safe(bodies, order, rank, lanes, rows, row, lane, wish, most):  # type: ignore[no-untyped-def]
    """Whether there is room in a lane and nobody, oneself included, must brake harder than ``most``."""
    own = bodies[order[rank]]
    leader = ahead_of(bodies, order, rank, lanes, lane, 0.0)
    if leader != NOBODY:
        gap = gap_between(own, bodies[leader])
        if gap < 2.0 + 0.15 * own.speed:
            return False
        if idm(row, own.speed, wish, gap, bodies[leader].speed, 2.0) < -most:
            return False
    follower = behind_of(bodies, order, rank, lanes, lane)
    if follower == NOBODY or bodies[follower].kind == STANDING:
        return follower == NOBODY or gap_between(bodies[follower], own) > 2.0
    other = bodies[follower]
    gap = gap_between(other, own)
    if gap < 2.0 + 0.15 * other.speed:
        return False
    # the ego is no row: it is taken to drive like the one who asks
    driver = rows[follower] if follower < rows.shape[0] else row
    return idm(driver, other.speed, max(other.speed, 1.0), gap, own.speed, 2.0) >= -most


@numba.njit(cache=True)
def can_pull_out(bodies, order, rank, row, leader, duration):  # type: ignore[no-untyped-def]
    """Whether a change now clears what lies ahead in one's own lane before one gets there."""
    if leader == NOBODY:
        return True
    own, other = bodies[order[rank]], bodies[leader]
    slower = max(own.speed - max(other.speed, 0.0), 0.0)
    standing = other.speed < _SLOW
    reach = max(slower * duration, change_reach(row) if standing else 0.0)
    return gap_between(own, other) > _CLEARED * reach + 0.5


@numba.njit(cache=True)
def _loss_behind(bodies, order, rank, lanes, rows, row, lane):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] the follower in a lane has less of with this vehicle ahead of it."""
    own = bodies[order[rank]]
    follower = behind_of(bodies, order, rank, lanes, lane)
    if follower == NOBODY or bodies[follower].kind != MOVING:
        return 0.0
    other = bodies[follower]
    driver = rows[follower] if follower < rows.shape[0] else row
    wish = max(other.speed, 1.0)
    with_me = idm(driver, other.speed, wish, gap_between(other, own), own.speed, 2.0)
    leader = ahead_of(bodies, order, rank, lanes, lane, 0.0)
    if leader == NOBODY:
        return -with_me
    gap = gap_between(other, bodies[leader])
    return idm(driver, other.speed, wish, gap, bodies[leader].speed, 2.0) - with_me


@numba.njit(cache=True)
def wanted_lane(bodies, order, rank, lanes, rows, row, wish):  # type: ignore[no-untyped-def]
    """The neighbouring lane worth changing into by MOBIL's incentive; `NOBODY` where none is."""
    lane, station = row.target_lane, row.station
    here = along_lane(bodies, order, rank, lanes, row, lane, wish)
    blocked = here < -0.3 or row.speed < 0.4 * wish
    best, most = NOBODY, row.threshold
    for other in (lane - 1, lane + 1):
        if not crossable(lanes, lane, other, station) or lanes[other].ramp:
            continue
        if lanes[other].end - station < _CONTINUES and lanes[other].end < lanes[lane].end:
            continue
        if row.large and other < lane and not blocked:
            continue
        right = _LARGE_KEEP_RIGHT if row.large else _KEEP_RIGHT
        there = along_lane(bodies, order, rank, lanes, row, other, wish)
        gain = there - here + (right if other > lane else -right)
        gain += row.politeness * (
            _loss_behind(bodies, order, rank, lanes, rows, row, lane)
            - _loss_behind(bodies, order, rank, lanes, rows, row, other)
        )
        if gain > most and gap_is_safe(bodies, order, rank, lanes, rows, row, other, wish, _SAFE):
            best, most = other, gain
    return best


@numba.njit(cache=True)
def begin_change(row, own, lanes, lane, duration):  # type: ignore[no-untyped-def]
    """Start towards a lane; at once others see that it is being taken."""
    row.side = 1 if lane > row.target_lane else -1
    row.target_lane = lane
    row.shift = row.lateral - lane_centre(lanes, lane, row.station)
    row.progress, row.duration = 0.0, duration
    row.wish, row.must, row.signal, row.timer = NOBODY, 0, 0.0, 0.0
    own.target = lane


@numba.njit(cache=True)
def consider(bodies, order, rank, lanes, rows, row, wish, road_end, dt):  # type: ignore[no-untyped-def]
    """One tick of making up one's mind: wish, signal for a while, then go if the gap is there."""
    own = bodies[order[rank]]
    row.timer += dt
    must = required_lane(lanes, row.target_lane, row.station, road_end)
    if must not in (NOBODY, row.wish):
        row.wish, row.must, row.signal = must, 1, 0.0
    elif row.wish == NOBODY and row.timer >= DECIDE_EVERY and not row.scripted:
        row.timer = 0.0
        row.wish = wanted_lane(bodies, order, rank, lanes, rows, row, wish)
        row.signal = 0.0
    if row.wish == NOBODY:
        return
    row.side = 1 if row.wish > row.target_lane else -1
    row.signal += dt
    if row.signal < SIGNAL_BEFORE:
        return
    left = lanes[row.target_lane].end - row.station
    most = _SAFE + _URGENT * min(max(1.0 - left / 200.0, 0.0), 1.0) if row.must else _SAFE
    duration = _LARGE_DURATION if row.large else _DURATION
    leader = ahead_of(bodies, order, rank, lanes, row.target_lane, 0.0)
    free = gap_is_safe(bodies, order, rank, lanes, rows, row, row.wish, wish, most)
    free = free and can_pull_out(bodies, order, rank, row, leader, duration)
    if free and crossable(lanes, row.target_lane, row.wish, row.station):
        begin_change(row, own, lanes, row.wish, duration)
    elif not row.must:
        row.wish = NOBODY
