"""The road in the bird's-eye view: shoulders, lanes and markings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import Lane, LaneKind, RoadMap
from drive_stack.types import FloatArray
from drive_stack.viewer.birdseye.ground_view import AHEAD, BEHIND, GroundView
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.style import Style

_STEP = 3.0  # between sampled stations [m]
_MARGIN = 60.0  # sampled beyond the view, since a curve may bring these points into it [m]
_DASH, _PERIOD = 6.0, 18.0  # lane markings of a motorway (RMS-1: 6 m, gaps of 12 m) [m]


def draw_road(canvas: Canvas, view: GroundView, road: RoadMap, style: Style) -> None:
    """Draw the road around the ego."""
    theme = style.theme
    canvas.fill(theme.terrain)
    first = np.floor((view.ego.station - BEHIND - _MARGIN) / _STEP) * _STEP
    last = view.ego.station + AHEAD + _MARGIN
    stations = np.arange(max(first, 0.0), min(last, road.length) + _STEP / 2.0, _STEP)
    painter = _RoadPainter(canvas, view, road, style)
    covered = np.array([any(lane.covers(s) for lane in road.lanes) for s in stations], dtype=bool)
    stations = stations[covered]
    if len(stations) < 2:
        return
    paved = np.array([road.paved(s) for s in stations])
    painter.strip(stations, paved[:, 0], paved[:, 1], theme.shoulder)
    for lane in road.lanes:
        painter.lane(lane, stations)
    for index in range(len(road.lanes)):
        painter.left_line(index, stations)
        painter.right_edge(index, stations)


class _RoadPainter:
    def __init__(self, canvas: Canvas, view: GroundView, road: RoadMap, style: Style) -> None:
        self._canvas, self._view, self._road, self._style = canvas, view, road, style

    def _points(self, stations: FloatArray, laterals: FloatArray) -> FloatArray:
        return self._view.from_world(self._road.to_world(stations, laterals)[0])

    def strip(
        self, stations: FloatArray, right: FloatArray, left: FloatArray, colour: tuple[int, int, int]
    ) -> None:
        """Fill the area between two lateral offsets (N,) [m]."""
        outline = np.concatenate([self._points(stations, right), self._points(stations, left)[::-1]])
        self._canvas.polygon(outline, colour)

    def lane(self, lane: Lane, stations: FloatArray) -> None:
        """Fill one lane over the stations where it exists."""
        inside = _within(stations, lane)
        if len(inside) < 2:
            return
        centre = np.array([lane.lateral_at(s) for s in inside])
        theme = self._style.theme
        colour = theme.ramp if lane.kind is LaneKind.RAMP else theme.road
        self.strip(inside, centre - lane.width / 2.0, centre + lane.width / 2.0, colour)

    def left_line(self, index: int, stations: FloatArray) -> None:
        """Draw the line on a lane's left: dashed where crossing is allowed, otherwise solid."""
        lane = self._road.lanes[index]
        inside = _within(stations, lane)
        left_lanes = np.array([self._road.adjacent_lane(index, -1, s) for s in inside], dtype=np.int64)
        crossed = np.array(
            [
                left >= 0 and self._road.may_cross(index, left, s)
                for left, s in zip(left_lanes, inside, strict=True)
            ],
            dtype=bool,
        )
        self._solid(inside, lane, 0.5, ~crossed)
        self._dashed(inside, lane, crossed)

    def right_edge(self, index: int, stations: FloatArray) -> None:
        """Draw the solid line on a lane's right where it has no open adjacent lane."""
        lane = self._road.lanes[index]
        inside = _within(stations, lane)
        at_edge = np.array([self._road.adjacent_lane(index, 1, s) < 0 for s in inside], dtype=bool)
        self._solid(inside, lane, -0.5, at_edge)

    def _solid(self, inside: FloatArray, lane: Lane, side: float, where: NDArray[np.bool_]) -> None:
        if not where.any():
            return
        laterals = np.array([lane.lateral_at(s) for s in inside]) + side * lane.width
        points = self._points(inside, laterals)
        points[~where] = np.nan
        self._canvas.line(points, self._style.theme.marking, self._style.px(1.6))

    def _dashed(self, inside: FloatArray, lane: Lane, where: NDArray[np.bool_]) -> None:
        if not where.any():
            return
        low, high = inside[where][[0, -1]]
        starts = np.arange(np.ceil(low / _PERIOD), np.floor(high / _PERIOD) + 1.0) * _PERIOD
        if len(starts) == 0:
            return
        dash_stations = starts[:, None] + np.linspace(0.0, _DASH, 3)
        points = self._points(dash_stations, np.full_like(dash_stations, lane.offset + lane.width / 2.0))
        self._canvas.lines(list(points), self._style.theme.marking, self._style.px(1.4))


def _within(stations: FloatArray, lane: Lane) -> FloatArray:
    """Stations at which a lane exists, including its own start and end."""
    interior = stations[(stations >= lane.start) & (stations <= lane.end)]
    ends = [end for end in (lane.start, lane.end) if stations[0] < end < stations[-1]]
    return np.unique(np.concatenate([interior, ends]))
