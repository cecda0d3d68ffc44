"""Kernels: one tick of all traffic, in place: look about, decide, accelerate, move."""

from __future__ import annotations

import math

import numba
import numpy as np

from drive_stack.road_kernels import piece_at, to_road, to_world
from envs.traffic.changing import consider, required_lane
from envs.traffic.following import (
    NOBODY,
    ahead_of,
    along_lane,
    along_path,
    change_reach,
    gap_between,
    idm,
    lane_centre,
    response,
    speed_cap_at,
)
from envs.traffic.rows import BODY, MOVING, PERSON, STANDING

_YIELD_REACH = 70.0  # lets in somebody so far ahead [m]
_YIELD_BRAKING = 2.0  # for their sake [m/s²]
_YIELD_SLOWEST = 5.0  # who wants in and is slower than this must wait, unless traffic crawls [m/s]
_CRAWL = 12.0  # [m/s]
_EGO_STANDS = 1.0  # below this speed the ego is driven round like a parked car [m/s]
FAR = -1e9  # where rows without a vehicle lie [m]


@numba.njit(cache=True)
def _gather(rows, lanes, pieces, ego, people, obstacles, road_end):  # type: ignore[no-untyped-def]
    """All bodies: rows first, at their own index, then the ego, people and obstacles."""
    count, last = rows.shape[0], pieces[3].shape[0] - 1
    bodies = np.zeros(count + 1 + people.shape[1] + obstacles.shape[1], dtype=BODY)
    for i in range(count):
        row, body = rows[i], bodies[i]
        body.station = row.station if row.alive else FAR
        body.lateral = row.lateral if row.alive else FAR
        body.speed, body.kind = row.speed, STANDING if row.parked else MOVING
        along, across = abs(math.cos(row.heading)), abs(math.sin(row.heading))
        body.half_length = row.length / 2.0
        body.half_width = (row.width * along + row.length * across) / 2.0  # a slow lane change is oblique
        body.target = row.target_lane if row.alive and not row.parked else NOBODY
        body.yields_to = row.wish if row.alive and row.must else NOBODY
    body = bodies[count]
    body.station, body.lateral, body.speed = ego[0], ego[1], ego[2]
    body.half_length, body.half_width = ego[3] / 2.0, ego[4] / 2.0
    body.kind, body.target, lane = STANDING if ego[2] < _EGO_STANDS else MOVING, NOBODY, int(ego[5])
    body.yields_to = required_lane(lanes, lane, ego[0], road_end) if lane >= 0 else NOBODY
    for i in range(people.shape[1]):
        body = bodies[count + 1 + i]
        body.station, body.lateral, yaw = to_road(pieces, people[0, i], people[1, i], 0, last)
        vx, vy = people[2, i], people[3, i]
        body.speed = vx * math.cos(yaw) + vy * math.sin(yaw)
        body.drift = vy * math.cos(yaw) - vx * math.sin(yaw)
        body.half_length = body.half_width = people[4, i]
        body.kind, body.target, body.yields_to = PERSON, NOBODY, NOBODY
    for i in range(obstacles.shape[1]):
        body = bodies[count + 1 + people.shape[1] + i]
        body.station, body.lateral, _ = to_road(pieces, obstacles[0, i], obstacles[1, i], 0, last)
        body.half_length, body.half_width = obstacles[2, i] / 2.0, obstacles[3, i] / 2.0
        body.kind, body.target, body.yields_to = STANDING, NOBODY, NOBODY
    return bodies


