"""The ego and the true vehicles, pedestrians and obstacles in the bird's-eye view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_world
from drive_stack.types import FloatArray
from drive_stack.viewer.birdseye.ground_view import GroundView
from drive_stack.viewer.canvas import Canvas, rounded_rectangle
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix
from drive_stack.world_state import ObstacleKind, ObstacleStates, PedestrianStates, VehicleStates, WorldState

_BLINK = 0.8  # period of an indicator [s]
_BLIND_SPOT = np.array([[0.5, 1.1], [-6.0, 1.2], [-6.0, 4.4], [-1.0, 3.6]])  # left, ego frame [m]


@dataclass(frozen=True, slots=True)
class Shape:
    """A car-like rectangle in the ego frame."""

    view: GroundView
    centre: FloatArray  # (2,) [m]
    yaw: float  # relative to the ego [rad]
    length: float
    width: float

    def outline(self, grow: float = 0.0) -> FloatArray:
        """Canvas points of the body, its corners rounded, grown by ``grow`` m on each side."""
        x, y = self.length / 2.0 + grow, self.width / 2.0 + grow
        return self.place(rounded_rectangle(-x, -y, x, y, 0.22 * self.width))

    def place(self, points: FloatArray) -> FloatArray:
        """Canvas points of points ``(N, 2)`` in the body's own frame [m]."""
        return self.view.from_ego(to_world(points, self.centre, self.yaw))


def draw_truth(canvas: Canvas, view: GroundView, state: WorldState, style: Style) -> None:
    """Draw the true vehicles, pedestrians and obstacles; vehicles of the opposite carriageway are fainter."""
    if state.background_vehicles is not None:
        _draw_bodies(canvas, view, state.background_vehicles, style)
    _draw_obstacles(canvas, view, state.obstacles, style)
    _draw_vehicles(canvas, view, state.vehicles, style, lit=state.time % _BLINK < _BLINK / 2.0)
    _draw_pedestrians(canvas, view, state.pedestrians, style)


def draw_ego(canvas: Canvas, view: GroundView, state: WorldState, style: Style) -> None:
    """Draw the ego with its brake lamps, and its blind-spot zones where the radar detects something."""
    car, theme = state.car, style.theme
    for flag, side in ((state.blind_spot_left, 1.0), (state.blind_spot_right, -1.0)):
        if flag:
            zone = view.from_ego(_BLIND_SPOT * np.array([1.0, side]))
            canvas.polygon(zone, mix(theme.road, theme.warning, 0.5))
    shape = Shape(view, np.array([car.centre_ahead, 0.0]), 0.0, car.length, car.width)
    canvas.polygon(shape.outline(grow=0.25), theme.background)
    canvas.polygon(shape.outline(), theme.accent)
    _draw_glass(canvas, shape, theme.background)
    if state.ego.brake_lamp:
        _draw_lamps(canvas, shape, (-1, 1), (-1,), theme.brake_lamp)


def _draw_vehicles(canvas: Canvas, view: GroundView, cars: VehicleStates, style: Style, *, lit: bool) -> None:
    theme = style.theme
    centres = view.to_ego(np.stack([cars.x, cars.y], axis=1))
    for row in range(len(cars.id)):
        if not view.shows(centres[row]):
            continue
        length, width = float(cars.length[row]), float(cars.width[row])
        shape = Shape(view, centres[row], float(cars.yaw[row]) - view.ego.yaw, length, width)
        canvas.polygon(shape.outline(), theme.truth_fill)
        _draw_glass(canvas, shape, theme.road)
        canvas.line(shape.outline(), theme.truth, 1, closed=True)
        if cars.brake_lamp[row]:
            _draw_lamps(canvas, shape, (-1, 1), (-1,), theme.brake_lamp)
        indicator = int(cars.indicator[row])
        if indicator and lit:
            sides = {-1: (1,), 1: (-1,), 2: (-1, 1)}[indicator]  # y is left, the indicator's −1 too
            _draw_lamps(canvas, shape, sides, (-1, 1), theme.indicator)


