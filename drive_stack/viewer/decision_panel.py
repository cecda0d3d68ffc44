"""The decision panel: speed, pedals, steering, behaviour, its reason and safety interventions."""

from __future__ import annotations

import numpy as np
from pygame import Rect

from drive_stack.types import NavigationCommand, StepTrace
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

EXPERT: Colour = (255, 214, 90)  # marks of the expert's control
_COMMANDS = {
    NavigationCommand.FOLLOW: "keep to the lane",
    NavigationCommand.CHANGE_LEFT: "change to the left lane",
    NavigationCommand.CHANGE_RIGHT: "change to the right lane",
}


def draw_decision(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> None:
    """Draw the panel into ``rect``."""
    inside = style.panel(canvas, rect, "Now")
    below = _draw_speed(canvas, inside, frame, style)
    below = _draw_gauges(canvas, Rect(inside.left, below, inside.width, inside.bottom - below), frame, style)
    foot = _draw_surroundings(
        canvas, Rect(inside.left, below, inside.width, inside.bottom - below), frame, style
    )
    _draw_behaviour(canvas, Rect(inside.left, below, inside.width, foot - below), frame, style)


def _draw_speed(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> int:
    """Draw the speed in large digits and the limit as a traffic sign; returns the y below them [px]."""
    theme, ego = style.theme, frame.state.ego
    size = max(26, style.px(46))
    digits = style.type.draw(
        canvas, f"{3.6 * ego.speed:.0f}", (rect.left, rect.top - style.px(4)), size, theme.text, bold=True
    )
    style.type.draw(
        canvas, "km/h", (digits.right + style.px(6), digits.bottom - style.px(7)),
        style.body, theme.muted, anchor="bottomleft",
    )  # fmt: skip
    radius = digits.height / 2.0 - style.px(2)
    centre = (rect.right - radius, float(digits.centery))
    canvas.disc(*centre, radius, (200, 30, 40))
    canvas.disc(*centre, radius * 0.8, (245, 245, 245))
    limit = f"{3.6 * frame.state.speed_limit:.0f}"
    style.type.draw(
        canvas, limit, centre, max(10, round(radius * 0.78)), (20, 20, 20), bold=True, anchor="center"
    )
    return digits.bottom + style.px(8)


def _draw_gauges(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> int:
    """Draw steering and acceleration as bars from the centre; returns the y below them [px]."""
    state, theme, expert = frame.state, style.theme, frame.expert
    rows = (
        (
            "steering",
            _steering_fraction(state.ego.steering),
            f"{_signed(float(np.degrees(state.ego.steering)))}°",
            theme.accent,
            None if expert is None else _steering_fraction(expert.steering),
        ),
        (
            "acceleration",
            _pedal_fraction(state.ego.acceleration),
            f"{_signed(state.ego.acceleration)} m/s²",
            theme.danger if round(state.ego.acceleration, 1) < 0.0 else theme.accent,
            None if expert is None else _pedal_fraction(expert.acceleration),
        ),
    )
    y = rect.top
    for name, fraction, text, colour, mark in rows:
        y = _draw_gauge(canvas, Rect(rect.left, y, rect.width, 0), name, fraction, text, colour, mark, style)
    if expert is not None:
        text = f"the expert would steer {_signed(float(np.degrees(expert.steering)))}°"
        style.type.draw(canvas, text, (rect.left, y), style.small, EXPERT, max_width=rect.width)
        y += style.small + style.px(8)
    return y + style.px(12)


def _steering_fraction(angle: float) -> float:
    """Steering as a fraction of the gauge, positive to the right."""
    return -float(np.degrees(angle)) / 5.0


def _pedal_fraction(acceleration: float) -> float:
    return acceleration / (3.0 if acceleration > 0.0 else 8.0)


def _signed(value: float) -> str:
    """Format with one decimal and a sign; zero has no sign."""
    rounded = round(value, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def _draw_gauge(
    canvas: Canvas,
    row: Rect,
    name: str,
    fraction: float,
    text: str,
    colour: Colour,
    mark: float | None,
    style: Style,
) -> int:
    """Draw a bar up to ``fraction`` in −1 … 1, and a mark of the expert's control at ``mark``."""
    theme, size = style.theme, style.small
    height = size + style.px(11)
    centre_y = row.top + height / 2.0
    name_width = style.type.width("acceleration", size) + style.px(8)
    text_width = style.type.width("−0.0 m/s²", size) + style.px(8)
    style.type.draw(canvas, name, (row.left, centre_y), size, theme.muted, anchor="midleft")
    style.type.draw(canvas, text, (row.right, centre_y), size, theme.text, anchor="midright")
    bar = Rect(
        row.left + name_width, round(centre_y) - style.px(3), row.width - name_width - text_width, style.px(6)
    )
    if bar.width > 8:
        canvas.box(bar, theme.panel_edge, radius=style.px(3))
        length = round(min(max(fraction, -1.0), 1.0) * bar.width / 2.0)
        filled = Rect(bar.centerx + min(length, 0), bar.top, max(abs(length), 2), bar.height)
        canvas.box(filled, colour)
        if mark is not None:
            place = bar.centerx + round(min(max(mark, -1.0), 1.0) * bar.width / 2.0)
            wide = style.px(3)
            canvas.box(Rect(place - wide // 2, bar.top - style.px(4), wide, bar.height + style.px(8)), EXPERT)
    return row.top + height


def _draw_surroundings(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> int:
    """Draw the navigation command and the blind spots at the bottom; returns their upper edge [px]."""
    theme, observation = style.theme, frame.observation
    sides = [
        name
        for name, flag in (("left", observation.blind_spot_left), ("right", observation.blind_spot_right))
        if flag
    ]
    rows = (
        ("navigation", _COMMANDS[observation.command], theme.text),
        (
            "blind spots",
            f"occupied {' and '.join(sides)}" if sides else "free",
            theme.warning if sides else theme.text,
        ),
    )
    height = style.small + style.px(8)
    top = rect.bottom - len(rows) * height
    if top - rect.top < 5 * style.large:
        return rect.bottom  # the behaviour needs the space
    column = style.type.width("acceleration", style.small) + style.px(8)
    canvas.line(
        np.array([[rect.left, top], [rect.right, top]], dtype=np.float64) - [0.0, style.px(6)],
        theme.panel_edge,
        1,
    )
    for index, (name, text, colour) in enumerate(rows):
        y = top + (index + 0.5) * height
        style.type.draw(canvas, name, (rect.left, y), style.small, theme.muted, anchor="midleft")
        style.type.draw(
            canvas,
            text,
            (rect.left + column, y),
            style.small,
            colour,
            anchor="midleft",
            max_width=rect.width - column,
        )
    return top - style.px(10)


def _draw_behaviour(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> None:
    """Write the behaviour, its reason, safety interventions and notes, as far as there is space."""
    theme, trace = style.theme, frame.trace
    writer = _Writer(canvas, rect, style)
    if frame.headline is not None:
        colour = theme.urgency_colour(frame.headline.urgency)
        writer.write(frame.headline.full_text, style.large, colour, bold=True, lines=2)
        writer.write(_sentence(frame.headline.reason), style.body, theme.text, lines=5)
    elif trace is None:
        text = "This agent does not say what it thinks." if frame.history else "About to set off."
        writer.write(text, style.body, theme.muted)
    if trace is not None and frame.expert is not None:
        text = pedal_comparison(trace.control.acceleration, frame.expert.acceleration)
        writer.write(_sentence(text), style.body, EXPERT, bold=True, lines=2)
    for text in _safety_lines(trace):
        writer.write(text, style.body, theme.warning, lines=2)
    if trace is not None:
        for note in trace.notes:
            writer.write(note, style.small, theme.muted, lines=2)


def pedal_comparison(own: float, expert: float) -> str:
    """An agent's acceleration next to that of the expert [m/s²]: "brakes 5.1, expert 8.0 m/s²"."""
    own_verb, expert_verb = (_pedal_verb(value) for value in (own, expert))
    verb = "" if own_verb == expert_verb else f"{expert_verb} "
    return f"{own_verb} {abs(own):.1f}, expert {verb}{abs(expert):.1f} m/s²"


def _pedal_verb(acceleration: float) -> str:
    return "brakes" if round(acceleration, 1) < 0.0 else "accelerates"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _safety_lines(trace: StepTrace | None) -> list[str]:
    if trace is None or trace.plan is None:
        return []
    return [f"Safety: {text}" for text in trace.plan.interventions if text != trace.plan.reason]


class _Writer:
    """Writes paragraphs from top to bottom and stops at the end of the rectangle."""

    def __init__(self, canvas: Canvas, rect: Rect, style: Style) -> None:
        self._canvas, self._rect, self._style = canvas, rect, style
        self._y = rect.top

    def write(self, text: str, size: int, colour: Colour, *, bold: bool = False, lines: int = 1) -> None:
        """Write one paragraph of at most ``lines`` lines."""
        height = round(size * 1.32)
        available = min(lines, (self._rect.bottom - self._y) // height)
        for line in self._style.type.wrap(text, size, self._rect.width, lines=available, bold=bold):
            self._style.type.draw(self._canvas, line, (self._rect.left, self._y), size, colour, bold=bold)
            self._y += height
        self._y += self._style.px(3)
