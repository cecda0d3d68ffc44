"""The view from above, near the ego, in which the last metres before a failure can be seen."""

from __future__ import annotations

import numpy as np
from pygame import Rect

from drive_stack.viewer.birdseye.actors import draw_ego, draw_truth
from drive_stack.viewer.birdseye.agent_state import (
    draw_cause,
    draw_lanes,
    draw_plans,
    draw_predictions,
    draw_tracks,
    label_tracks,
)
from drive_stack.viewer.birdseye.ground_view import GroundView
from drive_stack.viewer.birdseye.road import draw_road
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.world_state import EgoState

REACH = 25.0  # ahead of and behind the ego's rear axle [m]
_TICKS = (-20.0, -10.0, 0.0, 10.0, 20.0)  # [m]


def draw_top_view(
    canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style, acted_from: EgoState | None = None
) -> None:
    """Draw the true world and the driver's tracks, predictions and plan within `REACH` of the ego.

    ``acted_from`` is the ego's state at which the driver computed ``frame.trace``; None stands for the
    frame's own time. Otherwise the view stays at that state, so that tracks and plan are where the driver
    placed them, and the true world is that of the frame.
    """
    part = canvas.region(rect)
    view = ground_view(rect, acted_from or frame.state.ego)
    draw_road(part, view, frame.state.road, style)
    draw_truth(part, view, frame.state, style)
    trace = frame.trace
    if trace is not None:
        if trace.lanes is not None:
            draw_lanes(part, view, trace.lanes, style)
        draw_predictions(part, view, trace.predictions, style)
        if trace.plan is not None:
            draw_plans(part, view, trace.plan, frame.observation.speed_limit, style)
        draw_tracks(part, view, trace.tracks, style)
    draw_ego(part, _of_ego(view, frame.state.ego), frame.state, style)
    if trace is not None:
        draw_cause(part, view, frame, style)
        label_tracks(part, view, trace.tracks, style)
    _draw_scale(part, view, style)
    canvas.frame(rect, style.theme.panel_edge)


def ground_view(rect: Rect, ego: EgoState) -> GroundView:
    """The view of `REACH` metres ahead and behind, with the ego's rear axle in the middle of ``rect``."""
    scale = rect.height / (2.0 * REACH)
    return GroundView(x0=rect.width / 2.0, y0=rect.height / 2.0, scale=scale, ego=ego)


def _of_ego(view: GroundView, ego: EgoState) -> GroundView:
    """The same view with its origin at ``ego``, a step later; the turn within the step is left out."""
    x, y = view.from_world(np.array([ego.x, ego.y]))
    return GroundView(x0=float(x), y0=float(y), scale=view.scale, ego=ego)


def _draw_scale(canvas: Canvas, view: GroundView, style: Style) -> None:
    """Draw distances ahead and behind at the right edge."""
    right = canvas.width
    for distance in _TICKS:
        y = view.y0 - distance * view.scale
        canvas.line(np.array([[right - style.px(8), y], [right, y]]), style.theme.muted, 1)
        style.type.draw(
            canvas,
            f"{distance:+.0f} m" if distance else "0",
            (right - style.px(12), y),
            style.small,
            style.theme.muted,
            anchor="midright",
        )
