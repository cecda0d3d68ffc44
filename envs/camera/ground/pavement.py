"""Terrain, shoulders and asphalt with wear."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.random import Generator

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions

from .layers import Layer, Strip, clip_lane, layer_of, stations_between
from .surface import asphalt_colour, grass_colour, shoulder_colour, track_tone

_GRASS_OVERLAP, _SHOULDER_OVERLAP = 1.0, 0.2  # of grass under the pavement, of the shoulder under lanes [m]


def _full(station: FloatArray, value: float) -> FloatArray:
    return np.full(len(station), value)


def terrain(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer:
    """Return grass in bands that fade from mown verge to meadow and overlap with the pavement."""
    station = stations_between(start, end)[::5]
    if station[-1] < end:
        station = np.append(station, end)
    low, high = _paved(road, station)
    colour = grass_colour(conditions)
    quads, colours = [], []
    centre = float(np.clip((low + high).mean() / 2.0, -13.0, 13.0))
    edges = [-200.0, -90.0, -45.0, -25.0, -14.0, centre, 14.0, 25.0, 45.0, 90.0, 200.0]
    for right, left in itertools.pairwise(edges):
        if right < centre:
            sides = np.clip(low + _GRASS_OVERLAP, right, left), _full(station, right)
        else:
            sides = _full(station, left), np.clip(high - _GRASS_OVERLAP, right, left)
        strip = Strip(*sides, station).quads(road)
        tone, hue = rng.uniform(0.88, 1.1, (len(strip), 4, 1)), rng.uniform(-6, 6, (len(strip), 1, 3))
        if conditions.road_surface is Surface.SNOW:  # all snow has one hue
            hue = hue.mean(axis=2, keepdims=True)
        shade = colour * tone + hue
        quads.append(strip)
        colours.append(shade)
    return layer_of(SemanticClass.TERRAIN, np.concatenate(quads), np.concatenate(colours))


def _paved(road: RoadMap, station: FloatArray) -> tuple[FloatArray, FloatArray]:
    inside = np.clip(station, 0.0, road.length)
    edges = np.array([road.paved(float(s)) for s in inside])
    return edges[:, 0], edges[:, 1]


def shoulders(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer:
    """Return the pavement, except where lanes cover it over the whole segment."""
    station = stations_between(start, end)
    right, left = _paved(road, station)
    low, high = _continuous_lanes(road, start, end)
    ribbons = (
        ((left, right),) if low >= high else ((left, _full(station, high)), (_full(station, low), right))
    )
    quads = [Strip(*sides, station).quads(road) for sides in ribbons]
    shade = shoulder_colour(conditions) * rng.uniform(0.97, 1.03, (len(quads[0]), 4, 1))
    return layer_of(SemanticClass.SHOULDER, np.concatenate(quads), np.tile(shade, (len(quads), 1, 1)))


def _continuous_lanes(road: RoadMap, start: float, end: float) -> tuple[float, float]:
    """Return the lateral range (low, high) that adjacent lanes cover over the whole segment [m].

    low exceeds high where there is no such range.
    """
    lanes = [
        lane
        for lane in road.lanes
        if lane.approach == 0.0 and clip_lane(road, lane, start, end) == (start, end)
    ]
    if not lanes:
        return 1.0, -1.0
    low = min(lane.offset - lane.width / 2.0 for lane in lanes)
    high = max(lane.offset + lane.width / 2.0 for lane in lanes)
    if high - low > sum(lane.width for lane in lanes) + 1e-6:  # something lies between them
        return 1.0, -1.0
    return low + _SHOULDER_OVERLAP, high - _SHOULDER_OVERLAP


def lanes(road: RoadMap, conditions: Conditions, rng: Generator, start: float, end: float) -> Layer | None:
    """Return asphalt with darker wheel tracks and repair patches."""
    quads, colours = [], []
    for lane in road.lanes:
        low, high = clip_lane(road, lane, start, end)
        if high - low < 0.5:
            continue
        station = stations_between(low, high)
        centre = lane.laterals_at(station)
        edges = np.array([-0.5, -0.31, -0.15, 0.15, 0.31, 0.5]) * lane.width
        track = track_tone(conditions)
        tones = np.array([1.03, track, 1.02, track, 1.03])
        patch = rng.choice([1.0, 0.9, 1.06], p=[0.9, 0.06, 0.04])
        for right, left, tone in zip(edges[:-1], edges[1:], tones, strict=True):
            strip = Strip(centre + left, centre + right, station).quads(road)
            jitter = rng.uniform(0.985, 1.015, (len(strip), 4, 1))
            quads.append(strip)
            colours.append(asphalt_colour(conditions) * tone * patch * jitter)
    if not quads:
        return None
    return layer_of(SemanticClass.ROAD, np.concatenate(quads), np.concatenate(colours))
