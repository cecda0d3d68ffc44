"""Kernels that advance all traffic by one tick in place: collect bodies, decide, accelerate, move."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.geometry import extents
from drive_stack.road.kernels import grade_at, piece_at, to_road, to_world
from drive_stack.support.kernels import kernel
from drive_stack.vehicle import GRAVITY

from .car_following import (
    NONE,
    acceleration_behind,
    gap_between,
    idm,
    lane_acceleration,
    lane_centre,
    leader_in,
    min_change_distance,
    path_acceleration,
    speed_cap_at,
)
from .lane_changing import decide_lane_change, required_lane
from .records import BODY, MOVING, PEDESTRIAN, STATIONARY

_YIELD_RANGE = 70.0  # distance ahead up to which drivers yield to merging vehicles [m]
_YIELD_BRAKING = 2.0  # maximum braking to yield [m/s²]
_MIN_YIELD_SPEED = 5.0  # drivers do not yield to slower vehicles, unless traffic crawls [m/s]
_CRAWLING_SPEED = 12.0  # traffic below this speed crawls [m/s]
_RESISTANCE = 0.12  # of rolling and air, for large vehicles [m/s²]
_MIN_POWERED_SPEED = 3.0  # below it the clutch limits the drive force [m/s]
_EGO_STATIONARY_SPEED = 1.0  # below this speed drivers overtake the ego like a parked car [m/s]
FAR = -1e9  # station of rows without a vehicle [m]


@kernel()
def _collect_bodies(rows, lanes, pieces, ego, pedestrians, obstacles, road_end):  # type: ignore[no-untyped-def]
    """Return all bodies as `BODY` records: rows at their own index, then ego, pedestrians and obstacles."""
    count, last = rows.shape[0], pieces[3].shape[0] - 1
    bodies = np.zeros(count + 1 + pedestrians.shape[1] + obstacles.shape[1], dtype=BODY)
    for i in range(count):
        row, body = rows[i], bodies[i]
        body.station = row.station if row.alive else FAR
        body.lateral = row.lateral if row.alive else FAR
        body.speed, body.kind = row.speed, STATIONARY if row.parked else MOVING
        along, across = extents(row.length, row.width, row.heading)
        body.half_length = along / 2.0 if row.parked else row.length / 2.0  # parked: possibly across the road
        body.half_width = across / 2.0  # a slow lane change is oblique
        body.target = row.target_lane if row.alive and not row.parked else NONE
        body.merges_into = row.desired_lane if row.alive and row.mandatory else NONE
    body = bodies[count]
    body.station, body.lateral, body.speed = ego[0], ego[1], ego[2]
    body.half_length, body.half_width = ego[3] / 2.0, ego[4] / 2.0
    body.kind, body.target, lane = STATIONARY if ego[2] < _EGO_STATIONARY_SPEED else MOVING, NONE, int(ego[5])
    body.merges_into = required_lane(lanes, lane, ego[0], road_end) if lane >= 0 else NONE
    for i in range(pedestrians.shape[1]):
        body = bodies[count + 1 + i]
        body.station, body.lateral, yaw = to_road(pieces, pedestrians[0, i], pedestrians[1, i], 0, last)
        vx, vy = pedestrians[2, i], pedestrians[3, i]
        body.speed = vx * math.cos(yaw) + vy * math.sin(yaw)
        body.drift = vy * math.cos(yaw) - vx * math.sin(yaw)
        body.half_length, body.half_width = pedestrians[4, i], pedestrians[5, i]
        body.kind, body.target, body.merges_into = PEDESTRIAN, NONE, NONE
    for i in range(obstacles.shape[1]):
        body = bodies[count + 1 + pedestrians.shape[1] + i]
        body.station, body.lateral, _ = to_road(pieces, obstacles[0, i], obstacles[1, i], 0, last)
        body.half_length, body.half_width = obstacles[2, i] / 2.0, obstacles[3, i] / 2.0
        body.kind, body.target, body.merges_into = STATIONARY, NONE, NONE
    return bodies


@kernel()
def _yielding_acceleration(bodies, order, rank, row, desired_speed):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] that yields gently to a vehicle ahead that must enter this lane."""
    own = bodies[order[rank]]
    for k in range(rank + 1, order.shape[0]):
        other = bodies[order[k]]
        if other.station - own.station > _YIELD_RANGE:
            break
        merges = other.merges_into == row.target_lane
        if merges and (other.speed > _MIN_YIELD_SPEED or own.speed < _CRAWLING_SPEED):
            gap = gap_between(own, other)
            return max(idm(row, own.speed, desired_speed, gap, other.speed, 2.0), -_YIELD_BRAKING)
    return row.max_acceleration


