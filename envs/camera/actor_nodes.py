"""Scene nodes of an episode's actors.

Vehicles are written into one node anew for each frame. A node for each of the others is created on first
appearance, or when a person's clothes have changed, posed each frame, then removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.camera_model import CameraModel
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, ObjectClass, SemanticClass
from drive_stack.world_state import (
    Conditions,
    EgoState,
    Light,
    ObstacleKind,
    ObstacleStates,
    PedestrianStates,
    VehicleStates,
    WorldState,
)

from .actor_light import attach_light, scene_light
from .actors import (
    SHADOW_REACH,
    Detail,
    Placement,
    ShadowNodes,
    VehicleNodes,
    WalkerModel,
    build_obstacle,
    build_walker,
)
from .atmosphere import Atmosphere
from .ground.shade import light_below
from .shading import shade
from .tags import LabelTags

_MAX_ACTORS = 60_000  # label numbers that fit into two colour channels
_FEWER_FROM = (60.0, 110.0, 180.0)  # distances from which bodies have fewer triangles [m]
_VIEW_MARGIN_DEG = 2.0  # of the horizontal field of view, for a camera that rolls
_FOOTPRINT = (0.5, 0.5)  # of a pedestrian's shadow [m]

SEMANTIC = {
    label: SemanticClass.STRUCTURE if label is ObjectClass.OBSTACLE else SemanticClass[label.name]
    for label in ObjectClass
}

_Other: TypeAlias = PedestrianStates | ObstacleStates
_Kind: TypeAlias = VehicleStates | _Other


@dataclass(frozen=True, slots=True)
class _Actor:
    holder: NodePath
    model: WalkerModel | None
    clothes: bytes  # with which it was built; empty for obstacles


@dataclass(frozen=True, slots=True)
class _Footprints:
    """Where bodies in range stand, for their shadows."""

    pose: FloatArray  # (N, 3) x, y, yaw
    size: FloatArray  # (N, 2) length, width
    height: FloatArray  # (N,)
    slope: FloatArray  # (N,)
    light: FloatArray  # (N,) fraction that bridges let through


_NO_FOOTPRINTS = _Footprints(np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros(0))


class ActorNodes:
    """Draws the actors of a world below ``parent``, as the camera ``model`` sees them."""

    def __init__(
        self,
        parent: NodePath,
        model: CameraModel,
        conditions: Conditions,
        tags: LabelTags,
        *,
        hilly: bool = False,
    ) -> None:
        self._tags = tags
        self._bridges = () if conditions.light is Light.NIGHT else conditions.scenery.bridges
        self._half_view = np.radians(model.fov_x_deg / 2.0 + _VIEW_MARGIN_DEG)
        self._shadows = ShadowNodes(parent, tags, hilly=hilly)
        light = scene_light(conditions)
        self._vehicles = VehicleNodes(parent, light, lamps_on=conditions.light is not Light.DAY)
        self._placed: tuple[VehicleStates, NDArray[np.int64]] | None = None  # of the last update
        self._root = parent.attach_new_node("moving")
        self._actors: dict[int, _Actor] = {}
        self._numbers: dict[int, int] = {}
        self._lights = attach_light(self._root, light)

    @property
    def actor_of_number(self) -> dict[int, int]:
        """Map from label number to actor id, of all actors so far."""
        return {number: actor for actor, number in self._numbers.items()}

    def update(self, state: WorldState, atmosphere: Atmosphere) -> None:
        """Set the poses, lamps, gait and level of detail of all actors in range."""
        self._add_new(state)
        shadows = (
            self._show_vehicles(state, atmosphere),
            self._set_poses(state.pedestrians, state, atmosphere),
            self._set_poses(state.obstacles, state, atmosphere),
        )
        self._shadows.show(
            *(
                np.concatenate(parts)
                for parts in zip(
                    *((s.pose, s.size, s.height, s.slope, s.light) for s in shadows), strict=True
                )
            )
        )
        present = {*state.pedestrians.id.tolist(), *state.obstacles.id.tolist()}
        for actor in self._actors.keys() - present:
            self._actors.pop(actor).holder.remove_node()

    def paint_labels(self) -> None:
        """Give the vehicles the flat colours of the label image, until the next `update`."""
        if self._placed is None:
            return
        vehicles, rows = self._placed
        colours = np.full((len(rows), 4), 255, dtype=np.uint8)
        for colour, actor, label in zip(
            colours, vehicles.id[rows].tolist(), vehicles.label[rows].tolist(), strict=True
        ):
            number = self._numbers[actor]
            colour[:3] = int(SEMANTIC[ObjectClass(label)]), number // 256, number % 256
        self._vehicles.paint(colours)

    def close(self) -> None:
        """Remove the actors and lights.

        The lights are nodes of the scene that they light. This reference cycle keeps the scene alive unless
        the lights are removed first.
        """
        self._root.clear_light()
        for light in self._lights:
            light.remove_node()
        self._root.remove_node()
        self._actors.clear()

    def _add_new(self, state: WorldState) -> None:
        for actor in state.vehicles.id.tolist():
            self._number(actor)
        for row, actor in enumerate(state.pedestrians.id.tolist()):
            clothes = state.pedestrians.clothes[row].tobytes()
            if actor in self._actors and self._actors[actor].clothes != clothes:
                self._actors.pop(actor).holder.remove_node()
            if actor not in self._actors:
                self._add_pedestrian(actor, state, row)
        for row, actor in enumerate(state.obstacles.id.tolist()):
            if actor not in self._actors:
                self._add_obstacle(actor, state, row)

    def _number(self, actor: int) -> int:
        return self._numbers.setdefault(actor, len(self._numbers) % _MAX_ACTORS + 1)

    def _show_vehicles(self, state: WorldState, atmosphere: Atmosphere) -> _Footprints:
        """Draw the vehicles in view, the nearest first, so that few pixels are drawn twice."""
        vehicles = state.vehicles
        dark = np.zeros(len(vehicles.id), dtype=np.bool_)
        selected = atmosphere.select_visible(vehicles.x, vehicles.y, dark, state.ego)
        rows = np.array(selected[0], dtype=np.int64)
        light, alpha = (np.array(part) for part in selected[1:])
        distance = np.hypot(vehicles.x[rows] - state.ego.x, vehicles.y[rows] - state.ego.y)
        seen = np.flatnonzero(self._in_view(vehicles, rows, state.ego))
        order = seen[np.argsort(distance[seen], kind="stable")]
        rows, distance = rows[order], distance[order]
        height, slope = state.road.ground_under(vehicles.x[rows], vehicles.y[rows], vehicles.yaw[rows])
        below = light_below(self._bridges, vehicles.station[rows])
        placement = Placement(
            rows,
            height,
            slope,
            light[order] * below,
            alpha[order],
            atmosphere.encode_lamps(distance),
            _details(distance),
        )
        self._vehicles.show(vehicles, placement, state.time)
        self._placed = vehicles, rows
        size = np.stack([vehicles.length[rows], vehicles.width[rows]], axis=1)
        return _Footprints(_pose(vehicles, rows), size, height, slope, below)

    def _in_view(self, kind: VehicleStates, rows: NDArray[np.int64], ego: EgoState) -> NDArray[np.bool_]:
        """Return which vehicles (N,) reach into the camera's horizontal field of view."""
        dx, dy = kind.x[rows] - ego.x, kind.y[rows] - ego.y
        cos, sin = np.cos(ego.yaw), np.sin(ego.yaw)
        ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
        # a view from the rear axle includes that from the camera, which is ahead of it
        outside = np.abs(left) * np.cos(self._half_view) - ahead * np.sin(self._half_view)
        radius = np.hypot(kind.length[rows], kind.width[rows]) * SHADOW_REACH / 2.0
        return np.asarray(outside < radius)

    def _set_poses(self, kind: _Other, state: WorldState, atmosphere: Atmosphere) -> _Footprints:
        """Set the poses and the gait of the actors of one kind."""
        if len(kind.id) == 0:
            return _NO_FOOTPRINTS
        actors = [self._actors[actor] for actor in kind.id.tolist()]
        below = self._light_below(kind, state.road)
        holders = [actor.holder for actor in actors]
        shown = shade(holders, kind.x, kind.y, below, state.ego, atmosphere)
        rows = np.array(shown, dtype=np.int64)
        height, slope = state.road.ground_under(kind.x[rows], kind.y[rows], kind.yaw[rows])
        walkers = isinstance(kind, PedestrianStates)
        # people stand upright; bodies face along x, so that Panda's roll lowers their nose
        nose_down = np.zeros(len(rows)) if walkers else np.degrees(-np.arctan(slope))
        x, y, heading = kind.x.tolist(), kind.y.tolist(), np.degrees(kind.yaw).tolist()
        for row, z, roll in zip(shown, height.tolist(), nose_down.tolist(), strict=True):
            actors[row].holder.set_pos_hpr(x[row], y[row], z, heading[row], 0.0, roll)
            model = actors[row].model
            if model is not None and isinstance(kind, PedestrianStates):
                model.set_gait(float(kind.gait[row]), float(kind.speed[row]))
        return _Footprints(_pose(kind, rows), _shadow_sizes(kind, rows), height, slope, below[rows])

    def _light_below(self, kind: _Other, road: RoadMap) -> FloatArray:
        """Return the fraction of the light that bridges let through to actors (N,)."""
        if not self._bridges:
            return np.ones(len(kind.id))
        places = zip(kind.x.tolist(), kind.y.tolist(), strict=True)
        return light_below(self._bridges, np.array([road.to_road(*place)[0] for place in places]))

    def _add_pedestrian(self, actor: int, state: WorldState, row: int) -> None:
        pedestrians = state.pedestrians
        model, kind = build_walker(pedestrians, row), SEMANTIC[ObjectClass(int(pedestrians.label[row]))]
        self._add(actor, model.node, kind, model, pedestrians.clothes[row].tobytes())

    def _add_obstacle(self, actor: int, state: WorldState, row: int) -> None:
        obstacles = state.obstacles
        size = (float(obstacles.length[row]), float(obstacles.width[row]), float(obstacles.height[row]))
        node = build_obstacle(ObstacleKind(int(obstacles.kind[row])), *size, int(obstacles.form[row]))
        self._add(actor, node, SEMANTIC[ObjectClass(int(obstacles.label[row]))])

    def _add(
        self,
        actor: int,
        node: NodePath,
        kind: SemanticClass,
        model: WalkerModel | None = None,
        clothes: bytes = b"",
    ) -> None:
        """Attach an actor to the scene."""
        holder = self._root.attach_new_node("actor")
        node.reparent_to(holder)
        self._tags.mark(node, kind, self._number(actor))
        self._actors[actor] = _Actor(holder, model, clothes)


def _pose(kind: _Kind, rows: NDArray[np.int64]) -> FloatArray:
    return np.stack([kind.x[rows], kind.y[rows], kind.yaw[rows]], axis=1)


def _shadow_sizes(kind: _Other, rows: NDArray[np.int64]) -> FloatArray:
    """Return the length and width of bodies (N, 2); those of people are their footprint."""
    size = np.stack([kind.length[rows], kind.width[rows]], axis=1)
    if isinstance(kind, PedestrianStates):
        size[kind.radius[rows] > 0.0] = _FOOTPRINT
    return size


def _details(distance: FloatArray) -> tuple[Detail, ...]:
    """Return the level of detail of vehicles at ``distance`` (N,) from the ego [m]."""
    levels = tuple(Detail)
    return tuple(levels[level] for level in np.searchsorted(_FEWER_FROM, distance).tolist())
