"""What does not move in an episode: sky, ground, rails, trees and signs, as nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from panda3d.core import CardMaker, NodePath

from drive_stack.road_map import RoadMap
from drive_stack.types import SemanticClass
from drive_stack.world_state import Conditions, EgoState
from envs.camera.air import Air
from envs.camera.ground_nodes import Ground
from envs.camera.scenery import delineators, rails, sky, trees
from envs.camera.shading import Standing, lay_flat
from envs.camera.sign_nodes import board_node, posts_node
from envs.camera.signs import Sign
from envs.camera.tags import LabelTags
from envs.camera.triangles import quad_node

_SCENERY_CHUNK = 40.0  # [m]
_BEHIND, _BEYOND = 200.0, 600.0  # things stand past the road's ends [m]
_PLAIN = 1400.0  # half the side of the meadow that goes along with the ego [m]
_MEADOW = (88 / 255.0, 116 / 255.0, 62 / 255.0, 0.0)


class Surroundings:
    """The static scene of an episode, hung below ``parent``."""

    def __init__(
        self, parent: NodePath, road: RoadMap, conditions: Conditions, air: Air, tags: LabelTags
    ) -> None:
        self._parent, self._road, self._tags = parent, road, tags
        self._standing = Standing()
        self._backdrop = parent.attach_new_node("backdrop")
        self._hang_backdrop(conditions, air)
        self._ground = Ground(parent, road, conditions, tags)
        for begin in np.arange(-_BEHIND, road.length + _BEYOND, _SCENERY_CHUNK):
            self._stand_scenery(road, conditions, float(begin))

    def put_up(self, signs: Sequence[Sign]) -> None:
        """Add signs."""
        for sign in signs:
            middle, _ = self._road.to_world(np.asarray(sign.station), np.asarray(sign.lateral))
            for made, reflecting in ((board_node, True), (posts_node, False)):
                node = made(sign, self._road)
                node.reparent_to(self._parent)
                self._tags.mark(node, SemanticClass.STRUCTURE)
                self._standing.add(node, middle, reflecting=reflecting)

    def follow(self, ego: EgoState, air: Air) -> None:
        """Take the backdrop along, and shade what stands."""
        self._backdrop.set_pos(ego.x, ego.y, 0.0)
        self._ground.follow(ego.station)
        self._standing.shade(ego, air)

    def _hang_backdrop(self, conditions: Conditions, air: Air) -> None:
        dome = self._backdrop.attach_new_node(quad_node("sky", *sky(conditions, air.fog_colour)))
        dome.set_two_sided(True)
        lay_flat(dome, 0)
        self._tags.mark(dome, SemanticClass.SKY)
        card = CardMaker("terrain")
        card.set_frame(-_PLAIN, _PLAIN, -_PLAIN, _PLAIN)
        plain = self._backdrop.attach_new_node(card.generate())
        plain.set_p(-90.0)
        plain.set_color(*_MEADOW)
        lay_flat(plain, 1)
        self._tags.mark(plain, SemanticClass.TERRAIN)

    def _stand_scenery(self, road: RoadMap, conditions: Conditions, begin: float) -> None:
        end = begin + _SCENERY_CHUNK
        middle, _ = road.to_world(np.asarray((begin + end) / 2.0), np.asarray(0.0))
        chunk = self._parent.attach_new_node("scenery")
        for layer in (
            rails(road, begin, end),
            delineators(road, begin, end),
            trees(road, conditions, begin, end),
        ):
            if layer is not None:
                node = chunk.attach_new_node(quad_node("thing", layer.corners, layer.colours))
                node.set_two_sided(layer.kind is not SemanticClass.VEGETATION)  # trees are solid
                self._tags.mark(node, layer.kind)
        self._standing.add(chunk, middle)
