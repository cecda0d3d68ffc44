"""The actors of an episode as nodes: made when first seen, posed each frame, taken away when gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from panda3d.core import AmbientLight, CardMaker, DirectionalLight, NodePath

from drive_stack.types import ObjectClass, SemanticClass
from drive_stack.world_state import Conditions, Light, ObstacleKind, Weather, WorldState
from envs.camera.actors import PersonModel, VehicleModel, build_obstacle, build_person, build_vehicle
from envs.camera.air import Air
from envs.camera.shading import lay_flat, shade
from envs.camera.tags import LabelTags

_MOST_ACTORS = 60_000  # numbers that fit into two colours
_DETAIL = 60.0  # bodies farther off are drawn with fewer triangles [m]
_BLINK = 0.8  # period of indicators [s]
_SHADOWS = ((1.12, 74, 10), (0.98, 46, 11))  # size over the body's, grey, order of drawing
_BRIGHT_SUN, _VEILED_SUN, _NIGHT_SUN = (0.7, 0.68, 0.62, 1.0), (0.4, 0.4, 0.4, 1.0), (0.1, 0.1, 0.1, 1.0)
_FOOTPRINT = (0.5, 0.5)  # of a person's shadow [m]


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
        """Bring every actor to where it is now."""
        present = (
            self._follow_vehicles(state, air)
            | self._follow_people(state, air)
            | self._follow_obstacles(state, air)
        )
        for gone in self._actors.keys() - present:
            self._actors.pop(gone).holder.remove_node()

    def _light(self, conditions: Conditions) -> None:
        ambient, sun = AmbientLight("sky"), DirectionalLight("sun")
        night = conditions.light is Light.NIGHT
        bright = conditions.weather is Weather.CLEAR and not night
        # at night the light comes from where the eye is: surfaces turned to it all look alike
        ambient.set_color((0.95, 0.95, 0.93, 1.0) if night else (0.66, 0.67, 0.70, 1.0))
        sun.set_color(_NIGHT_SUN if night else _BRIGHT_SUN if bright else _VEILED_SUN)
        sun.set_direction((-np.cos(conditions.sun_azimuth), -np.sin(conditions.sun_azimuth), -0.9))
        for light in (ambient, sun):
            self._root.set_light(self._root.attach_new_node(light))

    def _follow_vehicles(self, state: WorldState, air: Air) -> set[int]:
        cars = state.vehicles
        blink = state.time % _BLINK < _BLINK / 2.0
        for row, actor in enumerate(cars.id.tolist()):
            if actor not in self._actors:
                self._add_vehicle(actor, state, row)
            model, side = self._actors[actor].model, int(cars.indicator[row])
            assert isinstance(model, VehicleModel)
            model.set_lamps(
                brake=bool(cars.brake_lamp[row]),
                left=blink and side in (-1, 2),
                right=blink and side in (1, 2),
                headlamps=self._lamps_on,
            )
            away = float(np.hypot(cars.x[row] - state.ego.x, cars.y[row] - state.ego.y))
            model.set_detail(int(away > _DETAIL))
            self._pose(actor, (cars.x[row], cars.y[row], cars.yaw[row]), state, air)
        return set(cars.id.tolist())

    def _add_vehicle(self, actor: int, state: WorldState, row: int) -> None:
        cars = state.vehicles
        red, green, blue = (int(part) for part in cars.colour[row])
        length, width, height = float(cars.length[row]), float(cars.width[row]), float(cars.height[row])
        model = build_vehicle(int(cars.body[row]), (red, green, blue), length, width, height)
        is_car = cars.label[row] == ObjectClass.CAR
        kind = SemanticClass.CAR if is_car else SemanticClass.LARGE_VEHICLE
        for lamp in model.node.find_all_matches("**/=lamp"):
            lamp.set_color_scale_off(1)
        self._add(actor, model.node, kind, (length, width), model)

    def _follow_people(self, state: WorldState, air: Air) -> set[int]:
        people = state.pedestrians
        for row, actor in enumerate(people.id.tolist()):
            if actor not in self._actors:
                made = build_person(float(people.height[row]), bool(people.child[row]), people.clothes[row])
                self._add(actor, made.node, SemanticClass.PEDESTRIAN, _FOOTPRINT, made)
            model = self._actors[actor].model
            assert isinstance(model, PersonModel)
            model.set_gait(float(people.gait[row]), float(people.speed[row]))
            self._pose(actor, (people.x[row], people.y[row], people.yaw[row]), state, air)
        return set(people.id.tolist())

    def _follow_obstacles(self, state: WorldState, air: Air) -> set[int]:
        things = state.obstacles
        for row, actor in enumerate(things.id.tolist()):
            if actor not in self._actors:
                size = (float(things.length[row]), float(things.width[row]))
                node = build_obstacle(ObstacleKind(int(things.kind[row])), *size, float(things.height[row]))
                self._add(actor, node, SemanticClass.STRUCTURE, size)
            self._pose(actor, (things.x[row], things.y[row], things.yaw[row]), state, air)
        return set(things.id.tolist())

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
        for grow, tone, sort in _SHADOWS:
            half_length, half_width = size[0] * grow / 2.0, size[1] * grow / 2.0
            card = CardMaker("shadow")
            card.set_frame(-half_length, half_length, -half_width, half_width)
            shadow = holder.attach_new_node(card.generate())
            shadow.set_p(-90.0)
            shadow.set_light_off(1)
            shadow.set_color_scale_off(1)
            shadow.set_color(tone / 255.0, tone / 255.0, (tone + 3) / 255.0, 0.0)
            lay_flat(shadow, sort)
            self._tags.mark(shadow, SemanticClass.ROAD)
        self._actors[actor] = _Actor(holder, model)

    def _pose(self, actor: int, pose: tuple[float, float, float], state: WorldState, air: Air) -> None:
        x, y, yaw = (float(value) for value in pose)
        holder = self._actors[actor].holder
        holder.set_pos(x, y, 0.0)
        holder.set_h(float(np.degrees(yaw)))
        shade(holder, x, y, state.ego, air)
