"""Swept overlap of moving boxes and discs: when, within one tick, the ego's box first touches another shape.

Poses are ``(x, y, yaw)`` of the body's centre in the world frame, at the tick's start and end; in
between they are interpolated. Boxes are tested by separating axes (Gottschalk et al. 1996).
"""

from __future__ import annotations

import math

import numba
import numpy as np

from drive_stack.types import FloatArray


@numba.njit(cache=True)
def _turn(start, end):  # type: ignore[no-untyped-def]
    """The short way round from one angle to another [rad]."""
    return (end - start + math.pi) % (2.0 * math.pi) - math.pi


@numba.njit(cache=True)
def _boxes_touch(ax, ay, ayaw, al, aw, bx, by, byaw, bl, bw):  # type: ignore[no-untyped-def]
    """Whether two oriented boxes (centre, yaw, length, width) share a point."""
    dx, dy = bx - ax, by - ay
    for axis in range(4):
        yaw = (ayaw if axis < 2 else byaw) + (axis % 2) * math.pi / 2.0
        ux, uy = math.cos(yaw), math.sin(yaw)
        reach_a = (al * abs(math.cos(yaw - ayaw)) + aw * abs(math.sin(yaw - ayaw))) / 2.0
        reach_b = (bl * abs(math.cos(yaw - byaw)) + bw * abs(math.sin(yaw - byaw))) / 2.0
        if abs(dx * ux + dy * uy) > reach_a + reach_b:
            return False
    return True


@numba.njit(cache=True)
def _disc_touches(ax, ay, ayaw, al, aw, bx, by, radius):  # type: ignore[no-untyped-def]
    """Whether a disc shares a point with an oriented box."""
    dx, dy = bx - ax, by - ay
    cos, sin = math.cos(ayaw), math.sin(ayaw)
    ahead = max(abs(dx * cos + dy * sin) - al / 2.0, 0.0)
    aside = max(abs(dy * cos - dx * sin) - aw / 2.0, 0.0)
    return ahead * ahead + aside * aside <= radius * radius


@numba.njit(cache=True)
def first_touch(  # type: ignore[no-untyped-def]
    box_start, box_end, length, width, starts, ends, lengths, widths, radii, resolution
):
    """Share of the tick (0 … 1) at which each of N shapes first touches the box; −1 where never.

    ``box_start`` and ``box_end`` (3,), ``starts`` and ``ends`` (N, 3); a shape with ``radii`` > 0 is
    a disc, else a box of ``lengths`` and ``widths`` (N,). Consecutive tests are at most
    ``resolution`` [m] of relative motion apart, so nothing wider can pass unseen.
    """
    count = starts.shape[0]
    share = np.full(count, -1.0)
    turn = _turn(box_start[2], box_end[2])
    own_reach = math.hypot(length, width) / 2.0
    for i in range(count):
        move_x = (ends[i, 0] - starts[i, 0]) - (box_end[0] - box_start[0])
        move_y = (ends[i, 1] - starts[i, 1]) - (box_end[1] - box_start[1])
        travel = math.hypot(move_x, move_y)
        reach = radii[i] if radii[i] > 0.0 else math.hypot(lengths[i], widths[i]) / 2.0
        apart = math.hypot(ends[i, 0] - box_end[0], ends[i, 1] - box_end[1])
        if apart > own_reach + reach + travel:
            continue
        other_turn = _turn(starts[i, 2], ends[i, 2])
        swing = abs(turn) * own_reach + abs(other_turn) * reach
        tests = max(math.ceil((travel + swing) / resolution), 1)
        for k in range(tests + 1):
            t = k / tests
            ax = box_start[0] + (box_end[0] - box_start[0]) * t
            ay = box_start[1] + (box_end[1] - box_start[1]) * t
            ayaw = box_start[2] + turn * t
            bx = starts[i, 0] + (ends[i, 0] - starts[i, 0]) * t
            by = starts[i, 1] + (ends[i, 1] - starts[i, 1]) * t
            if radii[i] > 0.0:
                touching = _disc_touches(ax, ay, ayaw, length, width, bx, by, radii[i])
            else:
                byaw = starts[i, 2] + other_turn * t
                touching = _boxes_touch(ax, ay, ayaw, length, width, bx, by, byaw, lengths[i], widths[i])
            if touching:
                share[i] = t
                break
    return share


