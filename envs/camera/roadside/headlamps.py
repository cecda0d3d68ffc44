"""Headlamps of oncoming vehicles: they dazzle, so each is a white spot of at least some pixels."""

from __future__ import annotations

import numpy as np
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import Conditions, Light, VehicleStates, WorldState

from ..actors.parts import Detail, LampKind
from ..actors.vehicles import vehicle_parts
from ..atmosphere import Atmosphere
from ..geometry_buffer import GeometryBuffer
from ..tags import LabelTags

_RADIUS = 0.16  # of a spot, at least [m]
_ANGLE = 0.0022  # half the angle that a spot fills, at least [rad]
_COLOUR = (255, 252, 240)
_FORWARD = 0.06  # distance of a spot from its lamp's glass [m]
# two squares, one of which is turned by 45°: across and up, by corner
_SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * 0.83
_TURNED = np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]) * 1.1
_SPOT = np.concatenate([_SQUARE, _TURNED])
_HALVES = np.array([[0, 1, 2], [0, 2, 3]])  # corners of a square's two triangles


class OncomingHeadlamps:
    """One node with the spots of all lit headlamps of the background's vehicles, by dusk and night."""

    def __init__(self, parent: NodePath, conditions: Conditions, tags: LabelTags) -> None:
        self._lit = conditions.light is not Light.DAY
        self._lamps: dict[int, FloatArray] = {}  # of each actor, in its own frame (2, 3) [m]
        self._buffer = GeometryBuffer(parent, "headlamps")
        self._buffer.node.set_two_sided(True)
        tags.hide(self._buffer.node)

    def update(self, state: WorldState, atmosphere: Atmosphere) -> None:
        """Move the spots to the lamps of a state's background vehicles."""
        vehicles = state.background_vehicles
        if vehicles is None or not self._lit:
            return
        ego, lamps = state.ego, self._places(vehicles, state.road.profile.height_at(vehicles.station))
        dx, dy = lamps[:, 0] - ego.x, lamps[:, 1] - ego.y
        distance = np.hypot(dx, dy)
        seen = (dx * np.cos(ego.yaw) + dy * np.sin(ego.yaw) > 0.0) & (distance < atmosphere.max_range)
        lamps, distance = lamps[seen], distance[seen]
        across, up = np.array([np.sin(ego.yaw), -np.cos(ego.yaw), 0.0]), np.array([0.0, 0.0, 1.0])
        spot = _SPOT[:, :1] * across + _SPOT[:, 1:] * up
        radius = np.maximum(_RADIUS, _ANGLE * distance)
        corners = lamps[:, None] + radius[:, None, None] * spot
        count = len(lamps) * len(_SPOT)
        rows, triangles = self._buffer.reserve(count, count)
        rows["vertex"][:count] = corners.reshape(-1, 3)
        rows["colour"][:count, :3] = _COLOUR
        alpha = np.round(255.0 * atmosphere.encode_lamps(distance))
        rows["colour"][:count, 3] = np.repeat(alpha, len(_SPOT))
        faces = 4 * np.arange(count // 4)[:, None, None] + _HALVES
        triangles[: count // 2] = faces.reshape(-1, 3)
        self._buffer.show(count, count // 2)

    def _places(self, vehicles: VehicleStates, ground: FloatArray) -> FloatArray:
        """Return the places (M, 3) of all lit lamps in the world [m]; ``ground`` (N,) is the height there."""
        rows = np.flatnonzero(~(vehicles.unlit | vehicles.parked))
        own = np.array([self._lamps_of(vehicles, int(row)) for row in rows]).reshape(len(rows), 2, 3)
        forward, left, up = np.moveaxis(own, 2, 0)
        cos, sin = np.cos(vehicles.yaw[rows, None]), np.sin(vehicles.yaw[rows, None])
        x, y = vehicles.x[rows, None], vehicles.y[rows, None]
        places = x + forward * cos - left * sin, y + forward * sin + left * cos, ground[rows, None] + up
        return np.stack(places, axis=2).reshape(-1, 3)

    def _lamps_of(self, vehicles: VehicleStates, row: int) -> FloatArray:
        actor = int(vehicles.id[row])
        if actor not in self._lamps:
            self._lamps[actor] = _lamps(vehicles, row)
        return self._lamps[actor]


def _lamps(vehicles: VehicleStates, row: int) -> FloatArray:
    """Return the places (2, 3) of a vehicle's headlamps in its own frame [m]; of a single one twice."""
    red, green, blue = (int(part) for part in vehicles.colour[row])
    size = float(vehicles.length[row]), float(vehicles.width[row]), float(vehicles.height[row])
    made = vehicle_parts(int(vehicles.body[row]), (red, green, blue), *size, detail=Detail.DISTANT)
    boxes = [glass.mesh.bounds for glass in made.lamps if glass.kind is LampKind.HEAD]
    places = [(high[0] + _FORWARD, *((low + high) / 2.0)[1:]) for low, high in boxes]
    return np.array([places[0], places[-1]])
