"""The camera: keeps the scene in step with the world and draws it."""

from __future__ import annotations

from panda3d.core import NodePath, RenderState, TransformState

from drive_stack.camera_model import CameraModel
from drive_stack.road_map import RoadMap
from drive_stack.types import FrameLabels, Image
from drive_stack.world_state import Conditions, WorldState
from envs.camera.actor_nodes import Cast
from envs.camera.air import Air
from envs.camera.labels import frame_labels
from envs.camera.offscreen_renderer import Stage
from envs.camera.sensing import SUPERSAMPLING
from envs.camera.signs import signs_along
from envs.camera.static_scene import Surroundings
from envs.camera.tags import LabelTags
from envs.speed_limits import SpeedLimits

_PICTURE, _LABELS = 0, 1  # the two eyes


class Camera:
    """Draws the front camera's picture of a `WorldState` and labels it, without display or GPU."""

    def __init__(self, model: CameraModel) -> None:
        self._model = model
        self._stage = Stage(model)
        self._stage.add_eye(SUPERSAMPLING)
        self._tags = LabelTags(self._stage.add_eye(1))
        self._scene = NodePath("empty")
        self._loaded: tuple[Surroundings, Cast, Air] | None = None

    def load(self, road: RoadMap, conditions: Conditions, limits: SpeedLimits | None = None) -> None:
        """Build the static scene of an episode; without ``limits`` no sign shows one."""
        self._strike()
        self._scene = self._stage.root.attach_new_node("scene")
        air = Air(self._model, conditions)
        surroundings = Surroundings(self._scene, road, conditions, air, self._tags)
        surroundings.put_up(signs_along(road, limits, conditions))
        self._loaded = surroundings, Cast(self._scene, conditions, self._tags), air

    def render(self, state: WorldState) -> Image:
        """The picture at this instant, (H, W, 3) RGB; the same state gives the same bytes."""
        _, air = self._follow(state)
        return air.apply(self._stage.draw(_PICTURE), state.time)

    def labels(self, state: WorldState) -> FrameLabels:
        """What the picture of this instant shows."""
        cast, air = self._follow(state)
        flat = self._stage.draw(_LABELS)[::-1]
        return frame_labels(flat, state, self._model, air.ground_depth, cast.actor_of_number)

    def redraw(self, times: int) -> None:
        """Let the engine alone draw the last picture's scene again, to measure it by."""
        self._stage.redraw(_PICTURE, times)

    def close(self) -> None:
        """Free the renderer; the camera cannot be used any more."""
        self._strike()
        self._stage.close()

    def _strike(self) -> None:
        """Take the present episode's scene down."""
        if self._loaded is not None:
            self._loaded[1].close()
        self._loaded = None
        self._scene.remove_node()
        # Panda keeps states, and with them the pictures on signs, until it is told to look for unused ones;
        # each time it looks at a part of them only
        for states in (RenderState, TransformState):
            while states.garbage_collect():
                pass

    def _follow(self, state: WorldState) -> tuple[Cast, Air]:
        if self._loaded is None:
            raise RuntimeError("Camera.load must come before render or labels")
        surroundings, cast, air = self._loaded
        self._stage.place(state.ego.x, state.ego.y, state.ego.yaw)
        surroundings.follow(state.ego, air)
        cast.follow(state, air)
        return cast, air
