"""The road from above in its own coordinates, one band for each driver, all to the same scale.

Along the band runs the road, however it bends; whoever is farther to the right is ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pygame import Rect

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.viewer.canvas import Canvas, rounded_rectangle
from drive_stack.viewer.records import RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix
from drive_stack.world_state import WorldState

BEHIND, AHEAD = 80.0, 120.0  # of the one in front that the strip shows [m]
_TICK = 50.0  # between two marks of the scale [m]
_MARGIN = 0.5  # of ground beside the pavement [m]
_STRETCH = 1.8  # at most, of the road's width against its length
_LINED = 10.0  # narrower lanes have no lines [px]
_LEAST = 6  # thickness of a car where the band is too low for its width
_NAMES = 190  # room at the left for who it is and how far behind


def draw_strip(canvas: Canvas, rect: Rect, frame: RaceFrame, colours: Sequence[Colour], style: Style) -> None:
    """Draw all bands into ``rect``, and the scale below them."""
    inside = style.panel(canvas, rect, "The road from above, and who is where on it")
    foot = style.small + style.px(8)
    gap = style.px(5)
    slot = (inside.height - foot - gap * (len(frame.drivers) - 1)) // len(frame.drivers)
    names = style.px(_NAMES)
    left, width = inside.left + names, inside.width - names
    front = max(one.state.ego.station for one in frame.drivers)
    for index, one in enumerate(frame.drivers):
        right_edge, left_edge = _reach(one.state.road)
        height = min(slot, round(_STRETCH * (left_edge - right_edge) * width / (BEHIND + AHEAD)))
        middle = inside.top + index * (slot + gap) + slot / 2.0
        band = Rect(left, round(middle - height / 2.0), width, height)
        _Band(canvas.region(band), one.state, front, style).draw(colours[index])
        _draw_name(canvas, Rect(inside.left, band.top, names, height), frame, index, colours[index], style)
    _draw_scale(canvas, Rect(left, inside.bottom - foot, width, foot), frame, front, style)


@dataclass(frozen=True, slots=True)
class _Band:
    """One driver's road."""

    canvas: Canvas
    state: WorldState
    front: float  # station of the one in front [m]
    style: Style

    def draw(self, colour: Colour) -> None:
        theme, state = self.style.theme, self.state
        self.canvas.fill(theme.terrain)
        self._road()
        for shape, fill in self._others():
            self.canvas.polygon(shape, fill)
        for x, y in zip(state.pedestrians.x.tolist(), state.pedestrians.y.tolist(), strict=True):
            station, lateral, _ = state.road.to_road(x, y, self.front)
            (point,) = self._points(np.array([station]), np.array([lateral]))
            self.canvas.disc(float(point[0]), float(point[1]), self.style.px(3.5), (240, 140, 200))
        ego, car = state.ego, state.car
        middle = ego.station + car.centre_ahead
        body = self._box(middle, ego.lateral, car.length, car.width)
        self.canvas.polygon(
            self._box(middle, ego.lateral, car.length + 2.0, car.width + 1.0), theme.background
        )
        self.canvas.polygon(body, colour)
        if ego.station < self.front - BEHIND:
            edge, y = self.style.px(9), self.canvas.height / 2.0
            self.canvas.polygon(np.array([[0.0, y], [edge, y - edge], [edge, y + edge]]), colour)

    def _road(self) -> None:
        stations = np.linspace(self.front - BEHIND, self.front + AHEAD, 60)
        theme, road = self.style.theme, self.state.road
        for lane in road.lanes:
            here = stations[(stations >= lane.start) & (stations <= lane.end)]
            if len(here) < 2:
                continue
            centre = lane.laterals_at(here)
            upper = self._points(here, centre + lane.width / 2.0)
            lower = self._points(here, centre - lane.width / 2.0)
            self.canvas.polygon(np.concatenate([upper, lower[::-1]]), theme.road)
            if abs(upper[0, 1] - lower[0, 1]) > _LINED:
                self.canvas.line(upper, mix(theme.road, theme.marking, 0.5))
                self.canvas.line(lower, mix(theme.road, theme.marking, 0.5))
        end = self.state.route_end
        if self.front - BEHIND < end < self.front + AHEAD:
            across = self._points(np.array([end, end]), np.array(_reach(self.state.road)))
            self.canvas.line(across, theme.accent, self.style.px(3))

    def _others(self) -> list[tuple[FloatArray, Colour]]:
        theme, cars, things = self.style.theme, self.state.vehicles, self.state.obstacles
        near = np.flatnonzero(
            (cars.station > self.front - BEHIND - 20.0) & (cars.station < self.front + AHEAD + 20.0)
        )
        shapes = [
            (
                self._box(
                    *(float(part[row]) for part in (cars.station, cars.lateral, cars.length, cars.width))
                ),
                theme.brake_lamp if cars.brake_lamp[row] else theme.truth,
            )
            for row in near
        ]
        for row in range(len(things.id)):
            station, lateral, _ = self.state.road.to_road(
                float(things.x[row]), float(things.y[row]), self.front
            )
            shapes.append((self._box(station, lateral, 1.5, 1.0), theme.obstacle))
        return shapes

    def _points(self, station: FloatArray, lateral: FloatArray) -> FloatArray:
        right, left = _reach(self.state.road)
        x = (station - (self.front - BEHIND)) / (BEHIND + AHEAD) * self.canvas.width
        y = (left - lateral) / (left - right) * self.canvas.height
        return np.stack([x, y], axis=1)

    def _box(self, station: float, lateral: float, length: float, width: float) -> FloatArray:
        corners = self._points(
            np.array([station - length / 2.0, station + length / 2.0]),
            np.array([lateral + width / 2.0, lateral - width / 2.0]),
        )
        (left, top), (right, bottom) = corners.tolist()
        thin = max(self.style.px(_LEAST) - (bottom - top), 0.0) / 2.0
        top, bottom = top - thin, bottom + thin
        return rounded_rectangle(left, top, right, bottom, 0.3 * (bottom - top))