def _draw_bodies(canvas: Canvas, view: GroundView, cars: VehicleStates, style: Style) -> None:
    """Draw vehicles that nobody on the road can meet, as bodies without lamps."""
    outline = mix(style.theme.panel, style.theme.truth, 0.5)
    for row, centre in enumerate(view.to_ego(np.stack([cars.x, cars.y], axis=1))):
        if view.shows(centre):
            yaw = float(cars.yaw[row]) - view.ego.yaw
            shape = Shape(view, centre, yaw, float(cars.length[row]), float(cars.width[row]))
            canvas.polygon(shape.outline(), mix(style.theme.panel, style.theme.truth_fill, 0.5))
            canvas.line(shape.outline(), outline, 1, closed=True)


def _draw_glass(canvas: Canvas, shape: Shape, colour: Colour) -> None:
    """Draw a windscreen, which shows the front: behind the bonnet, or at the front of a truck."""
    bonnet = 1.3 if shape.length < 5.6 else 0.5
    front = shape.length / 2.0 - bonnet
    half = shape.width / 2.0
    pane = [
        [front, 0.6 * half],
        [front - 0.9, 0.75 * half],
        [front - 0.9, -0.75 * half],
        [front, -0.6 * half],
    ]
    canvas.polygon(shape.place(np.array(pane)), colour)


def _draw_lamps(
    canvas: Canvas, shape: Shape, sides: tuple[int, ...], ends: tuple[int, ...], colour: Colour
) -> None:
    """Draw lamps at the given ends (+1 front, −1 rear) and sides (+1 left, −1 right)."""
    places = [
        [end * (shape.length / 2.0 - 0.2), side * (shape.width / 2.0 - 0.25)]
        for end in ends
        for side in sides
    ]
    radius = max(0.42 * shape.view.scale, 2.0)
    for x, y in shape.place(np.array(places)):
        canvas.disc(x, y, radius, colour)


def _draw_pedestrians(canvas: Canvas, view: GroundView, pedestrians: PedestrianStates, style: Style) -> None:
    """Draw discs, enlarged for visibility, with a line in the heading direction; boxes to scale."""
    centres = view.to_ego(np.stack([pedestrians.x, pedestrians.y], axis=1))
    for row in range(len(pedestrians.id)):
        if not view.shows(centres[row]):
            continue
        x, y = view.from_ego(centres[row])
        radius = max(float(pedestrians.width[row]) / 2.0 * view.scale, style.px(4))
        yaw = float(pedestrians.yaw[row]) - view.ego.yaw
        tip = np.array([x - 1.9 * radius * np.sin(yaw), y - 1.9 * radius * np.cos(yaw)])
        canvas.line(np.array([[x, y], tip]), style.theme.text, style.px(1.5))
        if pedestrians.radius[row] == 0.0:
            size = float(pedestrians.length[row]), float(pedestrians.width[row])
            outline = Shape(view, centres[row], yaw, *size).outline(grow=0.1)
            canvas.polygon(outline, style.theme.truth_fill)
            canvas.line(outline, style.theme.text, 1, closed=True)
            continue
        canvas.disc(x, y, radius, style.theme.truth_fill)
        canvas.ring(x, y, radius, style.theme.text, style.px(1.2))


def _draw_obstacles(canvas: Canvas, view: GroundView, obstacles: ObstacleStates, style: Style) -> None:
    centres = view.to_ego(np.stack([obstacles.x, obstacles.y], axis=1))
    for row in range(len(obstacles.id)):
        if not view.shows(centres[row]):
            continue
        if obstacles.kind[row] == ObstacleKind.CONE:
            x, y = view.from_ego(centres[row])
            canvas.disc(x, y, style.px(3), style.theme.obstacle)
            canvas.ring(x, y, style.px(3), style.theme.text)
        else:
            length, width = max(float(obstacles.length[row]), 0.4), max(float(obstacles.width[row]), 0.4)
            shape = Shape(view, centres[row], float(obstacles.yaw[row]) - view.ego.yaw, length, width)
            canvas.polygon(shape.outline(grow=0.1), style.theme.obstacle)
