"""Shadows on the ground of what stands next to the road and above it.

Shadows are quads on the ground whose colours multiply those of the ground. Two shadows are as dark as one:
each lies a little lower than those before it, and a depth test lets only the highest one through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np

from drive_stack.road.scenery import Bridge
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions, Light, Weather

from ..ground import Layer
from ..ground.layers import STEP, Strip
from ..ground.shade import BELOW, SOFT_EDGE, light_below
from ..scenery import tree_shapes
from ..signs import Face, Sign
from .casters import building_points, canopy_points, deck_points, wall_quads

SUN_SHADE = 0.56  # brightness of the ground in a shadow: the sky's light alone
_MAX_LENGTH = 8.0  # of a shadow, relative to the height of what casts it
_TREE_CHUNK = 40.0  # length of road whose trees are drawn together [m]
_RAIL = 0.48, 0.78  # lower and upper edge of guard rails [m]
_RAIL_DISTANCE, _RAIL_STEP = 0.5, 10.0  # from the pavement, and between two points of a shadow [m]
_POST = 0.15  # width of the post of a sign [m]
_LIFT = 0.13  # height of shadows above hills [m]
_KIND_STEP, _STEP = 0.008, 0.003  # between the heights of shadows of two kinds, and of one kind [m]


class Shade:
    """The shade of an episode."""

    def __init__(self, road: RoadMap, conditions: Conditions) -> None:
        self._road, self._conditions = road, conditions
        self._signs: tuple[Sign, ...] = ()
        self._sunny = (
            conditions.scenery.shadows
            and conditions.weather is Weather.CLEAR
            and conditions.light is Light.DAY
        )
        length = min(1.0 / math.tan(conditions.sun_elevation), _MAX_LENGTH)
        away = conditions.sun_azimuth + math.pi
        self.cast = length * np.array([math.cos(away), math.sin(away)])
        """Displacement (2,) of the shadow of a point 1 m above the ground [m]."""

    def add_signs(self, signs: Iterable[Sign]) -> None:
        """Let signs cast shadows."""
        self._signs = (*self._signs, *signs)

    def layer(self, start: float, end: float) -> Layer | None:
        """Return the shade between two stations [m] with factors of 0 … 255 as colours; None without any.

        By night there is none, as the light comes from headlamps.
        """
        if self._conditions.light is Light.NIGHT:
            return None
        below = [
            self._below(bridge, start, end)
            for bridge in self._conditions.scenery.bridges
            if abs(bridge.station - (start + end) / 2.0) < (bridge.depth + SOFT_EDGE + end - start) / 2.0
        ]
        kinds = [below]
        if self._sunny:
            kinds += [
                [(quads, np.full(quads.shape[:2], SUN_SHADE)) for quads in kind]
                for kind in self._shadows(start, end)
            ]
        lift = 0.0 if self._road.profile.is_level else _LIFT
        groups = [
            (quads + (lift - _KIND_STEP * order - _STEP * index) * np.array([0.0, 0.0, 1.0]), factor)
            for order, kind in enumerate(kinds)
            for index, (quads, factor) in enumerate(kind)
            if len(quads)
        ]
        if not groups:
            return None
        factor = np.concatenate([factor for _, factor in groups])[:, :, None]
        rgb = np.repeat(255.0 * factor, 3, axis=2)
        colours = np.concatenate([rgb, np.full(factor.shape, 255.0)], axis=2)
        return Layer(SemanticClass.ROAD, np.concatenate([quads for quads, _ in groups]), colours)

    def _below(self, bridge: Bridge, start: float, end: float) -> tuple[FloatArray, FloatArray]:
        """Return the quads below a bridge and their factors. In the sun the shade has hard edges."""
        soft = 0.0 if self._sunny else SOFT_EDGE
        reach, inner = (bridge.depth + soft) / 2.0, (bridge.depth - soft) / 2.0
        low, high = max(start, bridge.station - reach), min(end, bridge.station + reach)
        if high <= low:
            return np.zeros((0, 4, 3)), np.zeros((0, 4))
        kinks = np.clip(bridge.station + np.array([-inner, inner]), low, high)
        station = np.unique([*np.linspace(low, high, int((high - low) / STEP) + 2), *kinks])
        left, right = np.full(len(station), bridge.left), np.full(len(station), bridge.right)
        light = np.full(len(station), BELOW) if self._sunny else light_below((bridge,), station)
        quads = Strip(left, right, station).quads(self._road)
        return quads, np.stack([light[:-1], light[:-1], light[1:], light[1:]], axis=1)

    def _shadows(self, start: float, end: float) -> list[list[FloatArray]]:
        """Return the quads (Q, 4, 3) of the shadow of each thing between two stations [m], by kind.

        Kinds near the lanes come first, as later ones lie a little too low.
        """
        road, scenery = self._road, self._conditions.scenery
        decks = [deck_points(road, bridge) for bridge in scenery.bridges if start <= bridge.station < end]
        buildings = [
            building_points(road, building)
            for building in scenery.buildings
            if start <= building.station < end
        ]
        buildings += [
            canopy_points(road, area) for area in scenery.service_areas if start <= area.start < end
        ]
        signs = [
            body for sign in self._signs if start <= sign.station < end for body in _sign_points(road, sign)
        ]
        trees = []
        first = math.ceil(start / _TREE_CHUNK) * _TREE_CHUNK
        for chunk in np.arange(first, end, _TREE_CHUNK):
            made = tree_shapes(road, self._conditions, float(chunk), float(chunk) + _TREE_CHUNK)
            trees += [corners.reshape(-1, 3) for corners, _ in made]
        walls = [
            wall_quads(road, barrier, scenery.opposite, (start, end))
            for barrier in scenery.barriers
            if barrier.start < end and barrier.end > start
        ]
        return [
            [self._hull(deck) for deck in decks],
            [self._thrown(wall) for wall in walls],
            [self._thrown(rail) for rail in self._rails(start, end)],
            *([self._hull(body) for body in kind] for kind in (signs, buildings, trees)),
        ]

    def _rails(self, start: float, end: float) -> list[FloatArray]:
        """Return the guard rails as upright quads."""
        station = np.linspace(start, end, int(np.ceil((end - start) / _RAIL_STEP)) + 1)
        edges = np.array([self._road.paved(float(s)) for s in np.clip(station, 0.0, self._road.length)])
        laterals = [edges[:, 0] - _RAIL_DISTANCE, edges[:, 1] + _RAIL_DISTANCE]
        opposite = self._conditions.scenery.opposite
        if opposite is not None:
            places = opposite.inner_edge - _RAIL_DISTANCE, opposite.outer_edge + _RAIL_DISTANCE
            laterals += [np.full(len(station), place) for place in places]
        rails = []
        for lateral in laterals:
            low, high = (self._road.to_space(station, lateral, level) for level in _RAIL)
            rails.append(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1))
        return rails

    def _hull(self, body: FloatArray) -> FloatArray:
        """Return the shadow of a convex body with points (N, 3) as the quads of a fan."""
        ground = self._to_ground(body)
        hull = ground[cv2.convexHull(ground[:, :2].astype(np.float32), returnPoints=False)[:, 0]]
        last = len(hull) - 1
        fan = [[0, k, k + 1, min(k + 2, last)] for k in range(1, last, 2)]
        return np.asarray(hull[np.array(fan, dtype=np.intp).reshape(-1, 4)])

    def _thrown(self, quads: FloatArray) -> FloatArray:
        """Return the shadow of upright quads (Q, 4, 3)."""
        return self._to_ground(quads.reshape(-1, 3)).reshape(quads.shape)

    def _to_ground(self, points: FloatArray) -> FloatArray:
        """Return where the sun's rays through points (N, 3) meet the ground [m]."""
        road = self._road
        if road.profile.is_level:
            height = points[:, 2]
        else:
            height = points[:, 2] - road.ground_under(points[:, 0], points[:, 1], np.zeros(len(points)))[0]
        place = points[:, :2] + np.maximum(height, 0.0)[:, None] * self.cast
        level, _ = road.ground_under(place[:, 0], place[:, 1], np.zeros(len(place)))
        return np.column_stack([place, level])


def _sign_points(road: RoadMap, sign: Sign) -> list[FloatArray]:
    """Return the points of the board and of each post of a sign."""
    angle = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
    if sign.is_round:
        across, up = 0.5 * np.cos(angle), 0.5 + 0.5 * np.sin(angle)
    else:
        across, up = np.array([-0.5, 0.5, 0.5, -0.5]), np.array([0.0, 0.0, 1.0, 1.0])
    station = np.asarray(sign.station)
    board = road.to_space(station, sign.lateral + across * sign.width, sign.bottom + up * sign.height)
    top = sign.bottom + (sign.height if sign.face is Face.DIRECTION else 0.0)
    half = _POST / 2.0
    posts = [
        road.to_space(station, post + np.array([-half, half, half, -half]), np.array([0.0, 0.0, top, top]))
        for post in sign.posts
    ]
    return [board, *posts]
