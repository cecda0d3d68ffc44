"""The ground as nodes: pieces of road with fewer corners the farther off they lie, made when first seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from panda3d.core import NodePath

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions
from envs.camera.ground import STEP, Layer, ground_layers, joined
from envs.camera.offscreen_renderer import FAR
from envs.camera.shading import lay_flat
from envs.camera.tags import LabelTags
from envs.camera.triangles import quad_node

_CHUNK, _PIECE = 200.0, 100.0  # made at once, drawn in one level of detail [m]
_BEYOND = 600.0  # the road goes on past its ends [m]
_BEHIND = 50.0  # what ends farther back than this is out of view [m]
_LEVELS = (100.0, 200.0, 400.0, np.inf)  # up to which distance each level of detail goes [m]
_LONGEST = (24.0, 50.0, _PIECE, _PIECE)  # piece of a ribbon, by level [m]
_OFF = (0.005, 0.025, 0.06, 0.2)  # how far its chord may lie off the road's bend, by level [m]
_MADE = {SemanticClass.MARKING: STEP / 2.0, SemanticClass.TERRAIN: 5.0 * STEP}  # length as made, else `STEP`


class Ground:
    """The flat part of the scene, hung below ``parent``."""

    def __init__(self, parent: NodePath, road: RoadMap, conditions: Conditions, tags: LabelTags) -> None:
        self._parent, self._road, self._conditions, self._tags = parent, road, conditions, tags
        self._begins = np.arange(-_CHUNK, road.length + _BEYOND, _CHUNK)
        self._pieces: dict[float, tuple[_Piece, ...]] = {}

    def follow(self, station: float) -> None:
        """Show what an eye at ``station`` [m] may see, each piece in the detail it needs."""
        for begin in self._begins.tolist():
            if -_CHUNK - _BEHIND < begin - station < FAR:
                for piece in self._pieces_of(begin):
                    self._show(piece, station)
            else:
                for piece in self._pieces.get(begin, ()):
                    piece.show(None)

    def _show(self, piece: _Piece, station: float) -> None:
        ahead = piece.begin - station
        if ahead < -_PIECE - _BEHIND:
            piece.show(None)
            return
        level = next(index for index, reach in enumerate(_LEVELS) if ahead < reach)
        if level not in piece.levels:
            piece.levels[level] = self._node(piece, level)
        piece.show(level)

    def _pieces_of(self, begin: float) -> tuple[_Piece, ...]:
        if begin not in self._pieces:
            layers = ground_layers(self._road, self._conditions, begin, begin + _CHUNK)
            starts = np.arange(begin, begin + _CHUNK, _PIECE)
            middles, _ = self._road.to_world(starts + _PIECE / 2.0, np.zeros(len(starts)))
            self._pieces[begin] = tuple(
                _Piece(float(start), tuple(_nearest(layer, middles, index) for layer in layers), {})
                for index, start in enumerate(starts)
            )
        return self._pieces[begin]

    def _node(self, piece: _Piece, level: int) -> NodePath:
        holder = self._parent.attach_new_node("ground")
        bend = self._bend(piece.begin, piece.begin + _PIECE)
        for sort, layer in enumerate(piece.layers):
            most = _most(layer.kind, bend, level)
            kept = layer if most == 1 else joined(layer, most)
            node = holder.attach_new_node(quad_node("flat", kept.corners, kept.colours, weld=False))
            lay_flat(node, 2 + sort)
            self._tags.mark(node, layer.kind)
        return holder

    def _bend(self, begin: float, end: float) -> float:
        """Greatest curvature of road and ramps between two stations [1/m]."""
        bend = float(np.abs(self._road.curvature_at(np.linspace(begin, end, 11))).max())
        ramps = (
            lane for lane in self._road.lanes if lane.approach and lane.start < end and lane.opens > begin
        )
        swings = (abs(lane.approach) / 2.0 * (np.pi / (lane.opens - lane.start)) ** 2 for lane in ramps)
        return bend + max(swings, default=0.0)


def _most(kind: SemanticClass, bend: float, level: int) -> int:
    """How many quadrilaterals of a ribbon may be one: near by, wear of paint and grass is to be seen."""
    if level == 0 and kind in _MADE:
        return 1
    longest = _LONGEST[level]
    if bend > 0.0:
        longest = min(longest, float(np.sqrt(8.0 * _OFF[level] / bend)))
    return max(int(longest / _MADE.get(kind, STEP)), 1)


@dataclass(slots=True)
class _Piece:
    """A stretch of ground and the levels of detail made so far; one at most is drawn."""

    begin: float  # station [m]
    layers: tuple[Layer, ...]
    levels: dict[int, NodePath]
    shown: int | None = None

    def show(self, level: int | None) -> None:
        """Draw that level only; None: nothing."""
        if level == self.shown:
            return
        if self.shown is not None:
            self.levels[self.shown].hide()
        if level is not None:
            self.levels[level].show()
        self.shown = level


def _nearest(layer: Layer, middles: FloatArray, index: int) -> Layer:
    """The quadrilaterals that lie nearest to the ``index``-th of the points ``middles`` (N, 2)."""
    centres = layer.corners[:, :, :2].mean(axis=1)
    away = np.linalg.norm(centres[:, None] - middles, axis=2)
    mine = np.argmin(away, axis=1) == index
    return Layer(layer.kind, layer.corners[mine], layer.colours[mine])