@kernel()
def _acceleration(bodies, order, rank, lanes, row, desired_speed):  # type: ignore[no-untyped-def]
    """Return the acceleration [m/s²] from all car-following and yielding terms."""
    result = lane_acceleration(bodies, order, rank, lanes, row, row.target_lane, desired_speed)
    if row.progress < 1.0:
        result = min(result, path_acceleration(bodies, order, rank, row, desired_speed))
    if row.desired_lane != NONE and row.mandatory:
        leader = leader_in(bodies, order, rank, lanes, row, row.desired_lane)
        if leader != NONE and bodies[leader].speed > _MIN_YIELD_SPEED:
            merging = acceleration_behind(row, bodies[order[rank]], desired_speed, bodies[leader], 2.0, 2.0)
            result = min(result, max(merging, -_YIELD_BRAKING))
    return min(result, _yielding_acceleration(bodies, order, rank, row, desired_speed))


@kernel()
def _max_braking(row, pieces, grip):  # type: ignore[no-untyped-def]
    """Return the braking [m/s²] that the friction circle leaves.

    The lateral acceleration of the curve and of a lane change under way uses up the rest.
    """
    curvature = pieces[4][piece_at(pieces, row.station)]
    lateral = abs(row.speed**2 * curvature / (1.0 - curvature * row.lateral))
    if row.progress < 1.0:
        p, rate = row.progress, min(1.0 / row.duration, row.speed / min_change_distance(row))
        # second derivative of the minimum-jerk profile in `_move`
        lateral += abs(row.shift * p * (60.0 - 180.0 * p + 120.0 * p * p)) * rate * rate
    return math.sqrt(max(grip * grip - lateral * lateral, 0.0))


@kernel()
def _limit_by_grade(row, pieces, grade, grip, acceleration):  # type: ignore[no-untyped-def]
    """Return the acceleration along the road that tyres and engine can give a driver who asks for one [m/s²].

    The tyres must overcome gravity as well. So must the engine: uphill, a large vehicle of power P and mass m
    at speed v has at most P / (m·v) − resistance − 9.81·sin θ. Cars have enough power for any grade.
    """
    level_share = 1.0 / math.sqrt(1.0 + grade * grade)
    pull = -GRAVITY * grade * level_share
    acceleration = max(acceleration, pull - _max_braking(row, pieces, grip * level_share))
    if grade > 0.0 and row.large:
        power = specific_power(row.length) / max(row.speed, _MIN_POWERED_SPEED)
        acceleration = min(acceleration, power - _RESISTANCE + pull)
    return acceleration


@kernel()
def specific_power(length):  # type: ignore[no-untyped-def]
    """Return the engine power of a loaded large vehicle of a length [m] by its mass [W/kg].

    A semi-trailer of 40 t has about 340 kW at the wheels; lighter lorries and buses have more for each tonne.
    """
    return 8.5 if length > 12.6 else 13.0


@kernel()
def _move(row, lanes, pieces, grade, dt):  # type: ignore[no-untyped-def]
    """Move a vehicle: exact longitudinal motion at constant acceleration, minimum-jerk lateral motion."""
    before = row.speed
    row.speed = max(before + row.acceleration * dt, 0.0)
    if row.speed > 0.0 or row.acceleration >= 0.0:
        distance = (before + row.speed) / 2.0 * dt
    else:
        distance = -before * before / (2.0 * row.acceleration)
    if row.speed == 0.0 and row.acceleration < 0.0 and before == 0.0:
        row.acceleration = 0.0
    along = distance / math.sqrt(1.0 + grade * grade)  # in plan view
    row.station += along / (1.0 - pieces[4][piece_at(pieces, row.station)] * row.lateral)
    if row.progress < 1.0:
        row.progress = min(row.progress + min(dt / row.duration, distance / min_change_distance(row)), 1.0)
    p = row.progress
    remaining = 1.0 - p * p * p * (10.0 - 15.0 * p + 6.0 * p * p)  # minimum jerk (Flash and Hogan 1985)
    previous_lateral = row.lateral
    row.lateral = lane_centre(lanes, row.target_lane, row.station) + row.offset + row.shift * remaining
    if distance > 1e-6:
        row.heading = math.atan2(row.lateral - previous_lateral, distance)
    if p > 0.5:
        row.lane = row.target_lane
    if p >= 1.0:
        row.shift = 0.0


