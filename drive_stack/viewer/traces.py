"""The traces panel: speed and steering over the last seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pygame import Rect

from drive_stack.types import FloatArray
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import HistoryPoint, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

_SECONDS = 10.0
_KMH = 3.6


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart."""

    name: str
    values: FloatArray  # (N,), NaN where there is no value
    colour: Colour
    weight: float  # [px] at 1600 × 900


def draw_traces(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> None:
    """Draw charts of the speed and the steering over the last ten seconds."""
    theme, history = style.theme, frame.history
    inside = style.panel(canvas, rect, "Last 10 seconds")
    ages = _column(history, "time") - frame.state.time
    gap = style.px(10)
    half = (inside.height - gap) // 2
    speed = _with_values(
        Curve("limit", _KMH * _column(history, "speed_limit"), theme.muted, 1.2),
        Curve("planned", _KMH * _column(history, "planned_speed"), theme.warning, 1.4),
        Curve("driven", _KMH * _column(history, "speed"), theme.accent, 2.4),
    )
    steering = _with_values(
        Curve("asked", np.degrees(_column(history, "requested_steering")), theme.warning, 1.4),
        Curve("driven", np.degrees(_column(history, "steering")), theme.accent, 2.4),
    )
    top = max(_KMH * frame.state.speed_limit * 1.15, 1.05 * _largest(speed), 20.0)
    max_steering = max(1.15 * _largest(steering), 1.0)
    upper = Rect(inside.left, inside.top, inside.width, half)
    lower = Rect(inside.left, inside.bottom - half, inside.width, half)
    _draw_chart(canvas, upper, "Speed, km/h", ages, speed, (0.0, top), style)
    _draw_chart(canvas, lower, "Steering, ° (left up)", ages, steering, (-max_steering, max_steering), style)


def _with_values(*curves: Curve) -> tuple[Curve, ...]:
    """The curves that have a value: an agent without a plan has no planned speed."""
    return tuple(curve for curve in curves if np.isfinite(curve.values).any())


def _column(history: Sequence[HistoryPoint], name: str) -> FloatArray:
    return np.array([getattr(point, name) for point in history], dtype=np.float64)


def _largest(curves: Sequence[Curve]) -> float:
    """Largest finite magnitude of all curves; 0 if there is none."""
    values = np.concatenate([np.empty(0), *(curve.values for curve in curves)])
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if len(finite) else 0.0


def _draw_chart(
    canvas: Canvas,
    rect: Rect,
    title: str,
    ages: FloatArray,
    curves: Sequence[Curve],
    limits: tuple[float, float],
    style: Style,
) -> None:
    head = style.small + style.px(8)
    _draw_legend(canvas, Rect(rect.left, rect.top, rect.width, head), title, curves, style)
    margin = style.type.width("−100", style.small) + style.px(6)
    plot = Rect(rect.left + margin, rect.top + head, rect.width - margin, rect.height - head)
    if plot.height < 8:
        return
    low, high = limits
    for value in nice_ticks(low, high, max_intervals=max(plot.height // (style.small + style.px(10)), 2)):
        y = plot.bottom - (value - low) / (high - low) * plot.height
        canvas.line(np.array([[plot.left, y], [plot.right, y]]), style.theme.panel_edge, 1)
        text = f"{value:g}".replace("-", "−")
        style.type.draw(
            canvas, text, (plot.left - style.px(6), y), style.small, style.theme.muted, anchor="midright"
        )
    part = canvas.region(plot)
    for curve in curves:
        x = (1.0 + ages / _SECONDS) * plot.width
        heights = (high - curve.values) / (high - low) * plot.height
        part.line(np.stack([x, heights], axis=1), curve.colour, style.px(curve.weight))


def _draw_legend(canvas: Canvas, rect: Rect, title: str, curves: Sequence[Curve], style: Style) -> None:
    """Draw the title on the left and the curves' names in their colours on the right, as many as fit."""
    y = rect.top + style.small / 2.0
    right = float(rect.right)
    title_end = rect.left + style.type.width(title, style.small) + style.px(12)
    style.type.draw(
        canvas, title, (rect.left, y), style.small, style.theme.text, anchor="midleft", max_width=rect.width
    )
    for curve in reversed(curves):
        width = style.type.width(curve.name, style.small)
        if right - width < title_end:
            return
        style.type.draw(canvas, curve.name, (right, y), style.small, curve.colour, anchor="midright")
        right -= width + style.px(12)


def nice_ticks(low: float, high: float, max_intervals: int) -> list[float]:
    """At most ``max_intervals`` + 1 round values in [low, high], spaced by 1, 2 or 5 times a power of 10."""
    rough = (high - low) / max(max_intervals, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= rough * (1 - 1e-9))
    first = np.ceil(low / step - 1e-9)
    last = np.floor(high / step + 1e-9)
    return [float(round(k * step, 10)) + 0.0 for k in np.arange(first, last + 1.0)]
