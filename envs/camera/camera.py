"""The camera: updates the scene from the world's state and renders it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from panda3d.core import NodePath, RenderState, TransformState

from drive_stack.camera_model import CameraModel
from drive_stack.camera_pose import true_camera
from drive_stack.objects.vehicles import concatenate_vehicles
from drive_stack.road_map import RoadMap
from drive_stack.types import FrameLabels, Image
from drive_stack.world_state import Conditions, Light, WorldState

from ..speed_limits import SpeedLimits
from .actor_nodes import ActorNodes
from .atmosphere import Atmosphere
from .labels import frame_labels
from .lens import LensEffects, adaptation_stops, expose
from .offscreen_renderer import OffscreenRenderer
from .roadside.headlamps import OncomingHeadlamps
from .sensing import SUPERSAMPLING
from .signs import signs_along
from .static_scene import StaticScene
from .tags import LabelTags
from .wet import Spray, WetGloss

_IMAGE, _LABELS = 0, 1  # numbers of the renderer's two views


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The parts of an episode's scene."""

    static_scene: StaticScene
    actors: ActorNodes
    atmosphere: Atmosphere
    headlamps: OncomingHeadlamps | None
    wet: tuple[WetGloss | Spray, ...]  # what water does to the picture


class Camera:
    """Renders the front camera's image of a `WorldState` and its labels, without display or GPU."""

    def __init__(self, model: CameraModel) -> None:
        self._model = self._camera = model  # nominal and true
        self._renderer = OffscreenRenderer(model)
        self._renderer.add_view(SUPERSAMPLING)
        self._tags = LabelTags(self._renderer.add_view(1))
        self._scene = NodePath("empty")
        self._loaded: _Loaded | None = None
        self._lens: LensEffects | None = None

    def load(self, road: RoadMap, conditions: Conditions, limits: SpeedLimits | None = None) -> None:
        """Build the static scene of an episode. Without ``limits`` there are no speed-limit signs."""
        self._unload()
        self._scene = self._renderer.root.attach_new_node("scene")
        atmosphere = Atmosphere(self._model, conditions)
        static_scene = StaticScene(self._scene, road, conditions, self._tags)
        static_scene.add_signs(signs_along(road, limits, conditions))
        actors = ActorNodes(self._scene, self._model, conditions, self._tags, hilly=not road.profile.is_level)
        has_oncoming = conditions.scenery.opposite is not None
        lamps = OncomingHeadlamps(self._scene, conditions, self._tags) if has_oncoming else None
        wet = _wet_effects(conditions, atmosphere)
        self._loaded = _Loaded(static_scene, actors, atmosphere, lamps, wet)
        self._lens = None if conditions.optics.is_perfect else LensEffects(self._model, conditions)

    def render(self, state: WorldState) -> Image:
        """Return the image (H, W, 3) RGB of a state. The same state always gives the same bytes.

        Raises:
            RuntimeError: `load` was not called before.
        """
        with_background = _with_background(state)
        loaded = self._update(with_background)
        large = self._renderer.draw(_IMAGE)
        image = loaded.atmosphere.apply(large, state.time)
        for effect in loaded.wet:
            effect.apply(image, large, self._camera, loaded.atmosphere, with_background)
        image = expose(image, self._adaptation(state))
        if self._lens is None:
            return image
        return self._lens.apply(image, large, self._camera, state.ego, state.time)

    def labels(self, state: WorldState) -> FrameLabels:
        """Return the labels of the image of a state.

        Raises:
            RuntimeError: `load` was not called before.
        """
        state = _with_background(state)
        loaded = self._update(state)
        loaded.actors.paint_labels()
        flat = self._renderer.draw(_LABELS)[::-1]
        depth = loaded.atmosphere.ground_depth()
        return frame_labels(flat, state, self._camera, depth, loaded.actors.actor_of_number)

    def redraw(self, times: int) -> None:
        """Render the last image's scene ``times`` times with the bare engine, for benchmarks."""
        self._renderer.redraw(_IMAGE, times)

    def close(self) -> None:
        """Free the renderer. The camera cannot be used afterwards."""
        self._unload()
        self._renderer.close()

    def _unload(self) -> None:
        """Remove the current episode's scene."""
        if self._loaded is not None:
            self._loaded.actors.close()
        self._loaded = None
        self._scene.remove_node()
        # Panda keeps unused states, and with them the textures of signs, until garbage collection; each call
        # examines only a part of them
        for states in (RenderState, TransformState):
            while states.garbage_collect():
                pass

    def _adaptation(self, state: WorldState) -> float:
        """Return by how many stops the exposure is longer than on the open road."""
        if state.conditions.light is Light.NIGHT:  # the headlamps' light is the same everywhere
            return 0.0
        station = state.ego.station + self._camera.mount_x
        return adaptation_stops(state.conditions.scenery.bridges, station, state.ego.speed)

    def _update(self, state: WorldState) -> _Loaded:
        if self._loaded is None:
            raise RuntimeError("Camera.load must come before render or labels")
        loaded, atmosphere = self._loaded, self._loaded.atmosphere
        ego, profile = state.ego, state.road.profile
        height = 0.0 if profile.is_level else float(profile.height_at(np.asarray(ego.station)))
        self._camera = true_camera(self._model, state)
        self._renderer.set_pose(self._camera, ego.x, ego.y, height, ego.yaw)
        atmosphere.follow(self._camera, profile, ego, loaded.static_scene.plain)
        loaded.static_scene.update(ego, atmosphere)
        loaded.actors.update(state, atmosphere)
        if loaded.headlamps is not None:
            loaded.headlamps.update(state, atmosphere)
        return loaded


def _wet_effects(conditions: Conditions, atmosphere: Atmosphere) -> tuple[WetGloss | Spray, ...]:
    """Return the effects of water that an episode has, in the order in which they are drawn."""
    effects: list[WetGloss | Spray] = []
    if conditions.wet_gloss > 0.0:
        effects.append(WetGloss(conditions, atmosphere.fog_colour))
    if conditions.spray > 0.0:
        effects.append(Spray(conditions, atmosphere.fog_colour))
    return tuple(effects)


def _with_background(state: WorldState) -> WorldState:
    """Return a state whose vehicles include those of the background, as a camera does not tell them apart."""
    background = state.background_vehicles
    if background is None:
        return state
    return replace(state, vehicles=concatenate_vehicles(state.vehicles, background))