@kernel()
def step_all(  # type: ignore[no-untyped-def]
    rows, lanes, pieces, profile, cap, road_end, ego, pedestrians, obstacles, grip, dt
):
    """Advance every vehicle by ``dt`` [s], in place. All drivers decide before any vehicle moves.

    ``rows`` (N,) are `VEHICLE` records. ``ego`` holds station, lateral, speed, length, width and lane,
    ``pedestrians`` (6, P) x, y, vx, vy, half length and half width, ``obstacles`` (4, Q) x, y, length and
    width; positions and velocities are in the world frame, sizes along the road. Drivers that decide later
    in the same tick already see the new target lane of earlier ones.
    ``profile`` holds the grades, see `drive_stack.road.vertical_profile`.
    ``grip`` is the radius of the tyres' friction circle [m/s²]; it does not limit forced accelerations.
    """
    bodies = _collect_bodies(rows, lanes, pieces, ego, pedestrians, obstacles, road_end)
    order = np.argsort(bodies["station"], kind="mergesort")
    rank_of = np.empty_like(order)
    for rank in range(order.shape[0]):
        rank_of[order[rank]] = rank
    for i in range(rows.shape[0]):
        row = rows[i]
        if not row.alive or row.parked:
            continue
        rank = rank_of[i]
        desired_speed = min(
            row.target_speed, row.max_speed, speed_cap_at(cap, row.station) * row.speed_factor
        )
        if row.progress >= 1.0 and math.isnan(row.forced):
            decide_lane_change(bodies, order, rank, lanes, rows, row, desired_speed, road_end, dt)
        if math.isnan(row.forced):
            row.acceleration = _limit_by_grade(
                row, pieces, grade_at(profile, row.station), grip,
                _acceleration(bodies, order, rank, lanes, row, desired_speed),
            )  # fmt: skip
        else:
            row.acceleration = row.forced
    for i in range(rows.shape[0]):
        if rows[i].alive and not rows[i].parked:
            _move(rows[i], lanes, pieces, grade_at(profile, rows[i].station), dt)


@kernel()
def footprints(rows, pieces, ids, poses, speeds, lengths, widths, radii):  # type: ignore[no-untyped-def]
    """Return the shapes of all V vehicles, followed by W other shapes.

    Args:
        rows: `VEHICLE` records, shape (N,).
        pieces: The road, see `drive_stack.road.kernels`.
        ids: Actor ids of the other shapes, shape (W,).
        poses: Their x, y [m] and yaw [rad] in the world frame, shape (W, 3).
        speeds, lengths, widths, radii: Their speeds [m/s] and sizes [m], shape (W,).

    Returns:
        Ids (V + W,), poses (V + W, 3), and speeds, lengths, widths and radii in an array (4, V + W).
    """
    count, others = 0, ids.shape[0]
    for i in range(rows.shape[0]):
        count += rows[i].alive
    all_ids, all_poses = np.empty(count + others, np.int64), np.empty((count + others, 3))
    values = np.empty((4, count + others))
    k = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.alive:
            x, y, yaw = to_world(pieces, row.station, row.lateral)
            all_ids[k], all_poses[k, 0], all_poses[k, 1], all_poses[k, 2] = row.id, x, y, yaw + row.heading
            values[0, k], values[1, k], values[2, k], values[3, k] = row.speed, row.length, row.width, 0.0
            k += 1
    for i in range(others):
        all_ids[k], all_poses[k, 0], all_poses[k, 1] = ids[i], poses[i, 0], poses[i, 1]
        all_poses[k, 2] = poses[i, 2]
        values[0, k], values[1, k], values[2, k], values[3, k] = speeds[i], lengths[i], widths[i], radii[i]
        k += 1
    return all_ids, all_poses, values


@kernel()
def road_bodies(rows, ego):  # type: ignore[no-untyped-def]
    """Return station, lateral, speed, length and width of all V vehicles, then of the ego, (5, V + 1).

    ``ego`` holds the five values of the ego, shape (5,).
    """
    count = 0
    for i in range(rows.shape[0]):
        count += rows[i].alive
    bodies = np.empty((5, count + 1))
    k = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.alive:
            bodies[0, k], bodies[1, k], bodies[2, k] = row.station, row.lateral, row.speed
            bodies[3, k], bodies[4, k] = row.length, row.width
            if row.parked:  # possibly across the road
                bodies[3, k], bodies[4, k] = extents(row.length, row.width, row.heading)
            k += 1
    bodies[:, k] = ego
    return bodies
