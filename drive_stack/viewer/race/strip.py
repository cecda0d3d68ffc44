"""The road in road coordinates, with one band for each driver at the same scale.

A band shows the station to the right and the lateral offset upwards; curves are straightened.
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

BEHIND, AHEAD = 80.0, 120.0  # of the leading driver, the extent that is shown [m]
_TICK = 50.0  # between two marks of the scale [m]
_MARGIN = 0.5  # of ground next to the pavement [m]
_MAX_STRETCH = 1.8  # of the lateral scale relative to the longitudinal one
_MIN_LANE_HEIGHT = 10.0  # lanes of a smaller height have no lines [px]
_MIN_CAR_THICKNESS = 6  # of a car where the band is too low for its width [px]
_NAME_WIDTH = 190  # width for the driver's name and its gap, at 1600 × 900 [px]


def draw_strip(canvas: Canvas, rect: Rect, frame: RaceFrame, colours: Sequence[Colour], style: Style) -> None:
    """Draw all bands and the scale below them into ``rect``."""
    inside = style.panel(canvas, rect, "The road from above, and who is where on it")
    foot = style.small + style.px(8)
    gap = style.px(5)
    slot = (inside.height - foot - gap * (len(frame.drivers) - 1)) // len(frame.drivers)
    names = style.px(_NAME_WIDTH)
    left, width = inside.left + names, inside.width - names
    front = max(driver.state.ego.station for driver in frame.drivers)
    for index, driver in enumerate(frame.drivers):
        right_edge, left_edge = _lateral_range(driver.state.road)
        height = min(slot, round(_MAX_STRETCH * (left_edge - right_edge) * width / (BEHIND + AHEAD)))
        centre = inside.top + index * (slot + gap) + slot / 2.0
        band = Rect(left, round(centre - height / 2.0), width, height)
        _Band(canvas.region(band), driver.state, front, style).draw(colours[index])
        _draw_name(canvas, Rect(inside.left, band.top, names, height), frame, index, colours[index], style)
    _draw_scale(canvas, Rect(left, inside.bottom - foot, width, foot), frame, front, style)


@dataclass(frozen=True, slots=True)
class _Band:
    """The band of one driver."""

    canvas: Canvas
    state: WorldState
    front: float  # station of the leading driver [m]
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
        centre = ego.station + car.centre_ahead
        body = self._box(centre, ego.lateral, car.length, car.width)
        self.canvas.polygon(
            self._box(centre, ego.lateral, car.length + 2.0, car.width + 1.0), theme.background
        )
        self.canvas.polygon(body, colour)
        if ego.station < self.front - BEHIND:
            edge, y = self.style.px(9), self.canvas.height / 2.0
            self.canvas.polygon(np.array([[0.0, y], [edge, y - edge], [edge, y + edge]]), colour)

    def _road(self) -> None:
        stations = np.linspace(self.front - BEHIND, self.front + AHEAD, 60)
        theme, road = self.style.theme, self.state.road
        for lane in road.lanes:
            lane_stations = stations[(stations >= lane.start) & (stations <= lane.end)]
            if len(lane_stations) < 2:
                continue
            centre = lane.laterals_at(lane_stations)
            upper = self._points(lane_stations, centre + lane.width / 2.0)
            lower = self._points(lane_stations, centre - lane.width / 2.0)
            self.canvas.polygon(np.concatenate([upper, lower[::-1]]), theme.road)
            if abs(upper[0, 1] - lower[0, 1]) > _MIN_LANE_HEIGHT:
                self.canvas.line(upper, mix(theme.road, theme.marking, 0.5))
                self.canvas.line(lower, mix(theme.road, theme.marking, 0.5))
        end = self.state.route_end
        if self.front - BEHIND < end < self.front + AHEAD:
            line = self._points(np.array([end, end]), np.array(_lateral_range(self.state.road)))
            self.canvas.line(line, theme.accent, self.style.px(3))

    def _others(self) -> list[tuple[FloatArray, Colour]]:
        theme, cars, obstacles = self.style.theme, self.state.vehicles, self.state.obstacles
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
        for row in range(len(obstacles.id)):
            station, lateral, _ = self.state.road.to_road(
                float(obstacles.x[row]), float(obstacles.y[row]), self.front
            )
            shapes.append((self._box(station, lateral, 1.5, 1.0), theme.obstacle))
        return shapes

    def _points(self, station: FloatArray, lateral: FloatArray) -> FloatArray:
        right, left = _lateral_range(self.state.road)
        x = (station - (self.front - BEHIND)) / (BEHIND + AHEAD) * self.canvas.width
        y = (left - lateral) / (left - right) * self.canvas.height
        return np.stack([x, y], axis=1)

    def _box(self, station: float, lateral: float, length: float, width: float) -> FloatArray:
        corners = self._points(
            np.array([station - length / 2.0, station + length / 2.0]),
            np.array([lateral + width / 2.0, lateral - width / 2.0]),
        )
        (left, top), (right, bottom) = corners.tolist()
        thin = max(self.style.px(_MIN_CAR_THICKNESS) - (bottom - top), 0.0) / 2.0
        top, bottom = top - thin, bottom + thin
        return rounded_rectangle(left, top, right, bottom, 0.3 * (bottom - top))


def _lateral_range(road: RoadMap) -> tuple[float, float]:
    """Rightmost and leftmost lateral offset that a band shows [m]."""
    edges = [lane.lateral_at(station) for lane in road.lanes for station in (lane.start, lane.end)]
    half = max(lane.width for lane in road.lanes) / 2.0
    right, left = min(edges) - half - road.right_shoulder, max(edges) + half + road.left_shoulder
    return right - _MARGIN, left + _MARGIN


def _draw_name(
    canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> None:
    """Draw the driver's name and its distance behind the leading driver."""
    driver = frame.drivers[index]
    behind = max(other.state.ego.station for other in frame.drivers) - driver.state.ego.station
    text = "leads" if frame.leader == index else f"−{behind:.0f} m" if round(behind) > 0 else ""
    at = (rect.right - style.px(12), rect.centery)
    place = style.type.draw(canvas, text, at, style.small, style.theme.muted, anchor="midright")
    available = place.left - style.px(8) - rect.left
    at = (rect.left, rect.centery)
    style.type.draw(
        canvas, driver.agent_name, at, style.small, colour, bold=True, anchor="midleft", max_width=available
    )


def _draw_scale(canvas: Canvas, rect: Rect, frame: RaceFrame, front: float, style: Style) -> None:
    """Draw the scale of the distance along the route [m]."""
    start = frame.drivers[0].state.route_start
    first = np.ceil((front - BEHIND - start) / _TICK) * _TICK
    for driven in np.arange(max(first, 0.0), front + AHEAD - start, _TICK):
        x = rect.left + (start + driven - (front - BEHIND)) / (BEHIND + AHEAD) * rect.width
        if rect.left + style.px(20) < x < rect.right - style.px(20):
            at = (x, rect.bottom)
            style.type.draw(canvas, f"{driven:.0f} m", at, style.small, style.theme.muted, anchor="midbottom")
