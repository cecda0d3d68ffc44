"""The camera: keeps the scene in step with the world and draws it."""

from __future__ import annotations

import numpy as np
from panda3d.core import (
    AmbientLight,
    CardMaker,
    ColorAttrib,
    ColorScaleAttrib,
    DirectionalLight,
    LightAttrib,
    NodePath,
    RenderState,
    TransparencyAttrib,
)

from drive_stack.camera_model import CameraModel
from drive_stack.road_map import RoadMap
from drive_stack.types import FrameLabels, Image, SemanticClass
from drive_stack.world_state import Conditions, ObstacleKind, WorldState
from envs.camera.actors import VehicleModel, build_vehicle
from envs.camera.air import Air, alpha_of
from envs.camera.ground import ground_layers
from envs.camera.labels import frame_labels
from envs.camera.people import PersonModel, build_obstacle
from envs.camera.scenery import rails, sky, trees
from envs.camera.stage import Stage
from envs.camera.triangles import triangle_node

_GROUND_CHUNK, _SCENERY_CHUNK = 200.0, 40.0  # [m]
_BEYOND = 600.0  # the road goes on past its ends [m]
_REACH = 500.0  # what is farther off is not drawn, nor what fog hides [m]
_TAG = "label"
_MOST_ACTORS = 60_000


