"""The static part of an episode's scene: sky, ground, rails, trees and signs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from panda3d.core import CardMaker, NodePath

from drive_stack.road_map import RoadMap
from drive_stack.types import SemanticClass
from drive_stack.world_state import Conditions, EgoState

from .atmosphere import Atmosphere
from .draw_order import set_flat
from .ground import PLAIN_REACH, Ground, Layer, meadow_colour, plain_height
from .scenery import delineators, guard_rails, sky, trees
from .shading import StaticNodes
from .sign_nodes import board_node, posts_node
from .signs import Sign
from .tags import LabelTags
from .triangles import quad_node
from .vertex_shading import VertexShadedNodes

_SCENERY_CHUNK = 40.0  # [m]
_RAIL_DISTANCE = 0.5  # of the opposite carriageway's rails from its pavement [m]
_BEHIND_DISTANCE, _ROAD_EXTENSION = (
    200.0,
    600.0,
)  # length of scenery before the road's start and past its end [m]


class StaticScene:
    """The static scene of an episode, attached to ``parent``."""

    def __init__(
        self, parent: NodePath, road: RoadMap, conditions: Conditions, atmosphere: Atmosphere, tags: LabelTags
    ) -> None:
        self._parent, self._road, self._tags = parent, road, tags
        self._static_nodes, self._scenery = StaticNodes(), VertexShadedNodes(parent, tags)
        self.plain = plain_height(road.profile, -_BEHIND_DISTANCE, road.length + _ROAD_EXTENSION)  # [m]
        self._backdrop = parent.attach_new_node("backdrop")
        self._add_backdrop(conditions, atmosphere)
        self._ground = Ground(parent, road, conditions, tags)
        for start in np.arange(-_BEHIND_DISTANCE, road.length + _ROAD_EXTENSION, _SCENERY_CHUNK):
            self._add_scenery(road, conditions, float(start))

    def add_signs(self, signs: Sequence[Sign]) -> None:
        """Add signs."""
        for sign in signs:
            centre, _ = self._road.to_world(np.asarray(sign.station), np.asarray(sign.lateral))
            for made, reflecting in ((board_node, True), (posts_node, False)):
                node = made(sign, self._road)
                node.reparent_to(self._parent)
                self._tags.mark(node, SemanticClass.STRUCTURE)
                self._static_nodes.add(node, centre, reflecting=reflecting)

    def update(self, ego: EgoState, height: float, atmosphere: Atmosphere) -> None:
        """Move the backdrop with an ego at a ``height`` [m] and shade the static nodes."""
        self._backdrop.set_pos(ego.x, ego.y, height)
        self._plain.set_z(self.plain - height)
        self._ground.update(ego.station)
        self._static_nodes.shade(ego, atmosphere)
        self._scenery.shade(ego, atmosphere)

    def _add_backdrop(self, conditions: Conditions, atmosphere: Atmosphere) -> None:
        dome = self._backdrop.attach_new_node(quad_node("sky", *sky(conditions, atmosphere.fog_colour)))
        dome.set_two_sided(True)
        set_flat(dome, 0)
        self._tags.mark(dome, SemanticClass.SKY)
        card = CardMaker("terrain")
        card.set_frame(-PLAIN_REACH, PLAIN_REACH, -PLAIN_REACH, PLAIN_REACH)
        self._plain = self._backdrop.attach_new_node(card.generate())
        self._plain.set_p(-90.0)
        self._plain.set_color(*(meadow_colour(conditions) / 255.0), 0.0)
        set_flat(self._plain, 1)
        self._tags.mark(self._plain, SemanticClass.TERRAIN)

    def _add_scenery(self, road: RoadMap, conditions: Conditions, start: float) -> None:
        end = start + _SCENERY_CHUNK
        centre, _ = road.to_world(np.asarray((start + end) / 2.0), np.asarray(0.0))
        for layer in (_roadside(road, conditions, start, end), trees(road, conditions, start, end)):
            if layer is not None:
                is_solid = layer.kind is SemanticClass.VEGETATION
                self._scenery.add(layer, centre, two_sided=not is_solid)


def _roadside(road: RoadMap, conditions: Conditions, start: float, end: float) -> Layer:
    """Return guard rails and delineators as one layer, as the time to draw depends on the number of nodes."""
    opposite = conditions.scenery.opposite
    others = (
        ()
        if opposite is None
        else (opposite.inner_edge - _RAIL_DISTANCE, opposite.outer_edge + _RAIL_DISTANCE)
    )
    rails, posts = guard_rails(road, start, end, others), delineators(road, start, end)
    if posts is None:
        return rails
    return Layer(
        rails.kind,
        np.concatenate([rails.corners, posts.corners]),
        np.concatenate([rails.colours, posts.colours]),
    )