def _reach(road: RoadMap) -> tuple[float, float]:
    """Rightmost and leftmost lateral that a band shows [m]."""
    edges = [lane.lateral_at(station) for lane in road.lanes for station in (lane.start, lane.end)]
    half = max(lane.width for lane in road.lanes) / 2.0
    right, left = min(edges) - half - road.right_shoulder, max(edges) + half + road.left_shoulder
    return right - _MARGIN, left + _MARGIN


def _draw_name(
    canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> None:
    """Whose band it is, and how far behind the one in front."""
    one = frame.drivers[index]
    behind = max(other.state.ego.station for other in frame.drivers) - one.state.ego.station
    text = "leads" if frame.leader == index else f"−{behind:.0f} m" if behind >= 0.5 else ""
    at = (rect.right - style.px(12), rect.centery)
    place = style.type.draw(canvas, text, at, style.small, style.theme.muted, anchor="midright")
    room = place.left - style.px(8) - rect.left
    at = (rect.left, rect.centery)
    style.type.draw(canvas, one.agent_name, at, style.small, colour, bold=True, anchor="midleft", most=room)


def _draw_scale(canvas: Canvas, rect: Rect, frame: RaceFrame, front: float, style: Style) -> None:
    """Metres along the route."""
    start = frame.drivers[0].state.route_start
    first = np.ceil((front - BEHIND - start) / _TICK) * _TICK
    for driven in np.arange(max(first, 0.0), front + AHEAD - start, _TICK):
        x = rect.left + (start + driven - (front - BEHIND)) / (BEHIND + AHEAD) * rect.width
        if rect.left + style.px(20) < x < rect.right - style.px(20):
            at = (x, rect.bottom)
            style.type.draw(canvas, f"{driven:.0f} m", at, style.small, style.theme.muted, anchor="midbottom")
