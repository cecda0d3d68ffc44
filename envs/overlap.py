"""Overlap tests of oriented boxes and discs, at one instant and swept over a tick.

Poses are x, y [m] and yaw [rad] of the centre in the world frame. Within a tick they are interpolated from
its start to its end. Boxes are tested by separating axes (Gottschalk et al. 1996).
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray


@kernel()
def _turn(start, end):  # type: ignore[no-untyped-def]
    """Signed difference of two angles in [−π, π) [rad]."""
    return (end - start + math.pi) % (2.0 * math.pi) - math.pi


@kernel()
def _boxes_touch(ax, ay, ayaw, al, aw, bx, by, byaw, bl, bw):  # type: ignore[no-untyped-def]
    """Whether two oriented boxes (centre, yaw, length, width) fraction a point."""
    dx, dy = bx - ax, by - ay
    for axis in range(4):
        yaw = (ayaw if axis < 2 else byaw) + (axis % 2) * math.pi / 2.0
        ux, uy = math.cos(yaw), math.sin(yaw)
        extent_a = (al * abs(math.cos(yaw - ayaw)) + aw * abs(math.sin(yaw - ayaw))) / 2.0
        extent_b = (bl * abs(math.cos(yaw - byaw)) + bw * abs(math.sin(yaw - byaw))) / 2.0
        if abs(dx * ux + dy * uy) > extent_a + extent_b:
            return False
    return True


@kernel()
def _disc_touches(ax, ay, ayaw, al, aw, bx, by, radius):  # type: ignore[no-untyped-def]
    """Whether a disc shares a point with an oriented box."""
    dx, dy = bx - ax, by - ay
    cos, sin = math.cos(ayaw), math.sin(ayaw)
    longitudinal = max(abs(dx * cos + dy * sin) - al / 2.0, 0.0)
    lateral = max(abs(dy * cos - dx * sin) - aw / 2.0, 0.0)
    return longitudinal * longitudinal + lateral * lateral <= radius * radius


@kernel()
def first_touch(  # type: ignore[no-untyped-def]
    box_start, box_end, length, width, starts, ends, lengths, widths, radii, resolution
):
    """Fraction of the tick, 0 to 1, at which each of N shapes first touches a box; −1 if it does not.

    Consecutive tests are at most ``resolution`` of relative motion apart, so that no shape wider than that
    is missed.

    Args:
        box_start, box_end: Poses of the box at the start and end of the tick, shape (3,).
        length, width: Size of the box [m].
        starts, ends: Poses of the shapes at the start and end of the tick, shape (N, 3).
        lengths, widths: Sizes of the shapes that are boxes [m], shape (N,).
        radii: Radii of the shapes that are discs [m], 0 for boxes, shape (N,).
        resolution: Relative motion between two tests [m].

    Returns:
        Array of shape (N,).
    """
    count = starts.shape[0]
    fraction = np.full(count, -1.0)
    turn = _turn(box_start[2], box_end[2])
    own_radius = math.hypot(length, width) / 2.0
    for i in range(count):
        move_x = (ends[i, 0] - starts[i, 0]) - (box_end[0] - box_start[0])
        move_y = (ends[i, 1] - starts[i, 1]) - (box_end[1] - box_start[1])
        travel = math.hypot(move_x, move_y)
        radius = radii[i] if radii[i] > 0.0 else math.hypot(lengths[i], widths[i]) / 2.0
        distance = math.hypot(ends[i, 0] - box_end[0], ends[i, 1] - box_end[1])
        if distance > own_radius + radius + travel:
            continue
        other_turn = _turn(starts[i, 2], ends[i, 2])
        swing = abs(turn) * own_radius + abs(other_turn) * radius
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
                fraction[i] = t
                break
    return fraction


@kernel()
def count_touching(poses, lengths, widths, poses_b, radii_b):  # type: ignore[no-untyped-def]
    """Number of pairs that touch: of two boxes, or of a box and a disc.

    Boxes are sorted along x, so that only nearby ones are compared.

    Args:
        poses: Poses of the boxes, shape (N, 3).
        lengths, widths: Sizes of the boxes [m], shape (N,).
        poses_b: Poses of the discs, shape (M, 3).
        radii_b: Radii of the discs [m], shape (M,).
    """
    count, total, max_extent = poses.shape[0], 0, 0.0
    order = np.argsort(poses[:, 0])
    for i in range(count):
        max_extent = max(max_extent, (lengths[i] + widths[i]) / 2.0)
    for first in range(count):
        i = order[first]
        own_extent = (lengths[i] + widths[i]) / 2.0
        for second in range(first + 1, count):
            j = order[second]
            if poses[j, 0] - poses[i, 0] > own_extent + max_extent:
                break
            extent = own_extent + (lengths[j] + widths[j]) / 2.0
            if poses[j, 0] - poses[i, 0] > extent or abs(poses[i, 1] - poses[j, 1]) > extent:
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


@kernel()
def touches_any(pose, length, width, radius, poses, lengths, widths, radii):  # type: ignore[no-untyped-def]
    """Whether a shape touches any of N others; a positive radius makes a shape a disc.

    Args:
        pose: Pose of the shape, shape (3,).
        length, width, radius: Size of the shape [m].
        poses: Poses of the others, shape (N, 3).
        lengths, widths, radii: Sizes of the others [m], shape (N,).
    """
    own_extent = radius if radius > 0.0 else (length + width) / 2.0
    for i in range(poses.shape[0]):
        extent = own_extent + (radii[i] if radii[i] > 0.0 else (lengths[i] + widths[i]) / 2.0)
        dx, dy = poses[i, 0] - pose[0], poses[i, 1] - pose[1]
        if abs(dx) > extent or abs(dy) > extent:
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


@kernel()
def previous_poses(previous_ids, previous, ids, poses):  # type: ignore[no-untyped-def]
    """Poses of the previous tick in the present order of rows, shape (N, 3).

    A shape that has just appeared has its present pose.

    Args:
        previous_ids: Actor ids of the previous tick, shape (M,).
        previous: Poses of the previous tick, shape (M, 3).
        ids: Present actor ids, shape (N,).
        poses: Present poses, shape (N, 3).
    """
    same = previous_ids.shape[0] == ids.shape[0]
    for i in range(ids.shape[0]):
        same = same and previous_ids[i] == ids[i]
    if same:
        return previous
    starts = poses.copy()
    for i in range(ids.shape[0]):
        for j in range(previous_ids.shape[0]):
            if previous_ids[j] == ids[i]:
                starts[i] = previous[j]
    return starts


def pose_at(start: FloatArray, end: FloatArray, fraction: float) -> FloatArray:
    """Interpolate a pose, shape (3,), at a ``fraction``, 0 to 1, of a tick."""
    pose = start + (end - start) * fraction
    pose[2] = start[2] + _turn(start[2], end[2]) * fraction
    return pose
