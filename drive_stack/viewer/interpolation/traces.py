"""An agent's trace between two steps: what it knew at the last step, as it appears from where the ego is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from drive_stack.geometry import rotation, to_local, to_world
from drive_stack.types import Detection, FloatArray, LaneEstimate, Plan, Prediction, StepTrace, Track
from drive_stack.world_state import EgoState

Box = tuple[float, float, float, float]


def trace_after(trace: StepTrace, then: EgoState, now: EgoState, elapsed: float) -> StepTrace:
    """What an agent knew ``elapsed`` s ago in the pose ``then``, without what it detected in its image.

    Lanes, plan and predictions stay where they are on the road; tracks move on at their velocities.
    """
    seen = _seen_from(trace, then, now, elapsed)
    tracks = tuple(replace(track, box=None) for track in seen.tracks)
    return replace(seen, detections=(), tracks=tracks, attention=None)


def trace_between(
    before: tuple[StepTrace, EgoState],
    after: tuple[StepTrace, EgoState],
    now: EgoState,
    fraction: float,
    duration: float,
) -> StepTrace:
    """The trace of a step as it appears at ``fraction`` 0 … 1 of the time to the next step.

    Lanes, plan and predictions are those of the first step and stay where they are on the road. Tracks that
    both steps have, and the boxes of those that both have detected, are interpolated.

    Args:
        before: The trace of a step and the ego's pose at it.
        after: Those of the next step.
        now: The ego's pose in between.
        fraction: See above.
        duration: Time between the two steps [s].
    """
    seen = _seen_from(*before, now, fraction * duration)
    back = _Shift.between(after[1], now)
    coming = {track.id: _moved(track, back, (fraction - 1.0) * duration) for track in after[0].tracks}
    tracks = tuple(
        _blended(track, coming[track.id], fraction) if track.id in coming else track for track in seen.tracks
    )
    return replace(seen, tracks=tracks, detections=_boxes_of(seen.detections, seen.tracks, tracks))


@dataclass(frozen=True, slots=True)
class _Shift:
    """The frame of one ego pose in that of another."""

    origin: FloatArray  # (2,) [m]
    turn: float  # [rad]

    @classmethod
    def between(cls, then: EgoState, now: EgoState) -> _Shift:
        here = np.array([now.x, now.y])
        return cls(to_local(np.array([then.x, then.y]), here, now.yaw), then.yaw - now.yaw)

    def points(self, points: FloatArray) -> FloatArray:
        return to_world(points, self.origin, self.turn)

    def directions(self, vectors: FloatArray) -> FloatArray:
        return np.asarray(vectors @ rotation(self.turn).T, dtype=np.float64)


def _seen_from(trace: StepTrace, then: EgoState, now: EgoState, elapsed: float) -> StepTrace:
    shift = _Shift.between(then, now)
    return replace(
        trace,
        tracks=tuple(_moved(track, shift, elapsed) for track in trace.tracks),
        lanes=None if trace.lanes is None else _lanes(trace.lanes, shift),
        predictions=tuple(_prediction(prediction, shift) for prediction in trace.predictions),
        plan=None if trace.plan is None else _plan(trace.plan, shift),
    )


def _moved(track: Track, shift: _Shift, elapsed: float) -> Track:
    return replace(
        track,
        position=shift.points(track.position + elapsed * track.velocity),
        velocity=shift.directions(track.velocity),
        heading=track.heading + shift.turn,
    )


def _lanes(lanes: LaneEstimate, shift: _Shift) -> LaneEstimate:
    path = lanes.path
    return replace(lanes, path=replace(path, xy=shift.points(path.xy), heading=path.heading + shift.turn))


def _prediction(prediction: Prediction, shift: _Shift) -> Prediction:
    hypotheses = tuple(
        replace(one, positions=shift.points(one.positions), headings=one.headings + shift.turn)
        for one in prediction.hypotheses
    )
    return replace(prediction, hypotheses=hypotheses)


def _plan(plan: Plan, shift: _Shift) -> Plan:
    return replace(
        plan,
        positions=shift.points(plan.positions),
        headings=plan.headings + shift.turn,
        rejected=tuple(shift.points(path) for path in plan.rejected),
    )


def _blended(track: Track, coming: Track, fraction: float) -> Track:
    """A track on its way to that of the next step; both in the present ego frame."""
    box = track.box
    if box is not None and coming.box is not None and track.missed == 0 and coming.missed == 0:
        x1, y1, x2, y2 = (
            start + fraction * (end - start) for start, end in zip(box, coming.box, strict=True)
        )
        box = x1, y1, x2, y2
    return replace(track, position=track.position + fraction * (coming.position - track.position), box=box)


def _boxes_of(
    detections: Sequence[Detection], tracks: Sequence[Track], moved: Sequence[Track]
) -> tuple[Detection, ...]:
    """The detections, those of tracks with the boxes that the tracks have now."""
    boxes: dict[Box, Box] = {
        track.box: now.box
        for track, now in zip(tracks, moved, strict=True)
        if track.box is not None and now.box is not None
    }
    return tuple(replace(one, box=boxes.get(one.box, one.box)) for one in detections)
