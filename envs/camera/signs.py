"""Signs next to and above the road: speed limits, directions and lane ends, with their positions and faces.

Shapes and sizes after the German road traffic regulations (StVO signs 274, 449, 531), on boards a
driver reads from the front.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.seeds import SceneryStream
from drive_stack.world_state import Conditions

from ..speed_limits import SpeedLimits

_ROADSIDE_OFFSET = 1.4  # of a roadside board's centre from the pavement's edge [m]
_REPEAT_DISTANCE = 800.0  # between two signs of the same limit [m]
_GANTRY_SPACING = 1300.0  # between two gantries [m]
_BRIDGE_DISTANCE = 80.0  # minimum of a gantry from a bridge [m]
_CLEARANCE = 5.2  # below a gantry's panel [m]
_WARNING_DISTANCES = (400.0, 200.0)  # of the signs before a lane's end [m]
_PIXELS = 128  # of a face per metre
_WHITE, _BLACK, _RED, _BLUE = (238, 238, 236), (22, 22, 22), (196, 24, 30), (16, 74, 150)
_TOWNS = ("Altenau", "Birkfeld", "Eschbach", "Falkenstein", "Hohenried", "Lindau", "Neuhaven", "Seedorf")


class Face(Enum):
    """What a board shows."""

    LIMIT = "limit"
    DIRECTION = "direction"
    LANE_ENDS = "lane_ends"


@dataclass(frozen=True, slots=True)
class Sign:
    """A board transverse to the road. Station, lateral of its centre and sizes are in m."""

    face: Face
    station: float
    lateral: float
    bottom: float  # height of its lower edge [m]
    width: float
    height: float
    text: tuple[str, ...] = ()  # a limit, lines of places, or lanes: "|", the ending one "\\" or "/"

    @property
    def posts(self) -> tuple[float, ...]:
        """Laterals of the posts [m]."""
        if self.face is not Face.DIRECTION:
            return (self.lateral,)
        reach = self.width / 2.0 + 0.4
        return (self.lateral - reach, self.lateral + reach)

    @property
    def is_round(self) -> bool:
        """Whether the board is a disc."""
        return self.face is Face.LIMIT


def signs_along(road: RoadMap, limits: SpeedLimits | None, conditions: Conditions) -> tuple[Sign, ...]:
    """Return all signs of a road, in no particular order."""
    rng = SceneryStream.SIGNS.generator(conditions.scenery_seed)
    shown = [] if limits is None else _limit_signs(road, limits)
    bridges = conditions.scenery.bridges
    gantries = [
        sign
        for sign in _gantries(road, rng)
        if not any(bridge.covers(sign.station, _BRIDGE_DISTANCE) for bridge in bridges)
    ]
    return (*shown, *_lane_end_signs(road), *gantries)


def _roadside_laterals(road: RoadMap, station: float) -> tuple[float, float]:
    right, left = road.paved(float(np.clip(station, 0.0, road.length)))
    return right - _ROADSIDE_OFFSET, left + _ROADSIDE_OFFSET


def _limit_signs(road: RoadMap, limits: SpeedLimits) -> list[Sign]:
    """Return limit signs on both sides where the limit changes, repeated every `_REPEAT_DISTANCE`."""
    edges = np.append(limits.station, road.length)
    signs = []
    for start, end, limit in zip(edges[:-1], edges[1:], limits.limit, strict=True):
        text = (str(round(float(limit) * 3.6)),)
        for station in np.arange(start, max(float(end) - 50.0, float(start) + 1.0), _REPEAT_DISTANCE):
            signs += [
                Sign(Face.LIMIT, float(station), lateral, 1.7, 1.0, 1.0, text)
                for lateral in _roadside_laterals(road, float(station))
            ]
    return signs


def _lane_end_signs(road: RoadMap) -> list[Sign]:
    """Return the signs before the end of each ending lane, on its side of the road."""
    signs = []
    for index, lane in enumerate(road.lanes):
        if lane.end >= road.length - 1e-6 or lane.kind is LaneKind.RAMP:
            continue
        on_right = index > 0
        drawing = "|" * index + ("\\" if on_right else "/") + "|" * (len(road.lanes) - index - 1)
        for ahead in _WARNING_DISTANCES:
            station = lane.end - ahead
            if station > max(lane.start, 0.0):
                lateral = _roadside_laterals(road, station)[0 if on_right else 1]
                signs.append(Sign(Face.LANE_ENDS, station, lateral, 1.3, 1.3, 1.6, (drawing,)))
    return signs


def _gantries(road: RoadMap, rng: np.random.Generator) -> list[Sign]:
    signs = []
    for station in np.arange(rng.uniform(250.0, 900.0), road.length, _GANTRY_SPACING):
        right, left = road.paved(float(station))
        first, second = rng.choice(len(_TOWNS), 2, replace=False)
        lines = (
            f"{_TOWNS[first]}  {rng.integers(3, 40)} km",
            f"{_TOWNS[second]}  {rng.integers(41, 180)} km",
        )
        width = left - right + 1.6
        signs.append(
            Sign(Face.DIRECTION, float(station), (left + right) / 2.0, _CLEARANCE, width, 2.4, lines)
        )
    return signs


def paint_face(sign: Sign) -> NDArray[np.uint8]:
    """Return the face of a board as an image (H, W, 3) RGB."""
    size = (round(sign.width * _PIXELS), round(sign.height * _PIXELS))
    painter = {Face.LIMIT: _paint_limit, Face.DIRECTION: _paint_direction, Face.LANE_ENDS: _paint_lane_ends}
    return painter[sign.face](size, sign.text)


def _blank(size: tuple[int, int], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def _write(face: NDArray[np.uint8], text: str, centre: tuple[float, float], letter_height: float,
           colour: tuple[int, int, int]) -> None:  # fmt: skip
    """Write centred text with letters ``letter_height`` pixels high."""
    font, weight = cv2.FONT_HERSHEY_DUPLEX, max(round(letter_height / 6.0), 1)
    (text_width, text_height), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = letter_height / text_height
    origin = (round(centre[0] - text_width * scale / 2.0), round(centre[1] + letter_height / 2.0))
    cv2.putText(face, text, origin, font, scale, colour, weight, cv2.LINE_AA)


def _paint_limit(size: tuple[int, int], text: tuple[str, ...]) -> NDArray[np.uint8]:
    face, centre = _blank(size, _RED), (size[0] // 2, size[1] // 2)
    cv2.circle(face, centre, round(0.38 * size[0]), _WHITE, -1, cv2.LINE_AA)
    _write(face, text[0], centre, (0.36 if len(text[0]) < 3 else 0.29) * size[1], _BLACK)
    return face


def _paint_direction(size: tuple[int, int], text: tuple[str, ...]) -> NDArray[np.uint8]:
    face, edge = _blank(size, _BLUE), round(0.04 * size[1])
    cv2.rectangle(face, (edge, edge), (size[0] - edge, size[1] - edge), _WHITE, max(edge // 2, 1))
    for row, line in enumerate(text):
        _write(face, line, (size[0] / 2.0, size[1] * (0.29 + 0.42 * row)), 0.25 * size[1], _WHITE)
    return face


def _paint_lane_ends(size: tuple[int, int], text: tuple[str, ...]) -> NDArray[np.uint8]:
    """Paint one arrow per lane; the arrow of the ending lane turns into the adjacent lane."""
    face, (lanes,) = _blank(size, _WHITE), text
    cv2.rectangle(face, (2, 2), (size[0] - 3, size[1] - 3), _BLACK, 3)
    lane_x = [(k + 0.5) / len(lanes) * 0.84 * size[0] + 0.08 * size[0] for k in range(len(lanes))]
    low, turn, high, thickness = (
        0.9 * size[1],
        0.6 * size[1],
        0.14 * size[1],
        max(round(0.2 * size[0] / len(lanes)), 2),
    )
    for k, mark in enumerate(lanes):
        if mark == "|":
            _line(face, (lane_x[k], low), (lane_x[k], high + 2.0 * thickness), thickness)
            head = np.array([[lane_x[k], high], [lane_x[k] - 1.5 * thickness, high + 2.5 * thickness],
                             [lane_x[k] + 1.5 * thickness, high + 2.5 * thickness]])  # fmt: skip
            cv2.fillPoly(face, [np.round(head).astype(np.int32)], _BLACK, cv2.LINE_AA)
        else:
            into = lane_x[k - 1 if mark == "\\" else k + 1]
            _line(face, (lane_x[k], low), (lane_x[k], turn), thickness)
            _line(face, (lane_x[k], turn), (into, turn - abs(lane_x[k] - into)), thickness)
    return face


def _line(
    face: NDArray[np.uint8], start: tuple[float, float], end: tuple[float, float], thickness: int
) -> None:
    cv2.line(
        face,
        (round(start[0]), round(start[1])),
        (round(end[0]), round(end[1])),
        _BLACK,
        thickness,
        cv2.LINE_AA,
    )