@numba.njit(cache=True)
def _courtesy(bodies, order, rank, row, wish):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] that lets in whoever must change into this lane ahead; gentle."""
    own = bodies[order[rank]]
    for k in range(rank + 1, order.shape[0]):
        other = bodies[order[k]]
        if other.station - own.station > _YIELD_REACH:
            break
        if other.yields_to == row.target_lane and (other.speed > _YIELD_SLOWEST or own.speed < _CRAWL):
            return max(idm(row, own.speed, wish, gap_between(own, other), other.speed, 2.0), -_YIELD_BRAKING)
    return row.max_acceleration


@numba.njit(cache=True)
def _drive(bodies, order, rank, lanes, row, wish):  # type: ignore[no-untyped-def]
    """Acceleration [m/s²] by all that a driver minds."""
    result = along_lane(bodies, order, rank, lanes, row, row.target_lane, wish)
    if row.progress < 1.0:
        result = min(result, along_path(bodies, order, rank, lanes, row, wish))
    if row.wish != NOBODY and row.must:
        leader = ahead_of(bodies, order, rank, lanes, row.wish, 0.0)
        if leader != NOBODY and bodies[leader].speed > _YIELD_SLOWEST:
            there = response(row, bodies[order[rank]], wish, bodies[leader], 2.0, 2.0)
            result = min(result, max(there, -_YIELD_BRAKING))
    return min(result, _courtesy(bodies, order, rank, row, wish))


@numba.njit(cache=True)
def _max_braking(row, pieces, grip):  # type: ignore[no-untyped-def]
    """What the friction circle leaves for braking beside the bend and the lane change under way [m/s²]."""
    bend = pieces[4][piece_at(pieces, row.station)]
    across = abs(row.speed**2 * bend / (1.0 - bend * row.lateral))
    if row.progress < 1.0:
        p, rate = row.progress, min(1.0 / row.duration, row.speed / change_reach(row))
        # second derivative of the minimum-jerk profile in `_move`
        across += abs(row.shift * p * (60.0 - 180.0 * p + 120.0 * p * p)) * rate * rate
    return math.sqrt(max(grip * grip - across * across, 0.0))


@numba.njit(cache=True)
def _move(row, lanes, pieces, dt):  # type: ignore[no-untyped-def]
    """Along the road exactly for the acceleration held; across it by a minimum-jerk profile."""
    before = row.speed
    row.speed = max(before + row.acceleration * dt, 0.0)
    if row.speed > 0.0 or row.acceleration >= 0.0:
        distance = (before + row.speed) / 2.0 * dt
    else:
        distance = -before * before / (2.0 * row.acceleration)
    if row.speed == 0.0 and row.acceleration < 0.0 and before == 0.0:
        row.acceleration = 0.0
    row.station += distance / (1.0 - pieces[4][piece_at(pieces, row.station)] * row.lateral)
    if row.progress < 1.0:
        row.progress = min(row.progress + min(dt / row.duration, distance / change_reach(row)), 1.0)
    p = row.progress
    still = 1.0 - p * p * p * (10.0 - 15.0 * p + 6.0 * p * p)  # minimum jerk (Flash and Hogan 1985)
    was = row.lateral
    row.lateral = lane_centre(lanes, row.target_lane, row.station) + row.shift * still
    if distance > 1e-6:
        row.heading = math.atan2(row.lateral - was, distance)
    if p > 0.5:
        row.lane = row.target_lane
    if p >= 1.0:
        row.shift = 0.0


@numba.njit(cache=True)
def step_all(rows, lanes, pieces, cap, road_end, ego, people, obstacles, grip, dt):  # type: ignore[no-untyped-def]
    """Move every vehicle on by ``dt``; positions stand still while drivers decide.

    ``rows`` (N,) `VEHICLE`, ``ego`` station, lateral, speed, length, width, lane; ``people`` (5, P)
    x, y, vx, vy, radius and ``obstacles`` (4, Q) x, y, length, width in the world frame. A lane
    change is seen at once by those who decide later in the same tick. ``grip`` is the radius of the
    tyres' friction circle [m/s²]; a forced acceleration is that of the script, whatever the grip.
    """
    bodies = _gather(rows, lanes, pieces, ego, people, obstacles, road_end)
    order = np.argsort(bodies["station"], kind="mergesort")
    rank_of = np.empty_like(order)
    for rank in range(order.shape[0]):
        rank_of[order[rank]] = rank
    for i in range(rows.shape[0]):
        row = rows[i]
        if not row.alive or row.parked:
            continue
        rank = rank_of[i]
        wish = min(row.target_speed, row.pace, speed_cap_at(cap, row.station) * row.speed_factor)
        if row.progress >= 1.0 and math.isnan(row.forced):
            consider(bodies, order, rank, lanes, rows, row, wish, road_end, dt)
        if math.isnan(row.forced):
            row.acceleration = max(
                _drive(bodies, order, rank, lanes, row, wish), -_max_braking(row, pieces, grip)
            )
        else:
            row.acceleration = row.forced
    for i in range(rows.shape[0]):
        if rows[i].alive and not rows[i].parked:
            _move(rows[i], lanes, pieces, dt)


@numba.njit(cache=True)
def placed(rows, pieces):  # type: ignore[no-untyped-def]
    """Of the V vehicles: ids, poses (V, 3) x, y, yaw in the world, speeds, lengths and widths."""
    count = 0
    for i in range(rows.shape[0]):
        count += rows[i].alive
    ids, poses, values = np.empty(count, np.int64), np.empty((count, 3)), np.empty((3, count))
    k = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.alive:
            x, y, yaw = to_world(pieces, row.station, row.lateral)
            ids[k], poses[k, 0], poses[k, 1], poses[k, 2] = row.id, x, y, yaw + row.heading
            values[0, k], values[1, k], values[2, k] = row.speed, row.length, row.width
            k += 1
    return ids, poses, values[0], values[1], values[2]