@numba.njit(cache=True)
def count_touching(poses, lengths, widths, poses_b, radii_b):  # type: ignore[no-untyped-def]
    """How many pairs touch: boxes ``(N, 3)`` among themselves, and boxes against discs ``(M, 3)``.

    Boxes are swept along x, so that only those near one another are compared.
    """
    count, total, longest = poses.shape[0], 0, 0.0
    order = np.argsort(poses[:, 0])
    for i in range(count):
        longest = max(longest, (lengths[i] + widths[i]) / 2.0)
    for first in range(count):
        i = order[first]
        own = (lengths[i] + widths[i]) / 2.0
        for second in range(first + 1, count):
            j = order[second]
            if poses[j, 0] - poses[i, 0] > own + longest:
                break
            reach = own + (lengths[j] + widths[j]) / 2.0
            if poses[j, 0] - poses[i, 0] > reach or abs(poses[i, 1] - poses[j, 1]) > reach:
                continue
            if _boxes_touch(
                poses[i, 0], poses[i, 1], poses[i, 2], lengths[i], widths[i],
                poses[j, 0], poses[j, 1], poses[j, 2], lengths[j], widths[j],
            ):  # fmt: skip
                total += 1
    for i in range(count):
        for j in range(poses_b.shape[0]):
            if _disc_touches(
                poses[i, 0], poses[i, 1], poses[i, 2], lengths[i], widths[i],
                poses_b[j, 0], poses_b[j, 1], radii_b[j],
            ):  # fmt: skip
                total += 1
    return total


@numba.njit(cache=True)
def touches_any(pose, length, width, radius, poses, lengths, widths, radii):  # type: ignore[no-untyped-def]
    """Whether a shape touches any of N others; a positive radius makes a disc of any of them."""
    own = radius if radius > 0.0 else (length + width) / 2.0
    for i in range(poses.shape[0]):
        reach = own + (radii[i] if radii[i] > 0.0 else (lengths[i] + widths[i]) / 2.0)
        dx, dy = poses[i, 0] - pose[0], poses[i, 1] - pose[1]
        if abs(dx) > reach or abs(dy) > reach:
            continue
        if radius > 0.0 and radii[i] > 0.0:
            touching = math.hypot(dx, dy) <= radius + radii[i]
        elif radius > 0.0:
            touching = _disc_touches(
                poses[i, 0], poses[i, 1], poses[i, 2], lengths[i], widths[i], pose[0], pose[1], radius
            )
        elif radii[i] > 0.0:
            touching = _disc_touches(
                pose[0], pose[1], pose[2], length, width, poses[i, 0], poses[i, 1], radii[i]
            )
        else:
            touching = _boxes_touch(
                pose[0], pose[1], pose[2], length, width,
                poses[i, 0], poses[i, 1], poses[i, 2], lengths[i], widths[i],
            )  # fmt: skip
        if touching:
            return True
    return False


@numba.njit(cache=True)
def poses_before(was_ids, was_poses, ids, poses):  # type: ignore[no-untyped-def]
    """Poses (N, 3) a tick ago in the rows of now; what has just appeared begins where it is."""
    same = was_ids.shape[0] == ids.shape[0]
    for i in range(ids.shape[0]):
        same = same and was_ids[i] == ids[i]
    if same:
        return was_poses
    starts = poses.copy()
    for i in range(ids.shape[0]):
        for j in range(was_ids.shape[0]):
            if was_ids[j] == ids[i]:
                starts[i] = was_poses[j]
    return starts


def pose_at(start: FloatArray, end: FloatArray, share: float) -> FloatArray:
    """The pose ``(3,)`` a share of the way through a tick."""
    pose = start + (end - start) * share
    pose[2] = start[2] + _turn(start[2], end[2]) * share
    return pose
