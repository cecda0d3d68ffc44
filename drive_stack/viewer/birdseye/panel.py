"""The bird's-eye panel: the true world and the agent's tracks, predictions and plans."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

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
from drive_stack.viewer.birdseye.legend import draw_legend, legend_height, legend_rows
from drive_stack.viewer.birdseye.road import draw_road
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import Layer, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.world_state import WorldState

_DISTANCES = (25.0, 50.0, 75.0, 100.0)  # [m]


def draw_birdseye(
    canvas: Canvas, rect: Rect, frame: ViewFrame, layers: AbstractSet[Layer], style: Style
) -> None:
    """Draw the panel into ``rect``: the view, and the legend below it."""
    legend = legend_rows(rect.width, frame.offered, style)
    foot = legend_height(legend, style)
    area = Rect(rect.left, rect.top, rect.width, rect.height - foot)
    part = canvas.region(area)
    view = GroundView.fit(area, frame.state.ego)
    draw_road(part, view, frame.state.road, style)
    _draw_field_of_view(part, view, frame, style)
    _draw_route_end(part, view, frame, style)
    if Layer.TRUTH in layers:
        draw_truth(part, view, frame.state, style)
    _draw_agent_state(part, view, frame, layers, style)
    draw_ego(part, view, frame.state, style)
    if frame.trace is not None and Layer.TRACKS in layers:
        draw_cause(part, view, frame, style)
        label_tracks(part, view, frame.trace.tracks, style)
    _draw_distances(part, view, frame.state, style)
    draw_legend(canvas.region(Rect(rect.left, area.bottom, rect.width, foot)), legend, style)
    canvas.frame(rect, style.theme.panel_edge)


def _draw_agent_state(
    canvas: Canvas, view: GroundView, frame: ViewFrame, layers: AbstractSet[Layer], style: Style
) -> None:
    trace = frame.trace
    if trace is None:
        return
    if Layer.LANES in layers and trace.lanes is not None:
        draw_lanes(canvas, view, trace.lanes, style)
    if Layer.PREDICTIONS in layers:
        draw_predictions(canvas, view, trace.predictions, style)
    if Layer.PLANS in layers and trace.plan is not None:
        draw_plans(canvas, view, trace.plan, frame.observation.speed_limit, style)
    if Layer.TRACKS in layers:
        draw_tracks(canvas, view, trace.tracks, style)


def _draw_field_of_view(canvas: Canvas, view: GroundView, frame: ViewFrame, style: Style) -> None:
    half, length = np.radians(frame.camera_model.fov_x_deg) / 2.0, 200.0
    mount = np.array([frame.camera_model.mount_x, 0.0])
    for side in (-1.0, 1.0):
        far = mount + length * np.array([np.cos(half), side * np.sin(half)])
        canvas.line(view.from_ego(np.stack([mount, far])), style.theme.panel_edge, 1)


def _draw_route_end(canvas: Canvas, view: GroundView, frame: ViewFrame, style: Style) -> None:
    """Draw a line across the road at the end of the route."""
    road, end = frame.state.road, frame.state.route_end
    if not any(lane.covers(end) for lane in road.lanes):
        return
    laterals = np.array(road.paved(end))
    points = view.from_world(road.to_world(np.full(2, end), laterals)[0])
    canvas.line(points, style.theme.accent, style.px(3))
    style.type.draw(
        canvas, "route end", tuple(points[1]), style.small, style.theme.accent, anchor="bottomright"
    )


def distance_text(distance: float, state: WorldState) -> str:
    """Text of a mark at a distance ahead [m]: on a road with hills it has the grade there."""
    profile = state.road.profile
    if profile.is_level:
        return f"{distance:.0f} m"
    percent = round(100.0 * profile.grade_at_one(state.ego.station + distance))
    grade = "level" if percent == 0 else f"{percent:+d} %".replace("-", "−")
    return f"{distance:.0f} m, {grade}"


def _draw_distances(canvas: Canvas, view: GroundView, state: WorldState, style: Style) -> None:
    """Draw a scale of the distance ahead at the right edge, with the grades of hills."""
    for distance in _DISTANCES:
        y = view.y0 - distance * view.scale
        x = canvas.width - style.px(8)
        canvas.line(np.array([[x, y], [canvas.width, y]]), style.theme.muted, 1)
        style.type.draw(
            canvas,
            distance_text(distance, state),
            (x - style.px(4), y),
            style.small,
            style.theme.muted,
            anchor="midright",
        )
