"""Our world as highway-env's objects, made on demand, so that its viewer and lane classes serve.

highway-env's y axis points right (down the screen) and its yaw turns clockwise: the flip happens in
this module and nowhere else.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from highway_env.road.lane import AbstractLane, CircularLane, LineType, SineLane, StraightLane
from highway_env.road.road import Road, RoadNetwork
from highway_env.vehicle.kinematics import Vehicle
from highway_env.vehicle.objects import Obstacle

from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import FloatArray
from drive_stack.world_state import WorldState
from envs.traffic.stock import STOCK_VEHICLE, StockTraffic

_PERSON_LENGTH = 0.6  # people as boxes [m]
_EGO_COLOUR = (50, 200, 0)


def flip(points: FloatArray) -> FloatArray:
    """Points ``(..., 2)`` from one frame to the other; its own inverse."""
    return np.asarray(points * np.array([1.0, -1.0]), dtype=np.float64)


def breaks(road: RoadMap) -> tuple[float, ...]:
    """Stations where a piece or a lane begins, opens or ends: the nodes of the network [m]."""
    edges = {float(station) for station in road.piece_station}
    for lane in road.lanes:
        edges |= {edge for edge in (lane.start, lane.opens, lane.end) if 0.0 <= edge <= road.length}
    return tuple(sorted(edges))


def road_network(road: RoadMap, speed_limit: float) -> RoadNetwork:
    """The road as a chain of nodes "0", "1", … at `breaks`; lanes of a segment from left to right.

    Raises `ValueError` where a ramp draws near along an arc, for which highway-env has no lane.
    """
    network, edges = RoadNetwork(), breaks(road)
    for node, (begin, end) in enumerate(pairwise(edges)):
        covering = [lane for lane in road.lanes if lane.start <= begin and end <= lane.end]
        for place, lane in enumerate(covering):
            right = covering[place + 1] if place + 1 < len(covering) else None
            lines = _line_types(place == 0, lane, right, begin)
            network.add_lane(
                str(node), str(node + 1), _network_lane(road, lane, begin, end, lines, speed_limit)
            )
    return network


def _line_types(leftmost: bool, lane: Lane, right: Lane | None, station: float) -> list[int]:
    """Lines on the left and right; a line between lanes belongs to the lane on its left."""
    closed = right is None or station < max(lane.opens, right.opens)
    return [
        LineType.CONTINUOUS_LINE if leftmost else LineType.NONE,
        LineType.CONTINUOUS_LINE if closed else LineType.STRIPED,
    ]


def _network_lane(
    road: RoadMap, lane: Lane, begin: float, end: float, lines: list[int], limit: float
) -> AbstractLane:
    piece = int(road.piece_at(np.asarray((begin + end) / 2.0)))
    bend = float(road.piece_curvature[piece])
    drawing_near = lane.approach != 0.0 and begin < lane.opens
    common = {"width": lane.width, "line_types": lines, "speed_limit": limit}
    if bend == 0.0:
        middle = lane.offset - lane.approach / 2.0 if drawing_near else lane.offset
        ends, _ = road.to_world(np.array([begin, end]), np.full(2, middle))
        start, finish = flip(ends)
        if not drawing_near:
            return StraightLane(start, finish, **common)
        pulsation = np.pi / (lane.opens - lane.start)
        phase = np.pi / 2.0 + pulsation * (begin - lane.start)
        return SineLane(start, finish, lane.approach / 2.0, pulsation, phase, **common)
    if drawing_near:
        raise ValueError("a ramp that draws near along an arc has no counterpart in highway-env")
    point, yaw = road.to_world(np.asarray(begin), np.asarray(lane.offset))
    turns = -float(np.sign(bend))  # highway-env's sense: +1 where its phase grows
    radius = (1.0 - bend * lane.offset) / abs(bend)
    phase = -float(yaw) - turns * np.pi / 2.0
    centre = flip(point) - radius * np.array([np.cos(phase), np.sin(phase)])
    last = phase + turns * (end - begin) * abs(bend)
    return CircularLane(centre, radius, phase, last, clockwise=turns > 0.0, **common)


def highway_road(state: WorldState) -> Road:
    """A highway-env road with everything in the world on it; the ego is the first vehicle.

    The objects are views of this instant: stepping them changes nothing in our world.
    """
    road = Road(network=road_network(state.road, state.speed_limit))
    ego, others = state.ego, state.vehicles
    centre = np.array([ego.x, ego.y]) + state.car.centre_ahead * np.array([np.cos(ego.yaw), np.sin(ego.yaw)])
    road.vehicles.append(
        _vehicle(road, centre, ego.yaw, ego.speed, (state.car.length, state.car.width), _EGO_COLOUR)
    )
    for row in range(len(others.id)):
        size = float(others.length[row]), float(others.width[row])
        colour = int(others.colour[row, 0]), int(others.colour[row, 1]), int(others.colour[row, 2])
        place = np.array([others.x[row], others.y[row]])
        road.vehicles.append(
            _vehicle(road, place, float(others.yaw[row]), float(others.speed[row]), size, colour)
        )
    things, people = state.obstacles, state.pedestrians
    for row in range(len(things.id)):
        thing = Obstacle(road, flip(np.array([things.x[row], things.y[row]])), -float(things.yaw[row]))
        thing.LENGTH, thing.WIDTH = float(things.length[row]), float(things.width[row])
        road.objects.append(thing)
    for row in range(len(people.id)):
        heading, speed = -float(people.yaw[row]), float(people.speed[row])
        person = Obstacle(road, flip(np.array([people.x[row], people.y[row]])), heading, speed)
        person.LENGTH = person.WIDTH = _PERSON_LENGTH
        road.objects.append(person)
    return road


def _vehicle(
    road: Road,
    centre: FloatArray,
    yaw: float,
    speed: float,
    size: tuple[float, float],
    colour: tuple[int, int, int],
) -> Vehicle:
    vehicle = Vehicle(road, flip(centre), -yaw, speed)
    vehicle.LENGTH, vehicle.WIDTH = size
    vehicle.color = colour
    return vehicle


def stock_traffic(road: Road) -> StockTraffic:
    """The IDM vehicles of a straight highway-env road from "0" to "1", as resident arrays."""
    lanes = road.network.graph["0"]["1"]
    rows = np.zeros(len(road.vehicles), dtype=STOCK_VEHICLE)
    for row, vehicle in zip(rows, road.vehicles, strict=True):
        row["x"], row["y"] = flip(vehicle.position)
        row["heading"], row["speed"] = -vehicle.heading, vehicle.speed
        row["target_speed"], row["delta"], row["timer"] = vehicle.target_speed, vehicle.DELTA, vehicle.timer
        row["lane"], row["target_lane"] = vehicle.lane_index[2], vehicle.target_lane_index[2]
    first = lanes[0]
    return StockTraffic(rows, len(lanes), first.width, float(first.length), first.speed_limit)
