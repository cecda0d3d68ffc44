"""Scene nodes of signs: a textured board on grey posts, transverse to the road."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    GeomEnums,
    GeomNode,
    GeomTrifans,
    GeomVertexFormat,
    NodePath,
    SamplerState,
    Texture,
)

from drive_stack.road_map import RoadMap

from .scenery import upright_quads
from .signs import Sign, paint_face
from .triangles import node_of, quad_node

_VERTEX = np.dtype([("vertex", "<f4", 3), ("colour", "u1", 4), ("corners", "<f4", 2)])
_POST, _BEAM = 0.11, 0.35  # thickness [m]
_STEEL = np.array([128.0, 132.0, 136.0, 255.0])
_AHEAD = 0.12  # distance of the posts behind their board [m]


def board_node(sign: Sign, road: RoadMap) -> NodePath:
    """Return the board of a sign, in world coordinates."""
    node = NodePath(_board(sign, road))
    texture = Texture("face")
    face = _to_powers_of_two(paint_face(sign))
    texture.setup_2d_texture(face.shape[1], face.shape[0], Texture.T_unsigned_byte, Texture.F_rgb)
    texture.set_ram_image(np.ascontiguousarray(face[::-1, :, ::-1]).tobytes())  # bottom row first, BGR
    texture.set_minfilter(SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(SamplerState.FT_linear)
    node.set_texture(texture)
    node.set_two_sided(True)
    return node


def _to_powers_of_two(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize to powers of two, the only texture sizes of the software renderer."""
    height, width = (1 << (side.bit_length() - 1) for side in face.shape[:2])
    return np.asarray(cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def posts_node(sign: Sign, road: RoadMap) -> NodePath:
    """Return the posts of a sign, and the beam between them if there are two."""
    top = sign.bottom + sign.height * (1.0 if len(sign.posts) == 1 else 0.55)
    lateral, behind = np.array(sign.posts), np.full(len(sign.posts), sign.station + _AHEAD)
    sheets = [upright_quads(road, behind, lateral, _POST * len(lateral), np.array([0.0, 0.0, top, top]))]
    if len(lateral) > 1:
        beam = np.array([top - _BEAM, top - _BEAM, top, top])
        sheets.append(
            upright_quads(road, behind[:1], lateral.mean(keepdims=True), float(np.ptp(lateral)), beam)
        )
    corners = np.concatenate(sheets)
    return NodePath(quad_node("posts", corners, np.tile(_STEEL, (len(corners), 4, 1))))


def _board(sign: Sign, road: RoadMap) -> GeomNode:
    corners = _outline(sign.is_round)
    lateral = sign.lateral + (0.5 - corners[:, 0]) * sign.width
    rows = np.zeros(len(corners), dtype=_VERTEX)
    rows["vertex"] = road.to_space(
        np.asarray(sign.station), lateral, sign.bottom + corners[:, 1] * sign.height
    )
    rows["colour"] = 255
    rows["corners"] = corners
    fan = GeomTrifans(GeomEnums.UH_static)
    fan.add_consecutive_vertices(0, len(rows))
    fan.close_primitive()
    return node_of("board", GeomVertexFormat.get_v3c4t2(), rows, fan)


def _outline(is_round: bool) -> NDArray[np.float64]:
    """Return the corners (N, 2) of the board in order, 0 … 1 from its lower left."""
    if not is_round:
        return np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    angle = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
    return 0.5 + 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
