"""The flat layers of a chunk of ground: terrain, pavement and painted lines.

All layers lie at the height of the road. They are drawn first, in order and without a depth test, so that
they never flicker against each other.
"""

from __future__ import annotations

from drive_stack.road_map import RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions

from .asphalt import smooth_lanes
from .damage import damage
from .layers import Layer
from .markings import markings
from .old_lines import old_lines
from .opposite import with_opposite_road
from .pavement import lanes, shoulders, terrain
from .service_area import with_service_areas


def ground_layers(road: RoadMap, conditions: Conditions, start: float, end: float) -> list[Layer]:
    """Return the flat layers between two stations [m], lowest first, with alpha 0."""
    rng = SceneryStream.GROUND.generator(conditions.scenery_seed, int(start) + 10_000)
    base = [
        terrain(road, conditions, rng, start, end),
        shoulders(road, conditions, rng, start, end),
        lanes(road, conditions, rng, start, end),
    ]
    wear = None if conditions.road_surface is Surface.SNOW else conditions.asphalt_wear
    if wear is not None:  # the draws of the layer that is replaced are made, so that the later ones stay
        base[-1:] = [
            smooth_lanes(road, conditions, wear, start, end),
            damage(road, conditions, wear, start, end),
        ]
    paint = [old_lines(road, conditions, start, end), markings(road, conditions, rng, start, end)]
    present = [layer for layer in (*base, *paint) if layer is not None]
    present = with_opposite_road(present, road, conditions, start, end)
    return with_service_areas(present, road, conditions, start, end)
