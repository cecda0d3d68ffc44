"""Scene nodes of the ground: road pieces with a level of detail by distance, created on first use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from panda3d.core import NodePath

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from ..draw_order import set_flat, set_hilly, set_multiplying
from ..offscreen_renderer import FAR
from ..sensing import GLOSS_CODE
from ..tags import LabelTags
from ..triangles import quad_node
from .chunk import ground_layers
from .layers import STEP, Layer, merge_quads

_FIRST_ORDER, _MAX_LAYERS = 2, 16  # draw order of the lowest layer, above the backdrop; of a piece of hills
_SHADE_LAYER = 7  # above those of a piece, below the shadows of actors
_LAST_SHADED_LEVEL = 2  # of detail; shade beyond cannot be seen
_CHUNK_LENGTH, _PIECE_LENGTH = 200.0, 100.0  # generated together; with one level of detail [m]
_ROAD_EXTENSION = 600.0  # length of road drawn past its end [m]
_BEHIND_DISTANCE = 50.0  # pieces that end farther behind the camera are out of view [m]
_LEVELS = (100.0, 200.0, 400.0, np.inf)  # maximum distance of each level of detail [m]
_LAST_NEAR_LEVEL = 1  # of layers that are drawn only nearby
_MAX_LENGTHS = (24.0, 50.0, _PIECE_LENGTH, _PIECE_LENGTH)  # of a merged quad, by level [m]
_MAX_CHORD_ERROR = (0.005, 0.025, 0.06, 0.2)  # of a merged quad's chord in a curve, by level [m]
# generated length of a quad, `STEP` for other layers [m]
_QUAD_LENGTHS: dict[SemanticClass | None, float] = {
    SemanticClass.MARKING: STEP / 2.0,
    SemanticClass.TERRAIN: 5.0 * STEP,
    None: STEP / 2.0,
}

ShadeSource: TypeAlias = Callable[[float, float], Layer | None]
"""Returns the shade between two stations [m], whose colours multiply those of the ground."""


class Ground:
    """The flat part of the scene, attached to ``parent``."""

    def __init__(
        self, parent: NodePath, road: RoadMap, conditions: Conditions, tags: LabelTags, shade: ShadeSource
    ) -> None:
        self._parent, self._road, self._conditions, self._tags = parent, road, conditions, tags
        self._shade = shade
        # pieces of hills are made one by one, as none may cover a part of the one beyond it
        self._chunk_length = _CHUNK_LENGTH if road.profile.is_level else _PIECE_LENGTH
        self._end = float(road.length + _ROAD_EXTENSION)
        self._chunk_starts = np.arange(-_CHUNK_LENGTH, self._end, self._chunk_length)
        self._pieces: dict[float, tuple[_Piece, ...]] = {}

    def update(self, station: float) -> None:
        """Show the pieces in view of a camera at ``station`` [m], each in its level of detail."""
        for start in self._chunk_starts.tolist():
            if -_CHUNK_LENGTH - _BEHIND_DISTANCE < start - station < FAR:
                for piece in self._pieces_of(start):
                    self._show(piece, station)
            else:
                for piece in self._pieces.get(start, ()):
                    piece.show(None)

    def _show(self, piece: _Piece, station: float) -> None:
        ahead = piece.start - station
        if ahead < -_PIECE_LENGTH - _BEHIND_DISTANCE:
            piece.show(None)
            return
        level = next(index for index, max_distance in enumerate(_LEVELS) if ahead < max_distance)
        if level not in piece.levels:
            piece.levels[level] = self._node(piece, level)
        piece.show(level)

    def _pieces_of(self, start: float) -> tuple[_Piece, ...]:
        if start not in self._pieces:
            end = start + self._chunk_length
            layers = ground_layers(self._road, self._conditions, start, end)
            starts = np.arange(start, start + self._chunk_length, _PIECE_LENGTH)
            centres, _ = self._road.to_world(starts + _PIECE_LENGTH / 2.0, np.zeros(len(starts)))
            self._pieces[start] = tuple(
                _Piece(float(start), tuple(_nearest(layer, centres, index) for layer in layers), {})
                for index, start in enumerate(starts)
            )
        return self._pieces[start]

    def _node(self, piece: _Piece, level: int) -> NodePath:
        holder = self._parent.attach_new_node("ground")
        curvature = self._max_curvature(piece.start, piece.start + _PIECE_LENGTH)
        for sort, layer in enumerate(piece.layers):
            if len(layer.corners) == 0 or (layer.near_only and level > _LAST_NEAR_LEVEL):
                continue
            max_count = _max_merged(layer.kind, curvature, level)
            merged = layer if max_count == 1 else merge_quads(layer, max_count)
            colours = self._with_gloss(merged)
            node = holder.attach_new_node(quad_node("flat", merged.corners, colours, weld=False))
            self._set_order(node, piece.start, sort)
            self._tags.mark(node, layer.kind)
        if level <= _LAST_SHADED_LEVEL:
            self._add_shade(holder, piece.start)
        return holder

    def _add_shade(self, holder: NodePath, start: float) -> None:
        """Add the shade of a piece, which darkens its layers and is not in the label image."""
        shade = self._shade(start, start + _PIECE_LENGTH)
        if shade is None:
            return
        node = holder.attach_new_node(quad_node("shade", shade.corners, shade.colours))
        self._set_order(node, start, _SHADE_LAYER)
        set_multiplying(node)
        self._tags.hide(node)

    def _with_gloss(self, layer: Layer) -> FloatArray:
        """Return the colours of a layer, whose alpha says whether it mirrors when it is wet."""
        if self._conditions.wet_gloss == 0.0 or layer.kind is SemanticClass.TERRAIN:
            return layer.colours
        colours = layer.colours.copy()
        colours[..., 3] = GLOSS_CODE
        return colours

    def _set_order(self, node: NodePath, start: float, layer: int) -> None:
        """Draw level ground by layer; hilly ground from far to near, so that near hills cover far ones."""
        if self._road.profile.is_level:
            set_flat(node, _FIRST_ORDER + layer)
        else:
            pieces_beyond = round((self._end - start) / _PIECE_LENGTH)
            set_hilly(node, _FIRST_ORDER + pieces_beyond * _MAX_LAYERS + layer)

    def _max_curvature(self, start: float, end: float) -> float:
        """Return the maximum curvature of road, ramps and hills between two stations [1/m]."""
        stations = np.linspace(start, end, 11)
        curvature = float(np.abs(self._road.curvature_at(stations)).max())
        curvature += float(np.abs(self._road.profile.curvature_at(stations)).max())
        ramps = (
            lane for lane in self._road.lanes if lane.approach and lane.start < end and lane.opens > start
        )
        ramp_curvatures = (
            abs(lane.approach) / 2.0 * (np.pi / (lane.opens - lane.start)) ** 2 for lane in ramps
        )
        return curvature + max(ramp_curvatures, default=0.0)


def _max_merged(kind: SemanticClass | None, curvature: float, level: int) -> int:
    """Return how many quads of a ribbon may be merged; 1 where wear of paint and grass is visible."""
    if level == 0 and kind in _QUAD_LENGTHS:
        return 1
    longest = _MAX_LENGTHS[level]
    if curvature > 0.0:
        longest = min(longest, float(np.sqrt(8.0 * _MAX_CHORD_ERROR[level] / curvature)))
    return max(int(longest / _QUAD_LENGTHS.get(kind, STEP)), 1)


@dataclass(slots=True)
class _Piece:
    """A segment of ground and its existing levels of detail, at most one of which is drawn."""

    start: float  # station [m]
    layers: tuple[Layer, ...]
    levels: dict[int, NodePath]
    shown: int | None = None

    def show(self, level: int | None) -> None:
        """Draw only this level, or nothing for None."""
        if level == self.shown:
            return
        if self.shown is not None:
            self.levels[self.shown].hide()
        if level is not None:
            self.levels[level].show()
        self.shown = level


def _nearest(layer: Layer, centres: FloatArray, index: int) -> Layer:
    """Return the quads whose nearest point of ``centres`` (N, 2) is the ``index``-th."""
    quad_centres = layer.corners[:, :, :2].mean(axis=1)
    distance = np.linalg.norm(quad_centres[:, None] - centres, axis=2)
    selected = np.argmin(distance, axis=1) == index
    return replace(layer, corners=layer.corners[selected], colours=layer.colours[selected])
