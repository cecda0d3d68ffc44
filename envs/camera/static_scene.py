"""The static part of an episode's scene: ground, rails, trees and signs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from panda3d.core import CardMaker, NodePath

from drive_stack.road_map import RoadMap
from drive_stack.types import SemanticClass
from drive_stack.world_state import Conditions, EgoState, Light

from .atmosphere import Atmosphere
from .draw_order import set_flat
from .ground import PLAIN_REACH, Ground, Layer, plain_height
from .offscreen_renderer import PICTURE
from .roadside.shadows import Shade
from .roadside.structures import darkened_below, structures
from .scenery import delineators, guard_rails, trees
from .shading import StaticNodes
from .sign_nodes import board_node, posts_node
from .signs import Sign
from .tags import LabelTags
from .vertex_shading import VertexShadedNodes

_SCENERY_CHUNK = 40.0  # [m]
_COARSE_FROM = 140.0  # distance from which trees have fewer triangles [m]
_RAIL_DISTANCE = 0.5  # of the opposite carriageway's rails from its pavement [m]
_BEHIND_DISTANCE, _ROAD_EXTENSION = (
    200.0,
    600.0,
)  # length of scenery before the road's start and past its end [m]


class StaticScene:
    """The static scene of an episode, attached to ``parent``."""

    def __init__(self, parent: NodePath, road: RoadMap, conditions: Conditions, tags: LabelTags) -> None:
        self._parent, self._road, self._tags = parent, road, tags
        self._static_nodes, self._scenery = StaticNodes(), VertexShadedNodes(parent, tags)
        self.plain = plain_height(road.profile, -_BEHIND_DISTANCE, road.length + _ROAD_EXTENSION)  # [m]
        self._plain_node = self._add_plain()
        self._shade = Shade(road, conditions)
        self._ground = Ground(parent, road, conditions, self._shade.layer)
        for start in np.arange(-_BEHIND_DISTANCE, road.length + _ROAD_EXTENSION, _SCENERY_CHUNK):
            self._add_scenery(road, conditions, float(start))

    def add_signs(self, signs: Sequence[Sign]) -> None:
        """Add signs, before the first update."""
        self._shade.add_signs(signs)
        for sign in signs:
            centre, _ = self._road.to_world(np.asarray(sign.station), np.asarray(sign.lateral))
            for made, reflecting in ((board_node, True), (posts_node, False)):
                node = made(sign, self._road)
                node.reparent_to(self._parent)
                self._tags.mark(node, SemanticClass.STRUCTURE)
                self._static_nodes.add(node, centre, reflecting=reflecting)

    def update(self, ego: EgoState, atmosphere: Atmosphere) -> None:
        """Move the plain with the ego and shade the static nodes."""
        self._plain_node.set_pos(ego.x, ego.y, self.plain)
        self._ground.update(ego.station)
        self._static_nodes.shade(ego, atmosphere)
        self._scenery.shade(ego, atmosphere)

    def _add_plain(self) -> NodePath:
        """Add the plain to the label image only: in the picture, `Backdrop` draws it."""
        card = CardMaker("terrain")
        card.set_frame(-PLAIN_REACH, PLAIN_REACH, -PLAIN_REACH, PLAIN_REACH)
        plain = self._parent.attach_new_node(card.generate())
        plain.set_p(-90.0)
        set_flat(plain, 1)
        self._tags.mark(plain, SemanticClass.TERRAIN)
        plain.hide(PICTURE)
        return plain

    def _add_scenery(self, road: RoadMap, conditions: Conditions, start: float) -> None:
        end = start + _SCENERY_CHUNK
        centre, _ = road.to_world(np.asarray((start + end) / 2.0), np.asarray(0.0))
        self._scenery.add(_roadside(road, conditions, start, end), centre, two_sided=True)
        for coarse, distances in ((False, (0.0, _COARSE_FROM)), (True, (_COARSE_FROM, np.inf))):
            if (layer := trees(road, conditions, start, end, coarse=coarse)) is not None:
                self._scenery.add(layer, centre, distances=distances)


def _roadside(road: RoadMap, conditions: Conditions, start: float, end: float) -> Layer:
    """Return all that is built as one layer, as the time to draw depends on the number of nodes."""
    opposite = conditions.scenery.opposite
    others = (
        ()
        if opposite is None
        else (opposite.inner_edge - _RAIL_DISTANCE, opposite.outer_edge + _RAIL_DISTANCE)
    )
    made = (
        guard_rails(road, start, end, others),
        delineators(road, start, end),
        structures(road, conditions, start, end),
    )
    layers = [layer for layer in made if layer is not None]
    joined = Layer(
        SemanticClass.STRUCTURE,
        np.concatenate([layer.corners for layer in layers]),
        np.concatenate([layer.colours for layer in layers]),
    )
    return (
        joined
        if conditions.light is Light.NIGHT
        else darkened_below(joined, road, conditions.scenery.bridges)
    )
