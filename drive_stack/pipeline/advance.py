"""Moves tracks and lanes from the step of an exposure to the present one, by the motion of the ego."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drive_stack.geometry import ReferenceLine, wrap_angle, wrap_angles
from drive_stack.pipeline.timeline import Motion
from drive_stack.tracking.classes import CLASS_MODELS
from drive_stack.tracking.ego_motion import EgoStep, ego_step
from drive_stack.tracking.kernels import predict_state
from drive_stack.types import AdjacentLane, LaneEstimate, LanePath, Track


def ego_steps(start: Motion, motions: Sequence[Motion], dt: float) -> list[EgoStep]:
    """Motions of the rear axle from ``start`` on, each from the mean of both ends of a step of ``dt`` [s]."""
    ends = [start, *motions]
    return [
        ego_step(0.5 * (before.speed + after.speed), 0.5 * (before.yaw_rate + after.yaw_rate), dt)
        for before, after in zip(ends, motions, strict=False)
    ]


def advance_tracks(tracks: tuple[Track, ...], steps: Sequence[EgoStep], dt: float) -> tuple[Track, ...]:
    """The tracks after ``steps`` of ``dt`` [s], in the last ego frame.

    Objects keep their velocity over ground; the covariance grows by the accelerations of their class.
    """
    return tuple(_advanced(track, steps, dt) for track in tracks)


def _advanced(track: Track, steps: Sequence[EgoStep], dt: float) -> Track:
    model = CLASS_MODELS[track.label]
    mean, covariance = np.zeros(5), np.zeros((5, 5))
    mean[:2], mean[2:4], covariance[:4, :4] = track.position, track.velocity, track.covariance
    for step in steps:
        mean, covariance = predict_state(
            mean,
            covariance,
            step.shift,
            step.turn,
            dt,
            model.longitudinal_acceleration,
            model.lateral_acceleration,
        )
    turn = sum(step.turn for step in steps)
    return replace(
        track,
        position=mean[:2],
        velocity=mean[2:4],
        covariance=covariance[:4, :4],
        heading=wrap_angle(track.heading - turn),
    )


def advance_lanes(lanes: LaneEstimate, steps: Sequence[EgoStep]) -> LaneEstimate:
    """The lanes in the ego frame after ``steps``. The ground is unchanged: it belongs to the last image."""
    before = lanes.path
    xy, turn = before.xy, 0.0
    for step in steps:
        xy, turn = step.points(xy), turn + step.turn
    line = ReferenceLine(before.station, xy, before.heading - turn, before.curvature)
    station, lateral = line.to_frenet(np.zeros(2))
    travelled = float(station)
    return replace(
        lanes,
        offset=float(lateral),
        heading=-wrap_angle(float(line.heading_at(station))),
        curvature=float(line.curvature_at(station)),
        path=_path_from(line, travelled),
        left=_nearer(lanes.left, travelled),
        right=_nearer(lanes.right, travelled),
        ends_in=max(lanes.ends_in - travelled, 0.0),
    )


def _path_from(line: ReferenceLine, start: float) -> LanePath:
    """The line from the station ``start`` [m] on, at the same stations as before as far as it is known."""
    known = line.station <= max(line.station[-1] - start, line.station[1])
    at = line.station[known] + start
    xy, heading = line.to_plane(at, np.zeros_like(at))
    return LanePath(line.station[known], xy, wrap_angles(heading), line.curvature_at(at))


def _nearer(lane: AdjacentLane, travelled: float) -> AdjacentLane:
    return replace(lane, ends_in=max(lane.ends_in - travelled, 0.0))
