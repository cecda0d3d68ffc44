"""The agent's lanes, tracks, predictions and plans in the bird's-eye view."""

from __future__ import annotations

import numpy as np
from pygame import Rect

from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import LaneEstimate, Plan, Prediction, Track
from drive_stack.viewer.birdseye.actors import Shape
from drive_stack.viewer.birdseye.ground_view import GroundView
from drive_stack.viewer.canvas import Canvas, dashes
from drive_stack.viewer.headline import metres
from drive_stack.viewer.records import ViewFrame, cause_track
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import mix

_ARROW_SECONDS = 1.0  # a velocity arrow shows the motion over this time [s]
_MIN_PROBABILITY = 0.05
_PLAN_SEGMENT = 3  # steps of a plan drawn in one colour
_DOT_EVERY = 0.4  # between dots of a prediction [s]


def draw_lanes(canvas: Canvas, view: GroundView, lanes: LaneEstimate, style: Style) -> None:
    """Draw the estimated lines and centre of the ego lane."""
    path = lanes.path
    normal = np.stack([-np.sin(path.heading), np.cos(path.heading)], axis=1)
    colour = mix(style.theme.road, style.theme.lane_line, 0.3 + 0.5 * lanes.confidence)
    for side in (0.5, -0.5):
        line = view.from_ego(path.xy + side * lanes.width * normal)
        canvas.line(line, colour, style.px(1.4))
    canvas.lines(dashes(view.from_ego(path.xy), style.px(3), style.px(7)), colour, 1)


def draw_predictions(
    canvas: Canvas, view: GroundView, predictions: tuple[Prediction, ...], style: Style
) -> None:
    """Draw each hypothesis as dots that fade with time and with decreasing probability."""
    for prediction in predictions:
        colour = style.theme.classes[prediction.track.label]
        for hypothesis in prediction.hypotheses:
            if hypothesis.probability < _MIN_PROBABILITY:
                continue
            strength = 0.25 + 0.75 * hypothesis.probability
            points = view.from_ego(hypothesis.positions)
            horizon = max(float(prediction.times[-1]), 1e-6)
            due = 0.0
            for time, (x, y) in zip(prediction.times, points, strict=True):
                if time < due:
                    continue
                due = float(time) + _DOT_EVERY
                fade = strength * (1.0 - 0.75 * float(time) / horizon)
                canvas.disc(x, y, style.px(2.2), mix(style.theme.road, colour, fade))


def draw_plans(canvas: Canvas, view: GroundView, plan: Plan, speed_limit: float, style: Style) -> None:
    """Draw rejected candidates thin, and the chosen plan bold and coloured by its speed."""
    theme = style.theme
    canvas.lines([view.from_ego(path) for path in plan.rejected], theme.rejected, 1)
    points = view.from_ego(plan.positions)
    canvas.line(points, theme.background, style.px(7))
    for i in range(0, len(points) - 1, _PLAN_SEGMENT):
        colour = theme.speed_colour(float(plan.speeds[i]) / max(speed_limit, 1.0))
        canvas.line(points[i : i + _PLAN_SEGMENT + 1], colour, style.px(4.5))


def draw_tracks(canvas: Canvas, view: GroundView, tracks: tuple[Track, ...], style: Style) -> None:
    """Draw outlines with velocity arrows in the class's colour, dimmed while a track has no detection."""
    theme = style.theme
    for track in tracks:
        colour = mix(theme.road, theme.classes[track.label], 0.5 if track.missed else 1.0)
        tip = track.position + _ARROW_SECONDS * track.velocity
        if GROUPS[track.label] is ClassGroup.PEDESTRIANS:
            x, y = view.from_ego(track.position)
            canvas.ring(x, y, style.px(7), colour, style.px(2))
        else:
            shape = Shape(view, track.position, track.heading, track.length, track.width)
            canvas.line(shape.outline(grow=0.15), colour, style.px(2), closed=True)
        _arrow(canvas, view.from_ego(np.stack([track.position, tip])), colour, style)


def draw_cause(canvas: Canvas, view: GroundView, frame: ViewFrame, style: Style) -> None:
    """Emphasise the track for which the ego brakes, and join it to the ego by a line with the distance."""
    track = cause_track(frame)
    if frame.headline is None or frame.headline.cause is None or track is None:
        return
    colour = style.theme.urgency_colour(frame.headline.urgency)
    shape = Shape(view, track.position, track.heading, max(track.length, 1.0), max(track.width, 1.0))
    front = view.from_ego(np.array([frame.state.car.length - frame.state.car.rear_overhang, 0.0]))
    near = view.from_ego(track.position)
    canvas.line(np.stack([front, near]), style.theme.background, style.px(5))
    canvas.line(np.stack([front, near]), colour, style.px(2))
    canvas.line(shape.outline(grow=0.6), style.theme.background, style.px(7), closed=True)
    canvas.line(shape.outline(grow=0.6), colour, style.px(4), closed=True)
    if frame.headline.cause.distance is not None:
        text = metres(frame.headline.cause.distance)
        chip = Rect((0, 0), style.type.font(style.body, bold=True).size(text)).inflate(
            style.px(8), style.px(2)
        )
        chip.midright = (round((front[0] + near[0]) / 2.0 - style.px(6)), round((front[1] + near[1]) / 2.0))
        canvas.box(chip.clamp(canvas.bounds), colour, radius=style.px(4))
        style.type.draw(
            canvas, text, chip.clamp(canvas.bounds).center, style.body, style.theme.background,
            bold=True, anchor="center",
        )  # fmt: skip


def label_tracks(canvas: Canvas, view: GroundView, tracks: tuple[Track, ...], style: Style) -> None:
    """Draw track ids to the right of the outlines, the nearest first, without overlaps."""
    taken: list[Rect] = []
    for track in sorted(tracks, key=lambda track: float(np.hypot(*track.position))):
        if not view.shows(track.position, margin=0.0):
            continue
        text = f"#{track.id}"
        x, y = view.from_ego(track.position)
        left = x + (track.width / 2.0 + 0.5) * view.scale + style.px(3)
        chip = Rect((0, 0), style.type.font(style.small, bold=True).size(text))
        chip.midleft = (round(left), round(y))
        if chip.collidelist(taken) >= 0 or not canvas.bounds.contains(chip):
            continue
        taken.append(chip)
        with canvas.region(chip).glazed(0.55):
            canvas.region(chip).fill(style.theme.background)
        style.type.draw(
            canvas,
            text,
            chip.midleft,
            style.small,
            style.theme.classes[track.label],
            bold=True,
            anchor="midleft",
        )


def _arrow(
    canvas: Canvas, ends: np.typing.NDArray[np.float64], colour: tuple[int, int, int], style: Style
) -> None:
    start, tip = ends
    length = float(np.hypot(*(tip - start)))
    if not length > style.px(5):  # too slow to show, or NaN
        return
    direction = (tip - start) / length
    normal = np.array([-direction[1], direction[0]])
    head = float(style.px(5))
    canvas.line(ends, colour, style.px(1.4))
    canvas.polygon(
        np.array([tip, tip - head * (direction + 0.6 * normal), tip - head * (direction - 0.6 * normal)]),
        colour,
    )
