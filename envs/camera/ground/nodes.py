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

from ..offscreen_renderer import FAR
from ..sensing import GLOSS_CODE
from ..triangles import packed_quads
from .chunk import ground_layers
from .joined import JoinedGround, Part, PieceGeometry
from .layers import STEP, Layer, merge_quads

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

    def __init__(self, parent: NodePath, road: RoadMap, conditions: Conditions, shade: ShadeSource) -> None:
        self._road, self._conditions, self._shade = road, conditions, shade
        self._nodes = JoinedGround(parent, hilly=not road.profile.is_level)
        # pieces of hills are made one by one, as none may cover a part of the one beyond it
        self._chunk_length = _CHUNK_LENGTH if road.profile.is_level else _PIECE_LENGTH
        self._end = float(road.length + _ROAD_EXTENSION)
        self._chunk_starts = np.arange(-_CHUNK_LENGTH, self._end, self._chunk_length)
        self._pieces: dict[float, tuple[_Piece, ...]] = {}
        self._shown: tuple[tuple[float, int], ...] = ()  # start and level of each piece

    def update(self, station: float) -> None:
        """Show the pieces in view of a camera at ``station`` [m], each in its level of detail."""
        in_view = [
            (piece, _level(piece.start - station))
            for start in self._chunk_starts.tolist()[::-1]
            if -_CHUNK_LENGTH - _BEHIND_DISTANCE < start - station < FAR
            for piece in self._pieces_of(start)[::-1]
            if piece.start - station >= -_PIECE_LENGTH - _BEHIND_DISTANCE
        ]
        shown = tuple((piece.start, level) for piece, level in in_view)
        if shown == self._shown:
            return
        self._shown = shown
        for piece, level in in_view:
            if level not in piece.levels:
                piece.levels[level] = self._geometry(piece, level)
        self._nodes.show([piece.levels[level] for piece, level in in_view])

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

    def _geometry(self, piece: _Piece, level: int) -> PieceGeometry:
        curvature = self._max_curvature(piece.start, piece.start + _PIECE_LENGTH)
        parts = []
        for order, layer in enumerate(piece.layers):
            if len(layer.corners) == 0 or (layer.near_only and level > _LAST_NEAR_LEVEL):
                continue
            max_count = _max_merged(layer.kind, curvature, level)
            merged = layer if max_count == 1 else merge_quads(layer, max_count)
            parts.append(_part(order, self._with_gloss(merged)))
        shade = None
        if level <= _LAST_SHADED_LEVEL:
            shade = self._shade(piece.start, piece.start + _PIECE_LENGTH)
        return PieceGeometry(tuple(parts), None if shade is None else _part(len(parts), shade))

    def _with_gloss(self, layer: Layer) -> Layer:
        """Return a layer with colours whose alpha says whether it mirrors when it is wet."""
        if self._conditions.wet_gloss == 0.0 or layer.kind is SemanticClass.TERRAIN:
            return layer
        colours = layer.colours.copy()
        colours[..., 3] = GLOSS_CODE
        return replace(layer, colours=colours)

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
    """A segment of ground, and its levels of detail made so far."""

    start: float  # station [m]
    layers: tuple[Layer, ...]
    levels: dict[int, PieceGeometry]


def _level(ahead: float) -> int:
    """Return the level of detail of a piece that begins ``ahead`` of the camera [m]."""
    return next(index for index, max_distance in enumerate(_LEVELS) if ahead < max_distance)


def _part(order: int, layer: Layer) -> Part:
    return Part(order, layer.kind, *packed_quads(layer.corners, layer.colours))


def _nearest(layer: Layer, centres: FloatArray, index: int) -> Layer:
    """Return the quads whose nearest point of ``centres`` (N, 2) is the ``index``-th."""
    quad_centres = layer.corners[:, :, :2].mean(axis=1)
    distance = np.linalg.norm(quad_centres[:, None] - centres, axis=2)
    selected = np.argmin(distance, axis=1) == index
    return replace(layer, corners=layer.corners[selected], colours=layer.colours[selected])
