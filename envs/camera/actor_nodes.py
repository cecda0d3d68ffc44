"""The actors of an episode as nodes: made when first seen, posed each frame, taken away when gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from panda3d.core import AmbientLight, DirectionalLight, GeomNode, NodePath

from drive_stack.types import ObjectClass, SemanticClass
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
from envs.camera.actors import (
    Detail,
    PersonModel,
    VehicleModel,
    build_obstacle,
    build_person,
    build_vehicle,
)
from envs.camera.air import Air
from envs.camera.shading import lay_flat, shade
from envs.camera.tags import LabelTags
from envs.camera.triangles import quad_node

_MOST_ACTORS = 60_000  # numbers that fit into two colours
_FAR, _DISTANT = 60.0, 110.0  # from where on bodies are drawn with fewer triangles [m]
_BLINK = 0.8  # period of indicators [s]
_SHADOWS = ((1.12, 74), (0.98, 46))  # size over the body's, grey, one upon the other
_SHADOW_ORDER = 10  # above the ground
_BRIGHT_SUN, _VEILED_SUN, _NIGHT_SUN = (0.7, 0.68, 0.62, 1.0), (0.4, 0.4, 0.4, 1.0), (0.1, 0.1, 0.1, 1.0)
_FOOTPRINT = (0.5, 0.5)  # of a person's shadow [m]

_Kind: TypeAlias = VehicleStates | PedestrianStates | ObstacleStates


@dataclass(frozen=True, slots=True)
class _Actor:
    holder: NodePath
    model: VehicleModel | PersonModel | None


class Cast:
    """Keeps one node for each actor below ``parent``, in step with the world."""

    def __init__(self, parent: NodePath, conditions: Conditions, tags: LabelTags) -> None:
        self._root = parent.attach_new_node("moving")
        self._tags = tags
        self._lamps_on = conditions.light is not Light.DAY
        self._actors: dict[int, _Actor] = {}
        self._numbers: dict[int, int] = {}
        self._light(conditions)

    @property
    def actor_of_number(self) -> dict[int, int]:
        """Label number → actor id, of all seen so far."""
        return {number: actor for actor, number in self._numbers.items()}

    def follow(self, state: WorldState, air: Air) -> None:
        """Bring every actor within reach to where it is now."""
        self._add_new(state)
        self._drive(state, self._place(state.vehicles, state, air))
        for row in self._place(state.pedestrians, state, air):
            self._walk(state.pedestrians, row)
        self._place(state.obstacles, state, air)
        present = {actor for kind in _kinds(state) for actor in kind.id.tolist()}
        for gone in self._actors.keys() - present:
            self._actors.pop(gone).holder.remove_node()

    def close(self) -> None:
        """Take the actors away.

        The lights stand in the scene that they light, so it holds itself unless they are taken out first.
        """
        self._root.clear_light()
        for light in self._lights:
            light.remove_node()
        self._root.remove_node()
        self._actors.clear()

    def _add_new(self, state: WorldState) -> None:
        adders = self._add_vehicle, self._add_person, self._add_obstacle
        for kind, add in zip(_kinds(state), adders, strict=True):
            for row, actor in enumerate(kind.id.tolist()):
                if actor not in self._actors:
                    add(actor, state, row)

    def _place(self, kind: _Kind, state: WorldState, air: Air) -> list[int]:
        """Put those of a kind where they are; the rows of those within reach."""
        holders = [self._actors[actor].holder for actor in kind.id.tolist()]
        shown = shade(holders, kind.x, kind.y, state.ego, air)
        x, y, heading = kind.x.tolist(), kind.y.tolist(), np.degrees(kind.yaw).tolist()
        for row in shown:
            holders[row].set_pos_hpr(x[row], y[row], 0.0, heading[row], 0.0, 0.0)
        return shown

    def _drive(self, state: WorldState, rows: list[int]) -> None:
        """Switch vehicles' lamps and their levels of detail."""
        cars = state.vehicles
        blink = state.time % _BLINK < _BLINK / 2.0
        details = _details(state)
        for row in rows:
            model, side = self._actors[int(cars.id[row])].model, int(cars.indicator[row])
            assert isinstance(model, VehicleModel)
            model.set_lamps(
                brake=bool(cars.brake_lamp[row]),
                left=blink and side in (-1, 2),
                right=blink and side in (1, 2),
                headlamps=self._lamps_on,
            )
            model.set_detail(details[row])

    def _walk(self, people: PedestrianStates, row: int) -> None:
        model = self._actors[int(people.id[row])].model
        assert isinstance(model, PersonModel)
        model.set_gait(float(people.gait[row]), float(people.speed[row]))

    def _light(self, conditions: Conditions) -> None:
        ambient, sun = AmbientLight("sky"), DirectionalLight("sun")
        night = conditions.light is Light.NIGHT
        bright = conditions.weather is Weather.CLEAR and not night
        # at night the light comes from where the eye is: surfaces turned to it all look alike
        ambient.set_color((0.95, 0.95, 0.93, 1.0) if night else (0.66, 0.67, 0.70, 1.0))
        sun.set_color(_NIGHT_SUN if night else _BRIGHT_SUN if bright else _VEILED_SUN)
        sun.set_direction((-np.cos(conditions.sun_azimuth), -np.sin(conditions.sun_azimuth), -0.9))
        self._lights = [self._root.attach_new_node(light) for light in (ambient, sun)]
        for light in self._lights:
            self._root.set_light(light)

    def _add_vehicle(self, actor: int, state: WorldState, row: int) -> None:
        cars = state.vehicles
        red, green, blue = (int(part) for part in cars.colour[row])
        length, width, height = float(cars.length[row]), float(cars.width[row]), float(cars.height[row])
        # the cheapest; whoever comes into reach is soon looked at as closely as it deserves
        colour, detail = (red, green, blue), Detail.DISTANT
        model = build_vehicle(int(cars.body[row]), colour, length, width, height, detail)
        is_car = cars.label[row] == ObjectClass.CAR
        kind = SemanticClass.CAR if is_car else SemanticClass.LARGE_VEHICLE
        self._add(actor, model.node, kind, (length, width), model)

    def _add_person(self, actor: int, state: WorldState, row: int) -> None:
        people = state.pedestrians
        made = build_person(float(people.height[row]), bool(people.child[row]), people.clothes[row])
        self._add(actor, made.node, SemanticClass.PEDESTRIAN, _FOOTPRINT, made)

    def _add_obstacle(self, actor: int, state: WorldState, row: int) -> None:
        things = state.obstacles
        size = (float(things.length[row]), float(things.width[row]))
        node = build_obstacle(ObstacleKind(int(things.kind[row])), *size, float(things.height[row]))
        self._add(actor, node, SemanticClass.STRUCTURE, size)

    def _add(
        self,
        actor: int,
        node: NodePath,
        kind: SemanticClass,
        size: tuple[float, float],
        model: VehicleModel | PersonModel | None = None,
    ) -> None:
        """Hang an actor into the scene above its shadow."""
        number = self._numbers.setdefault(actor, len(self._numbers) % _MOST_ACTORS + 1)
        holder = self._root.attach_new_node("actor")
        node.reparent_to(holder)
        self._tags.mark(node, kind, number)
        shadow = holder.attach_new_node(_shadow(*size))
        shadow.set_light_off(1)
        shadow.set_color_scale_off(1)
        lay_flat(shadow, _SHADOW_ORDER)
        self._tags.mark(shadow, SemanticClass.ROAD)
        self._actors[actor] = _Actor(holder, model)


def _kinds(state: WorldState) -> tuple[_Kind, _Kind, _Kind]:
    return state.vehicles, state.pedestrians, state.obstacles


def _shadow(length: float, width: float) -> GeomNode:
    """Darker ground under a body of that size [m]."""
    grows, tones = np.array(_SHADOWS).T
    half = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]]) / 2.0
    corners = half * np.array([length, width, 0.0]) * grows[:, None, None]
    colours = np.stack([tones, tones, tones + 3.0, np.zeros(len(tones))], axis=1)
    return quad_node("shadow", corners, np.repeat(colours[:, None], 4, axis=1), weld=False)


def _details(state: WorldState) -> list[Detail]:
    """How close each vehicle is looked at."""
    cars, ego = state.vehicles, state.ego
    away = np.hypot(cars.x - ego.x, cars.y - ego.y)
    levels = tuple(Detail)
    return [levels[level] for level in np.searchsorted((_FAR, _DISTANT), away).tolist()]
