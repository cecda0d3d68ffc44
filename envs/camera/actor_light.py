"""The light on actors: that of the sky, and that of the sun by the angle of a face to it."""

from __future__ import annotations

import numpy as np
from panda3d.core import AmbientLight, DirectionalLight, Material, NodePath

from drive_stack.world_state import Conditions, Light, Weather

from .actors import SceneLight

_BRIGHT_SUN, _VEILED_SUN, _NIGHT_SUN = (0.7, 0.68, 0.62), (0.4, 0.4, 0.4), (0.1, 0.1, 0.1)
_SKY, _NIGHT_SKY = (0.66, 0.67, 0.70), (0.95, 0.95, 0.93)


def scene_light(conditions: Conditions) -> SceneLight:
    """Return the light of an episode; haze and distance to the headlamps come on top of it."""
    night = conditions.light is Light.NIGHT
    bright = conditions.weather is Weather.CLEAR and not night
    azimuth, elevation = conditions.sun_azimuth, conditions.sun_elevation
    level = np.cos(elevation)
    return SceneLight(
        # at night the light comes from the camera position, so all faces towards it are equally bright
        sky=_NIGHT_SKY if night else _SKY,
        sun=_NIGHT_SUN if night else _BRIGHT_SUN if bright else _VEILED_SUN,
        towards_sun=(
            float(level * np.cos(azimuth)), float(level * np.sin(azimuth)), float(np.sin(elevation)),
        ),
    )  # fmt: skip


def attach_light(root: NodePath, light: SceneLight) -> list[NodePath]:
    """Let ``light`` fall on all nodes below ``root``; return the nodes of its sources."""
    ambient, sun = AmbientLight("sky"), DirectionalLight("sun")
    ambient.set_color((*light.sky, 1.0))
    sun.set_color((*light.sun, 1.0))
    sun.set_direction(tuple(-part for part in light.towards_sun))
    lights = [root.attach_new_node(source) for source in (ambient, sun)]
    for source in lights:
        root.set_light(source)
    # Without a material, Panda3D 1.10's software renderer takes a vertex's colour and colour scale for
    # the material, and multiplies by them again: colour, light and alpha are squared. With a white
    # material it multiplies once. Panda3D 1.11 would draw all white, hence the bound on its version.
    white = Material("white")
    white.set_ambient((1.0, 1.0, 1.0, 1.0))
    white.set_diffuse((1.0, 1.0, 1.0, 1.0))
    root.set_material(white)
    return lights