class Camera:
    """Draws the front camera's picture of a `WorldState` and labels it, without display or GPU."""

    def __init__(self, model: CameraModel, *, supersampling: int = 2) -> None:
        self._model, self._scale = model, supersampling
        self._stage = Stage(model)
        self._stage.add_eye(supersampling)
        self._marker = self._stage.add_eye(1)
        self._marker.set_tag_state_key(_TAG)
        self._known_tags: set[str] = set()
        self._scene: NodePath = NodePath("empty")
        self._air: Air | None = None
        self._actors: dict[int, tuple[NodePath, VehicleModel | PersonModel | None]] = {}
        self._numbers: dict[int, int] = {}

    def load(self, road: RoadMap, conditions: Conditions) -> None:
        """Build the static scene of an episode."""
        self._scene.remove_node()
        self._actors.clear()
        self._numbers.clear()
        self._scene = self._stage.root.attach_new_node("scene")
        self._air = air = Air(self._model, conditions)
        self._load_backdrop(conditions, air)
        for begin in np.arange(-_GROUND_CHUNK, road.length + _BEYOND, _GROUND_CHUNK):
            for sort, layer in enumerate(
                ground_layers(road, conditions, float(begin), float(begin + _GROUND_CHUNK))
            ):
                node = self._scene.attach_new_node(triangle_node("ground", layer.points, layer.colours))
                self._flat(node, 2 + sort, layer.kind)
        self._scenery: list[tuple[NodePath, float, float]] = []
        for begin in np.arange(-_GROUND_CHUNK, road.length + _BEYOND, _SCENERY_CHUNK):
            middle, _ = road.to_world(np.asarray(begin + _SCENERY_CHUNK / 2.0), np.asarray(0.0))
            chunk = self._scene.attach_new_node("scenery")
            for layer in (
                rails(road, begin, begin + _SCENERY_CHUNK),
                trees(road, conditions, begin, begin + _SCENERY_CHUNK),
            ):
                if layer is not None:
                    node = chunk.attach_new_node(triangle_node("thing", layer.points, layer.colours))
                    node.set_two_sided(True)
                    self._tag(node, layer.kind, 0)
            self._scenery.append((chunk, float(middle[0]), float(middle[1])))
        self._moving = self._scene.attach_new_node("moving")
        self._light(conditions)

    def _load_backdrop(self, conditions: Conditions, air: Air) -> None:
        self._backdrop = self._scene.attach_new_node("backdrop")
        node = self._backdrop.attach_new_node(triangle_node("sky", *sky(conditions, air.fog_colour)))
        node.set_two_sided(True)
        self._flat(node, 0, SemanticClass.SKY)
        card = CardMaker("terrain")
        card.set_frame(-1400.0, 1400.0, -1400.0, 1400.0)
        plain = self._backdrop.attach_new_node(card.generate())
        plain.set_p(-90.0)
        plain.set_color(88 / 255.0, 116 / 255.0, 62 / 255.0, 0.0)
        self._flat(plain, 1, SemanticClass.TERRAIN)

    def _light(self, conditions: Conditions) -> None:
        ambient, sun = AmbientLight("sky"), DirectionalLight("sun")
        ambient.set_color((0.66, 0.67, 0.70, 1.0))
        clear = conditions.weather.value == "clear" and conditions.light.value != "night"
        sun.set_color((0.7, 0.68, 0.62, 1.0) if clear else (0.4, 0.4, 0.4, 1.0))
        sun.set_direction((-np.cos(conditions.sun_azimuth), -np.sin(conditions.sun_azimuth), -0.9))
        for light in (ambient, sun):
            self._moving.set_light(self._moving.attach_new_node(light))

    def _flat(self, node: NodePath, sort: int, kind: SemanticClass) -> None:
        node.set_bin("background", sort)
        node.set_depth_test(False)
        node.set_depth_write(False)
        self._tag(node, kind, 0)

    def _tag(self, node: NodePath, kind: SemanticClass, number: int) -> None:
        """Give a node its flat colour in the label picture: red the kind, green and blue the number."""
        name = f"{int(kind)}:{number}"
        node.set_tag(_TAG, name)
        if name in self._known_tags:
            return
        self._known_tags.add(name)
        # the renderer rounds down, so halves keep each whole number what it is
        red, green, blue = ((part + 0.5) / 255.0 for part in (int(kind), number // 256, number % 256))
        colour = (red, green, blue, 1.0)
        state = RenderState.make(ColorAttrib.make_flat(colour), 100)
        for attribute in (LightAttrib.make_all_off(), ColorScaleAttrib.make_off(),
                          TransparencyAttrib.make(TransparencyAttrib.M_none)):  # fmt: skip
            state = state.set_attrib(attribute, 100)
        self._marker.set_tag_state(name, state)

    def render(self, state: WorldState) -> Image:
        """The picture at this instant, (H, W, 3) RGB; the same state gives the same bytes."""
        air = self._sync(state)
        return air.apply(np.ascontiguousarray(self._stage.draw(0)), state.time)

    def labels(self, state: WorldState) -> FrameLabels:
        """What the picture of this instant shows."""
        air = self._sync(state)
        ids = {number: actor for actor, number in self._numbers.items()}
        return frame_labels(self._stage.draw(1), state, self._model, air.ground_depth, ids)

    def close(self) -> None:
        """Free the renderer; the camera cannot be used any more."""
        self._actors.clear()
        self._stage.close()

    def _sync(self, state: WorldState) -> Air:
        if self._air is None:
            raise RuntimeError("Camera.load must come before render or labels")
        ego, air = state.ego, self._air
        self._stage.place(ego.x, ego.y, ego.yaw)
        self._backdrop.set_pos(ego.x, ego.y, 0.0)
        for chunk, x, y in self._scenery:
            self._shade(chunk, x, y, state, air)
        present = self._sync_vehicles(state) | self._sync_people(state) | self._sync_obstacles(state)
        for gone in self._actors.keys() - present:
            self._actors.pop(gone)[0].remove_node()
        return air

    def _shade(self, node: NodePath, x: float, y: float, state: WorldState, air: Air) -> None:
        """Hide a thing that is out of reach, else give it its light and air."""
        ego, dx, dy = state.ego, x - state.ego.x, y - state.ego.y
        ahead, left = dx * np.cos(ego.yaw) + dy * np.sin(ego.yaw), dy * np.cos(ego.yaw) - dx * np.sin(ego.yaw)
        if not -30.0 < ahead < min(_REACH, air.visibility):
            node.hide()
            return
        node.show()
        light = float(air.light_at(np.asarray(ahead), np.asarray(left)))
        node.set_color_scale(light, light, light, alpha_of(float(np.hypot(ahead, left)), air.visibility))

    def _adopt(self, actor: int, node: NodePath, kind: SemanticClass, size: tuple[float, float],
               model: VehicleModel | PersonModel | None = None) -> None:  # fmt: skip
        """Hang an actor into the scene above its shadow."""
        number = self._numbers.setdefault(actor, len(self._numbers) % _MOST_ACTORS + 1)
        holder = self._moving.attach_new_node("actor")
        node.reparent_to(holder)
        self._tag(node, kind, number)
        for lamp in node.find_all_matches("**/=lamp"):
            lamp.set_color_scale_off(1)
        for grow, tone, sort in ((1.12, 74, 10), (0.98, 46, 11)):
            card = CardMaker("shadow")
            card.set_frame(
                -size[0] * grow / 2.0, size[0] * grow / 2.0, -size[1] * grow / 2.0, size[1] * grow / 2.0
            )
            shadow = holder.attach_new_node(card.generate())
            shadow.set_p(-90.0)
            shadow.set_light_off(1)
            shadow.set_color_scale_off(1)
            shadow.set_color(tone / 255.0, tone / 255.0, (tone + 3) / 255.0, 0.0)
            self._flat(shadow, sort, SemanticClass.ROAD)
        self._actors[actor] = (holder, model)

    def _pose(self, actor: int, x: float, y: float, yaw: float, state: WorldState) -> None:
        assert self._air is not None
        holder = self._actors[actor][0]
        holder.set_pos(x, y, 0.0)
        holder.set_h(float(np.degrees(yaw)))
        self._shade(holder, x, y, state, self._air)

    def _sync_vehicles(self, state: WorldState) -> set[int]:
        cars, night = state.vehicles, state.conditions.light.value != "day"
        blink = state.time % 0.8 < 0.4
        for k, actor in enumerate(cars.id.tolist()):
            if actor not in self._actors:
                red, green, blue = (int(c) for c in cars.colour[k])
                length, width = float(cars.length[k]), float(cars.width[k])
                made = build_vehicle(
                    int(cars.body[k]), (red, green, blue), length, width, float(cars.height[k])
                )
                kind = SemanticClass.CAR if cars.label[k] == 0 else SemanticClass.LARGE_VEHICLE
                self._adopt(actor, made.node, kind, (length, width), made)
            model, side = self._actors[actor][1], int(cars.indicator[k])
            assert isinstance(model, VehicleModel)
            model.set_lamps(
                bool(cars.brake_lamp[k]), blink and side in (-1, 2), blink and side in (1, 2), night
            )
            away = float(np.hypot(cars.x[k] - state.ego.x, cars.y[k] - state.ego.y))
            model.set_detail(int(away > 60.0))
            self._pose(actor, float(cars.x[k]), float(cars.y[k]), float(cars.yaw[k]), state)
        return set(cars.id.tolist())

    def _sync_people(self, state: WorldState) -> set[int]:
        people = state.pedestrians
        for k, actor in enumerate(people.id.tolist()):
            if actor not in self._actors:
                made = PersonModel(float(people.height[k]), bool(people.child[k]), people.clothes[k])
                self._adopt(actor, made.node, SemanticClass.PEDESTRIAN, (0.5, 0.5), made)
            model = self._actors[actor][1]
            assert isinstance(model, PersonModel)
            model.set_gait(float(people.gait[k]), float(people.speed[k]))
            self._pose(actor, float(people.x[k]), float(people.y[k]), float(people.yaw[k]), state)
        return set(people.id.tolist())

    def _sync_obstacles(self, state: WorldState) -> set[int]:
        things = state.obstacles
        for k, actor in enumerate(things.id.tolist()):
            if actor not in self._actors:
                size = (float(things.length[k]), float(things.width[k]))
                node = build_obstacle(ObstacleKind(int(things.kind[k])), *size, float(things.height[k]))
                self._adopt(actor, node, SemanticClass.STRUCTURE, size)
            self._pose(actor, float(things.x[k]), float(things.y[k]), float(things.yaw[k]), state)
        return set(things.id.tolist())
