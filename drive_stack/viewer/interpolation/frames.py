"""Frames between two steps, so that a video moves smoothly."""

from __future__ import annotations

from dataclasses import replace

from drive_stack.types import Image
from drive_stack.viewer.interpolation.states import state_between
from drive_stack.viewer.interpolation.traces import trace_between
from drive_stack.viewer.records import HistoryPoint, RaceFrame, ViewFrame
from drive_stack.world_state import WorldState


def view_between(before: ViewFrame, after: ViewFrame, fraction: float) -> ViewFrame:
    """The frame at ``fraction`` 0 … 1 of the time from one step to the next of the same episode.

    The camera's image is rendered from the state in between, except where images arrive late: then the last
    one remains. All texts and numbers of the agent are those of ``before``. Where no time has passed, the
    result is ``after``.
    """
    duration = after.state.time - before.state.time
    if duration <= 0.0:
        return after
    state = state_between(before.state, after.state, fraction)
    trace = before.trace
    if trace is not None and after.trace is not None:
        trace = trace_between(
            (trace, before.state.ego), (after.trace, after.state.ego), state.ego, fraction, duration
        )
    timeline = before.timeline
    if timeline is not None:
        timeline = replace(timeline, elapsed=timeline.elapsed + fraction * duration)
    return replace(
        before,
        observation=replace(before.observation, image=_image(before, after, state)),
        state=state,
        trace=trace,
        history=_history(before, after, fraction),
        timeline=timeline,
    )


def race_between(before: RaceFrame, after: RaceFrame, fraction: float) -> RaceFrame:
    """The frame of a race at ``fraction`` 0 … 1 of the time from one step to the next; see `view_between`."""
    drivers = tuple(
        view_between(start, end, fraction) for start, end in zip(before.drivers, after.drivers, strict=True)
    )
    progress = tuple(
        start + fraction * (end - start) for start, end in zip(before.progress, after.progress, strict=True)
    )
    return replace(before, drivers=drivers, progress=progress)


def _image(before: ViewFrame, after: ViewFrame, state: WorldState) -> Image:
    late = before.observation.image_age > 0.0 or after.observation.image_age > 0.0
    return before.observation.image if before.picture is None or late else before.picture(state)


def _history(before: ViewFrame, after: ViewFrame, fraction: float) -> tuple[HistoryPoint, ...]:
    """The history up to the time in between."""
    if not before.history or not after.history:
        return before.history
    start, end = before.history[-1], after.history[-1]

    def between(first: float, second: float) -> float:
        return first + fraction * (second - first)

    point = HistoryPoint(
        time=between(start.time, end.time),
        speed=between(start.speed, end.speed),
        speed_limit=start.speed_limit,
        planned_speed=between(start.planned_speed, end.planned_speed),
        steering=between(start.steering, end.steering),
        requested_steering=between(start.requested_steering, end.requested_steering),
    )
    return (*before.history, point)
