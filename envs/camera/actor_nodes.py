"""Scene nodes of an episode's actors: created on first appearance, posed each frame, then removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from panda3d.core import AmbientLight, DirectionalLight, GeomNode, Material, NodePath

from drive_stack.types import FloatArray, ObjectClass, SemanticClass
from drive_stack.world_state import (
    Conditions,
    Light,
    ObstacleKind,
    ObstacleStates,
    PedestrianStates,
    VehicleStates,
    Weather,
    WorldState,
)

from .actors import (
    Detail,
    VehicleModel,
    WalkerModel,
    build_obstacle,
    build_vehicle,
    build_walker,
)
from .atmosphere import Atmosphere
from .draw_order import set_flat, set_on_hills
from .shading import shade
from .tags import LabelTags
from .triangles import quad_node

_MAX_ACTORS = 60_000  # label numbers that fit into two colour channels
_FAR_FROM, _DISTANT_FROM = 60.0, 110.0  # distances from which bodies have fewer triangles [m]
_BLINK_PERIOD = 0.8  # period of indicators [s]
_FLASH_PERIOD = 0.4  # period of the blue lights of emergency vehicles [s]
_SHADOWS = ((1.12, 74), (0.98, 46))  # layers: size relative to the body, grey value
_SHADOW_ORDER, _SHADOW_ON_HILLS_ORDER = 10, 10_000  # above the ground
_SHADOW_LIFT = 0.04  # above hilly ground, so that the ground does not hide it [m]
_BRIGHT_SUN, _VEILED_SUN, _NIGHT_SUN = (0.7, 0.68, 0.62, 1.0), (0.4, 0.4, 0.4, 1.0), (0.1, 0.1, 0.1, 1.0)
_FOOTPRINT = (0.5, 0.5)  # of a pedestrian's shadow [m]

SEMANTIC = {
    label: SemanticClass.STRUCTURE if label is ObjectClass.OBSTACLE else SemanticClass[label.name]
    for label in ObjectClass
}

_Kind: TypeAlias = VehicleStates | PedestrianStates | ObstacleStates


@dataclass(frozen=True, slots=True)
class _Actor:
    holder: NodePath
    model: VehicleModel | WalkerModel | None


class ActorNodes:
    """Keeps one node per actor below ``parent`` and updates them from the world's state."""

    def __init__(
        self, parent: NodePath, conditions: Conditions, tags: LabelTags, *, hilly: bool = False
    ) -> None:
        self._hilly = hilly
        self._root = parent.attach_new_node("moving")
        self._tags = tags
        self._lamps_on = conditions.light is not Light.DAY
        self._actors: dict[int, _Actor] = {}
        self._numbers: dict[int, int] = {}
        self._light(conditions)

    @property
    def actor_of_number(self) -> dict[int, int]:
        """Map from label number to actor id, of all actors so far."""
        return {number: actor for actor, number in self._numbers.items()}

    def update(self, state: WorldState, atmosphere: Atmosphere) -> None:
        """Set the poses, lamps, gait and level of detail of all actors in range."""
        self._add_new(state)
        self._update_vehicles(state, atmosphere, self._set_poses(state.vehicles, state, atmosphere))
        for row in self._set_poses(state.pedestrians, state, atmosphere):
            self._update_pedestrian(state.pedestrians, row)
        self._set_poses(state.obstacles, state, atmosphere)
        present = {actor for kind in _kinds(state) for actor in kind.id.tolist()}
        for actor in self._actors.keys() - present:
            self._actors.pop(actor).holder.remove_node()

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
        adders = self._add_vehicle, self._add_pedestrian, self._add_obstacle
        for kind, add in zip(_kinds(state), adders, strict=True):
            for row, actor in enumerate(kind.id.tolist()):
                if actor not in self._actors:
                    add(actor, state, row)

    def _set_poses(self, kind: _Kind, state: WorldState, atmosphere: Atmosphere) -> list[int]:
        """Set the poses of the actors of one kind; return the rows of those in range."""
        holders = [self._actors[actor].holder for actor in kind.id.tolist()]
        shown = shade(holders, kind.x, kind.y, state.ego, atmosphere)
        x, y, heading = kind.x.tolist(), kind.y.tolist(), np.degrees(kind.yaw).tolist()
        height, slope = state.road.ground_under(kind.x, kind.y, kind.yaw)
        # people stand upright; bodies face along x, so that Panda's roll lowers their nose
        if isinstance(kind, PedestrianStates):
            slope = np.zeros(len(slope))
        z, nose_down = height.tolist(), np.degrees(-np.arctan(slope)).tolist()
        for row in shown:
            holders[row].set_pos_hpr(x[row], y[row], z[row], heading[row], 0.0, nose_down[row])
        return shown

    def _update_vehicles(self, state: WorldState, atmosphere: Atmosphere, rows: list[int]) -> None:
        """Set the lamps and the level of detail of vehicles."""
        vehicles = state.vehicles
        blink = state.time % _BLINK_PERIOD < _BLINK_PERIOD / 2.0
        flash = state.time % _FLASH_PERIOD < _FLASH_PERIOD / 2.0
        distance = np.hypot(vehicles.x - state.ego.x, vehicles.y - state.ego.y)
        details, glow = _details(distance), atmosphere.encode_lamps(distance).tolist()
        for row in rows:
            model, side = self._actors[int(vehicles.id[row])].model, int(vehicles.indicator[row])
            assert isinstance(model, VehicleModel)
            model.set_lamps(
                brake=bool(vehicles.brake_lamp[row]),
                left=blink and side in (-1, 2),
                right=blink and side in (1, 2),
                headlamps=self._lamps_on and not vehicles.unlit[row],
                blue=flash and vehicles.label[row] == ObjectClass.EMERGENCY_VEHICLE,
            )
            model.set_detail(details[row])
            model.set_glow(glow[row])

    def _update_pedestrian(self, pedestrians: PedestrianStates, row: int) -> None:
        model = self._actors[int(pedestrians.id[row])].model
        assert model is not None and not isinstance(model, VehicleModel)
        model.set_gait(float(pedestrians.gait[row]), float(pedestrians.speed[row]))

    def _light(self, conditions: Conditions) -> None:
        ambient, sun = AmbientLight("sky"), DirectionalLight("sun")
        night = conditions.light is Light.NIGHT
        bright = conditions.weather is Weather.CLEAR and not night
        # at night the light comes from the camera position, so all surfaces that face it are equally bright
        ambient.set_color((0.95, 0.95, 0.93, 1.0) if night else (0.66, 0.67, 0.70, 1.0))
        sun.set_color(_NIGHT_SUN if night else _BRIGHT_SUN if bright else _VEILED_SUN)
        sun.set_direction(
            (
                -np.cos(conditions.sun_azimuth),
                -np.sin(conditions.sun_azimuth),
                -np.tan(conditions.sun_elevation),
            )
        )
        self._lights = [self._root.attach_new_node(light) for light in (ambient, sun)]
        for light in self._lights:
            self._root.set_light(light)
        # Without a material, Panda3D 1.10's software renderer takes a vertex's colour and colour scale for
        # the material, and multiplies by them again: colour, light and alpha are squared. With a white
        # material it multiplies once. Panda3D 1.11 would draw all white, hence the bound on its version.
        white = Material("white")
        white.set_ambient((1.0, 1.0, 1.0, 1.0))
        white.set_diffuse((1.0, 1.0, 1.0, 1.0))
        self._root.set_material(white)

    def _add_vehicle(self, actor: int, state: WorldState, row: int) -> None:
        vehicles = state.vehicles
        red, green, blue = (int(part) for part in vehicles.colour[row])
        length, width, height = (
            float(vehicles.length[row]),
            float(vehicles.width[row]),
            float(vehicles.height[row]),
        )
        # start with the cheapest level; `update` selects the level of vehicles in range
        colour, detail = (red, green, blue), Detail.DISTANT
        model = build_vehicle(int(vehicles.body[row]), colour, length, width, height, detail)
        kind = SEMANTIC[ObjectClass(int(vehicles.label[row]))]
        self._add(actor, model.node, kind, (length, width), model)

    def _add_pedestrian(self, actor: int, state: WorldState, row: int) -> None:
        pedestrians = state.pedestrians
        model, kind = build_walker(pedestrians, row), SEMANTIC[ObjectClass(int(pedestrians.label[row]))]
        size = float(pedestrians.length[row]), float(pedestrians.width[row])
        self._add(actor, model.node, kind, size if pedestrians.radius[row] == 0.0 else _FOOTPRINT, model)

    def _add_obstacle(self, actor: int, state: WorldState, row: int) -> None:
        obstacles = state.obstacles
        size = (float(obstacles.length[row]), float(obstacles.width[row]))
        node = build_obstacle(ObstacleKind(int(obstacles.kind[row])), *size, float(obstacles.height[row]))
        self._add(actor, node, SEMANTIC[ObjectClass(int(obstacles.label[row]))], size)

    def _add(
        self,
        actor: int,
        node: NodePath,
        kind: SemanticClass,
        size: tuple[float, float],
        model: VehicleModel | WalkerModel | None = None,
    ) -> None:
        """Attach an actor and its shadow to the scene."""
        number = self._numbers.setdefault(actor, len(self._numbers) % _MAX_ACTORS + 1)
        holder = self._root.attach_new_node("actor")
        node.reparent_to(holder)
        self._tags.mark(node, kind, number)
        shadow = holder.attach_new_node(_shadow(*size))
        shadow.set_light_off(1)
        shadow.set_color_scale_off(1)
        if self._hilly:
            shadow.set_z(_SHADOW_LIFT)
            set_on_hills(shadow, _SHADOW_ON_HILLS_ORDER)
        else:
            set_flat(shadow, _SHADOW_ORDER)
        self._tags.mark(shadow, SemanticClass.ROAD)
        self._actors[actor] = _Actor(holder, model)


def _kinds(state: WorldState) -> tuple[_Kind, _Kind, _Kind]:
    return state.vehicles, state.pedestrians, state.obstacles


def _shadow(length: float, width: float) -> GeomNode:
    """Return darker ground quads under a body of this size [m]."""
    scales, tones = np.array(_SHADOWS).T
    half = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]]) / 2.0
    corners = half * np.array([length, width, 0.0]) * scales[:, None, None]
    colours = np.stack([tones, tones, tones + 3.0, np.zeros(len(tones))], axis=1)
    return quad_node("shadow", corners, np.repeat(colours[:, None], 4, axis=1), weld=False)


def _details(distance: FloatArray) -> list[Detail]:
    """Return the level of detail of vehicles at ``distance`` (N,) from the ego [m]."""
    levels = tuple(Detail)
    return [levels[level] for level in np.searchsorted((_FAR_FROM, _DISTANT_FROM), distance).tolist()]
