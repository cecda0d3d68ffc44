"""Scenery next to and above the road: guard rails, delineators, trees."""

from __future__ import annotations

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions

from .ground import Layer

_STEEL = np.array([150.0, 154.0, 158.0])
_POST = np.array([[-0.07, -0.07, 0.0], [0.07, 0.07, 0.0], [0.07, 0.07, 0.5], [-0.07, -0.07, 0.5]])  # [m]
_SIDES, _COARSE_SIDES = 7, 4  # of a tree
_COARSE_LEVELS = [0, 2, 3, 4, 6]
_COARSE_GIRTH = 1.17  # a square with this times the radius has the area of a heptagon
_DELINEATOR = (  # bottom, top and width [m], colour
    (0.0, 0.72, 0.14, (228.0, 228.0, 226.0)),
    (0.72, 0.94, 0.13, (28.0, 28.0, 28.0)),
    (0.94, 1.05, 0.12, (228.0, 228.0, 226.0)),
)


def guard_rails(road: RoadMap, start: float, end: float, others: tuple[float, ...] = ()) -> Layer:
    """Return guard rails with posts on both sides, and at ``others`` [m], between two stations [m]."""
    station = np.linspace(start, end, 5)
    edges = np.array([road.paved(float(s)) for s in np.clip(station, 0.0, road.length)])
    corners, colours = [], []
    further = [np.full(len(station), lateral) for lateral in others]
    for lateral in (edges[:, 0] - 0.5, edges[:, 1] + 0.5, *further):
        for low, high, shade in ((0.48, 0.60, 0.75), (0.60, 0.66, 0.5), (0.66, 0.78, 1.0)):
            a, b = (road.to_space(station, lateral, level) for level in (low, high))
            corners.append(np.stack([a[:-1], a[1:], b[1:], b[:-1]], axis=1))
            colours.append(np.tile(_STEEL * shade, (len(a) - 1, 4, 1)))
        posts = road.to_space(station, lateral + 0.05 * np.sign(lateral), 0.0)
        corners.append(posts[:, None] + _POST)
        colours.append(np.tile(_STEEL * 0.6, (5, 4, 1)))
    rgb = np.concatenate(colours)
    rgba = np.concatenate([rgb, np.full((*rgb.shape[:2], 1), 255.0)], axis=2)
    return Layer(SemanticClass.STRUCTURE, np.concatenate(corners), rgba)


def upright_quads(
    road: RoadMap, station: FloatArray, lateral: FloatArray, width: float, level: FloatArray
) -> FloatArray:
    """Return upright quads (N, 4, 3) transverse to the road, centred at stations and laterals (N,) [m].

    ``level`` (4,) holds the heights [m] of the corners: bottom left, bottom right, top right, top left.
    """
    lateral_offsets = np.array([0.5, -0.5, -0.5, 0.5]) * width
    return road.to_space(station[:, None], lateral[:, None] + lateral_offsets, level)


def delineators(road: RoadMap, start: float, end: float) -> Layer | None:
    """Return white posts with a black band and a reflector every 50 m on both sides (StVO sign 620)."""
    stations = np.arange(np.ceil(start / 50.0) * 50.0, end, 50.0)
    if len(stations) == 0:
        return None
    edges = np.array([road.paved(float(s)) for s in np.clip(stations, 0.0, road.length)])
    corners, colours = [], []
    for lateral, lean in ((edges[:, 0] - 0.8, 1.0), (edges[:, 1] + 0.8, -1.0)):
        for low, high, width, shade in _DELINEATOR:
            tilt = 0.04 * lean * np.array([1.0, -1.0, -1.0, 1.0]) * (shade[0] < 100.0)
            level = np.array([low, low, high, high]) + tilt
            corners.append(upright_quads(road, stations, lateral, width, level))
            colours.append(np.tile(np.array([*shade, 255.0]), (len(stations), 4, 1)))
    return Layer(SemanticClass.STRUCTURE, np.concatenate(corners), np.concatenate(colours))


def trees(
    road: RoadMap, conditions: Conditions, start: float, end: float, *, coarse: bool = False
) -> Layer | None:
    """Return conifers and round trees beyond the rails; the side away from the sun is darker.

    ``coarse`` trees are the same with a third of the triangles.
    """
    made = tree_shapes(road, conditions, start, end, coarse=coarse)
    if not made:
        return None
    points, colours = zip(*made, strict=True)
    return Layer(SemanticClass.VEGETATION, np.concatenate(points), np.concatenate(colours))


def tree_shapes(
    road: RoadMap, conditions: Conditions, start: float, end: float, *, coarse: bool = False
) -> list[tuple[FloatArray, FloatArray]]:
    """Return the quads (Q, 4, 3) [m] and colours (Q, 4, 4) of each tree between two stations [m]."""
    rng = SceneryStream.TREES.generator(conditions.scenery_seed, int(start) + 10_000)
    scenery, made = conditions.scenery, []
    for _ in range(int(rng.integers(2, 9))):
        station, side = rng.uniform(start, end), float(rng.choice((-1.0, 1.0)))
        right, left = road.paved(float(np.clip(station, 0.0, road.length)))
        left = left if scenery.opposite is None else scenery.opposite.outer_edge
        lateral = (left if side > 0.0 else right) + side * rng.uniform(7.0, 55.0)
        foot = road.to_space(np.asarray(station), np.asarray(lateral), 0.0)
        tree, shade = _tree(rng, conditions.sun_azimuth, coarse=coarse)
        if not scenery.occupies(station, lateral):
            made.append((tree + foot, shade))
    return made


def _tree(rng: np.random.Generator, sun: float, *, coarse: bool) -> tuple[FloatArray, FloatArray]:
    """Return the quads of a tree (N, 4, 3) with its foot at the origin, and their RGBA (N, 4, 4)."""
    height, pointed = rng.uniform(5.0, 12.0), rng.random() < 0.5
    level = np.array([0.0, 0.12, 0.13, 0.35, 0.65, 0.9, 1.0])
    girth = np.array(
        [0.02, 0.02, 0.2, 0.16, 0.1, 0.04, 0.0] if pointed else [0.03, 0.03, 0.16, 0.27, 0.27, 0.14, 0.0]
    )
    green = np.array([46.0, 82.0, 44.0] if pointed else [74.0, 104.0, 46.0]) * rng.uniform(0.8, 1.15)
    sides, turn = _COARSE_SIDES if coarse else _SIDES, rng.uniform(0.0, 1.0)
    if coarse:
        level, girth = level[_COARSE_LEVELS], _COARSE_GIRTH * girth[_COARSE_LEVELS]
    angle = np.linspace(0.0, 2.0 * np.pi, sides + 1) + turn
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rings = girth[:, None, None] * height * ring
    skin = np.concatenate([rings, np.tile(level[:, None, None] * height, (1, len(angle), 1))], axis=2)
    facing = 0.72 + 0.28 * np.cos(angle - sun)
    tone = np.where(
        level[:, None, None] < 0.125, np.array([84.0, 66.0, 48.0]), green * (0.7 + 0.4 * level[:, None, None])
    )
    opaque = np.full((*skin.shape[:2], 1), 255.0)
    return _cells(skin), _cells(np.concatenate([tone * facing[None, :, None], opaque], axis=2))


def _cells(sheet: FloatArray) -> FloatArray:
    """Return the corners (N, 4, …) of the quads of a grid (R, C, …)."""
    corners = np.stack([sheet[:-1, :-1], sheet[:-1, 1:], sheet[1:, 1:], sheet[1:, :-1]], axis=2)
    return corners.reshape(-1, 4, sheet.shape[-1])
