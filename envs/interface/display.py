"""The camera and the window of an environment. Both are made when they are needed, and never pickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.interventions.scene import OF_THE_IMAGE, SceneIntervention
from drive_stack.road_map import RoadMap
from drive_stack.types import FrameLabels, Image
from drive_stack.world_state import Conditions, WorldState

from ..changes.image import drawn_conditions, drawn_state
from ..render import PlainWindow, compose_frame
from ..world import World
from .frame_queue import Frame, FrameQueue

if TYPE_CHECKING:
    from ..camera import Camera

RENDER_MODES = ["human", "rgb_array", "depth_array"]
_UNPICKLED = ("_camera", "_window", "_scene_of")


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a static scene is built from."""

    world: World
    road: RoadMap
    conditions: Conditions

    def is_drawn_as(self, other: _Scene) -> bool:
        same = self.world is other.world and self.road is other.road
        return same and self.conditions == other.conditions


class Display:
    """Draws what the environment shows.

    Args:
        model: The camera.
        rendered: Whether the camera is rendered at every step.
        fps: Frames per second of the window.
    """

    def __init__(self, model: CameraModel, *, rendered: bool, fps: int) -> None:
        self.frame: Frame | None = None  # that the driver receives now; None if the camera is not rendered
        self._frames: tuple[World, FrameQueue] | None = None  # those of the present episode
        self._model, self._rendered, self._fps = model, rendered, fps
        self._camera: Camera | None = None
        self._window: PlainWindow | None = None
        self._scene_of: _Scene | None = None  # whose static scene the camera has loaded
        self._changes: tuple[SceneIntervention, ...] = ()  # of the image

    def change_image(self, changes: Sequence[SceneIntervention]) -> None:
        """Draw what is drawn from now on with these changes; labels are those of the changed image."""
        self._changes = tuple(change for change in changes if change.change in OF_THE_IMAGE)

    def update(self, world: World) -> None:
        """Render the camera, if it is rendered at every step, and take the frame that arrives now."""
        if self._rendered:
            camera = self._ready_camera(world)
            self.frame = self._queue(world).receive(
                world.time, lambda: camera.render(self._drawn(world.state()))
            )

    def labels(self, world: World, state: WorldState) -> FrameLabels:
        """Render and return the labels of a state of the world.

        Raises:
            RuntimeError: The environment has no camera.
        """
        if not self._rendered:
            raise RuntimeError("labels need an environment made with camera=True, after its first reset")
        return self._ready_camera(world).labels(self._drawn(state))

    def picture(self, world: World, state: WorldState) -> Image:
        """Render the image of a state of the world, which need not be the present one.

        Raises:
            RuntimeError: The environment has no camera.
        """
        if not self._rendered:
            raise RuntimeError("a picture needs an environment made with camera=True")
        return self._ready_camera(world).render(self._drawn(state))

    def draw(self, mode: str | None, world: World) -> Image | NDArray[np.float32] | None:
        """Return the image of a render mode; show it in mode ``human``."""
        if mode == "depth_array":
            return self._ready_camera(world).labels(world.state()).depth
        if mode is None:
            return None
        frame = compose_frame(world.state(), None if self.frame is None else self.frame.image)
        if mode == "rgb_array":
            return frame
        self._window = self._window or PlainWindow(self._fps)
        self._window.show(frame)
        return None

    def close(self) -> None:
        """Close the camera and the window."""
        if self._camera is not None:
            self._camera.close()
        if self._window is not None:
            self._window.close()
        self._camera = self._window = self._scene_of = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, **dict.fromkeys(_UNPICKLED)}

    def _queue(self, world: World) -> FrameQueue:
        """Return the queue of a world's frames; a new one when their latency has changed."""
        latency = world.camera_latency
        if self._frames is None or self._frames[0] is not world or self._frames[1].latency != latency:
            self._frames = world, FrameQueue(latency)
        return self._frames[1]

    def _drawn(self, state: WorldState) -> WorldState:
        return drawn_state(state, self._changes) if self._changes else state

    def _ready_camera(self, world: World) -> Camera:
        """Return the camera with the scene of a world."""
        if self._camera is None:
            # imported here so that an environment without a camera does not load the renderer
            from ..camera import Camera  # noqa: PLC0415

            self._camera = Camera(self._model)
        scene = _Scene(world, world.road, drawn_conditions(world.conditions, self._changes))
        if self._scene_of is None or not scene.is_drawn_as(self._scene_of):
            self._camera.load(scene.road, scene.conditions, world.limits)
            self._scene_of = scene
        return self._camera
