"""The learning curves as SVG: success against minutes of driving, one line with a band for each arm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from drive_stack.lesson.study_figures import Arm, ArmCurve, StudyFigures

WIDTH, HEIGHT = 640.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 20.0, 12.0, 46.0
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # [min]


class Scale:
    """Where minutes and success [%] lie in the drawing."""

    def __init__(self, first: float, last: float) -> None:
        self.first, self.last = math.log(first), math.log(last)

    def x(self, minutes: float) -> float:
        """Horizontal position of an amount of data."""
        fraction = (math.log(minutes) - self.first) / max(self.last - self.first, 1e-9)
        return LEFT + fraction * (WIDTH - LEFT - RIGHT)

    def y(self, success: float) -> float:
        """Vertical position of a success [%]."""
        return HEIGHT - BOTTOM - success / 100.0 * (HEIGHT - TOP - BOTTOM)


def learning_curves(figures: StudyFigures, designs: Sequence[str]) -> str:
    """Draw all arms, each in the colour of its place in ``designs``; the script moves the ``marker``."""
    minutes = [item.minutes for arm in figures.arms for item in arm.measured]
    scale = Scale(min(minutes) / 1.1, max(minutes) * 1.1)
    parts = [*_axes(scale), *_marker(scale, minutes)]
    for arm in figures.arms:
        parts += _arm(arm, designs.index(arm.name), figures.rows_per_minute, scale)
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(_described(figures.arms))}" '
        f'data-first="{scale.first:.6f}" data-last="{scale.last:.6f}" data-left="{LEFT:g}" '
        f'data-right="{WIDTH - RIGHT:g}">{"".join(parts)}</svg>'
    )


def _described(arms: Sequence[Arm]) -> str:
    best = "; ".join(
        f"{arm.name}: {arm.measured[0].success:g} % with {arm.measured[0].minutes:.0f} minutes, "
        f"{arm.measured[-1].success:g} % with {arm.measured[-1].minutes:.0f}"
        for arm in arms
    )
    return f"Success against minutes of driving. {best}."


def _axes(scale: Scale) -> Iterator[str]:
    for percent in range(0, 101, 20):
        y = scale.y(percent)
        yield f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{percent}</text>'
    for tick in TICKS:
        if scale.first <= math.log(tick) <= scale.last:
            x = scale.x(tick)
            yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18:g}" text-anchor="middle">{tick}</text>'
    caption = "minutes of driving to learn from; upwards: success [%]"
    yield f'<text x="{LEFT:g}" y="{HEIGHT - 6:g}">{caption}</text>'


def _marker(scale: Scale, minutes: Sequence[float]) -> Iterator[str]:
    x = scale.x(min(minutes))
    yield f'<line class="marker" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{HEIGHT - BOTTOM:g}"/>'


def _arm(arm: Arm, number: int, rows_per_minute: float, scale: Scale) -> Iterator[str]:
    style = f'class="arm arm-{number}"'
    if arm.curve is not None:
        xs = [scale.x(rows / rows_per_minute) for rows in arm.curve.rows]
        yield f'<path class="band arm-{number}" d="{_band(arm.curve, xs, scale)}"/>'
        points = " ".join(f"{x:.1f},{scale.y(y):.1f}" for x, y in zip(xs, arm.curve.success, strict=True))
        yield f'<polyline {style} points="{points}"/>'
    for item in arm.measured:
        x, y = scale.x(item.minutes), scale.y(item.success)
        yield f'<circle {style} cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        low, high = scale.y(item.low), scale.y(item.high)
        yield f'<line {style} x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'


def _band(curve: ArmCurve, xs: Sequence[float], scale: Scale) -> str:
    upper = [f"{x:.1f},{scale.y(y):.1f}" for x, y in zip(xs, curve.high, strict=True)]
    lower = [f"{x:.1f},{scale.y(y):.1f}" for x, y in zip(xs, curve.low, strict=True)]
    return f"M{' L'.join([*upper, *reversed(lower)])} Z"
