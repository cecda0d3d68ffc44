"""Sets the stage of an episode: everything that is drawn from (scenario, seed) before the first tick.

Each part draws from a generator of its own, so that a change to one leaves the others as they were.
"""

from __future__ import annotations

import copy
import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from drive_stack.geometry import wrap_angle
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Conditions, ObstacleStates
from envs.casting import Casting
from envs.crowd import Crowd
from envs.ego import Ego
from envs.pedestrians import Pedestrians
from envs.placement import Placed, check_places
from envs.scenario import Scenario, TrafficSpec
from envs.scenario_conditions import sight_limit
from envs.scenario_route import EgoStart, NavigationStep
from envs.scripts import Script, WorksStayClear, remove_between
from envs.speed_limits import SpeedLimits, posted, speed_limits
from envs.traffic import Traffic
from envs.works import Closed, place_closures

_CAPACITY = 400  # vehicles: the greatest density on four lanes, and the longest queue
_FIRST_PERSON, _FIRST_OBSTACLE, _FIRST_SCRIPTED, _FIRST_TRAFFIC = 1, 1001, 2001, 3001


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the navigation asks between two stations."""

    command: NavigationCommand
    begin: float  # [m]
    end: float
    on_ramp_only: bool


@dataclass(slots=True)
class Stage:
    """All parts of an episode, those that move and those that do not."""

    road: RoadMap
    limits: SpeedLimits
    conditions: Conditions
    start: float  # station where the route begins [m]
    end: float
    navigation: tuple[Guidance, ...]
    ego: Ego
    traffic: Traffic
    scripts: tuple[Script, ...]
    people: Pedestrians
    obstacles: ObstacleStates

    def copy(self) -> Stage:
        """A stage whose moving parts live on apart; the rest is shared."""
        return replace(
            self,
            ego=copy.copy(self.ego),
            traffic=self.traffic.copy(),
            scripts=tuple(copy.copy(script) for script in self.scripts),
            people=self.people.copy(),
        )


def stage(scenario: Scenario, seed: int, car: VehicleParameters) -> Stage:
    """Draw everything. The same scenario, with the same keys set, and seed give the same stage."""
    names = ("road", "conditions", "ego", "works", "people", "actors", "traffic", "route")
    root = np.random.SeedSequence((zlib.crc32(scenario.world_name.encode()), seed))
    rngs = {name: np.random.default_rng(child) for name, child in zip(names, root.spawn(8), strict=True)}

    road = scenario.road.build(rngs["road"])
    conditions = scenario.conditions.draw(rngs["conditions"], seed)
    start = scenario.ego.station.draw(rngs["route"])
    limits = _limits(scenario, road, conditions, start, rngs["route"])
    navigation = tuple(_guidance(step, start, rngs["route"]) for step in scenario.navigation)
    lane = start_lane(scenario.ego, road, start, rngs["ego"])
    ego = _place_ego(scenario.ego, road, start, lane, limits, conditions, car, rngs["ego"])
    works = place_closures(scenario.obstacles, road, start, rngs["works"], _FIRST_OBSTACLE)
    crowd = _draw_people(scenario, road, start, lane, car, rngs["people"])
    traffic = Traffic(
        road, rngs["traffic"], capacity=_CAPACITY, first_id=_FIRST_TRAFFIC, grip=conditions.grip
    )
    traffic.set_limits(limits.station, limits.limit)
    casting = Casting(
        road, traffic, start, start + car.length - car.rear_overhang, lane, ego.speed, limits.at(start),
        conditions, rngs["actors"], _FIRST_SCRIPTED,
    )  # fmt: skip
    for index, actor in enumerate(scenario.actors):
        casting.add(actor, f"actors.{index}")
    for place in crowd.hiding:
        casting.hide(place)
    crowd.make_way(casting.placed)
    people = Pedestrians(road, tuple(crowd.people))
    check_places(
        _ego_place(road, ego, start, car), casting.placed, crowd.places(), works.closed,
        f"{scenario.world_name}, seed {seed}",
    )  # fmt: skip
    _populate(scenario.traffic, traffic, start, limits.at(start), conditions, rngs["traffic"])
    for closed in (*works.closed, *_walked_on(people, road)):
        remove_between(traffic, closed.lane, closed.begin - 1.5 * limits.at(closed.begin), closed.end)
    return Stage(
        road=road,
        limits=limits,
        conditions=conditions,
        start=start,
        end=start + scenario.route_length.draw(rngs["route"]),
        navigation=navigation,
        ego=ego,
        traffic=traffic,
        scripts=(*casting.scripts, *(WorksStayClear(closed) for closed in works.closed)),
        people=people,
        obstacles=works.obstacles,
    )


def _guidance(step: NavigationStep, start: float, rng: np.random.Generator) -> Guidance:
    begin, end = start + step.begin.draw(rng), start + step.end.draw(rng)
    return Guidance(NavigationCommand[step.command.upper()], begin, end, step.where == "ramp")


def start_lane(spec: EgoStart, road: RoadMap, station: float, rng: np.random.Generator) -> int:
    """Index of the lane in which the ego begins."""
    share = float(rng.random())
    covering = [index for index, lane in enumerate(road.lanes) if lane.covers(station)]
    main = [index for index in covering if road.lanes[index].kind is LaneKind.MAIN]
    if spec.lane == "ramp":
        return next(index for index in covering if road.lanes[index].kind is LaneKind.RAMP)
    if spec.lane == "leftmost":
        return main[0]
    if spec.lane == "rightmost":
        return main[-1]
    if spec.lane == "middle":
        return main[len(main) // 2]
    return main[min(int(share * len(main)), len(main) - 1)]


def _limits(
    scenario: Scenario, road: RoadMap, conditions: Conditions, start: float, rng: np.random.Generator
) -> SpeedLimits:
    general = min(scenario.speed_limit_kmh.draw(rng) / 3.6, posted(sight_limit(conditions.visibility)))
    zones = tuple(
        (start + zone.begin.draw(rng), start + zone.end.draw(rng), zone.limit_kmh.draw(rng) / 3.6)
        for zone in scenario.speed_zones
    )
    return speed_limits(road, general, zones, conditions.grip)


def _place_ego(
    spec: EgoStart, road: RoadMap, start: float, lane: int, limits: SpeedLimits,
    conditions: Conditions, car: VehicleParameters, rng: np.random.Generator,
) -> Ego:  # fmt: skip
    lateral = road.lanes[lane].lateral_at(start)
    ahead = road.lanes[lane].lateral_at(start + 1.0)
    ego = Ego(car, conditions.grip)
    speed = limits.at(start) * spec.speed_share.draw(rng)
    place = lateral + spec.offset.draw(rng)
    point, yaw = road.to_world(np.asarray(start), np.asarray(place))
    heading = float(yaw) + float(np.arctan(ahead - lateral)) + math.radians(spec.yaw_deg.draw(rng))
    ego.reset(float(point[0]), float(point[1]), heading, speed)
    return ego


def _ego_place(road: RoadMap, ego: Ego, start: float, car: VehicleParameters) -> Placed:
    """What the ego takes of the road, its turn included."""
    x = ego.x + car.centre_ahead * math.cos(ego.yaw)
    y = ego.y + car.centre_ahead * math.sin(ego.yaw)
    station, lateral, along = road.to_road(x, y, start)
    turn = abs(wrap_angle(ego.yaw - along))
    length = car.length * math.cos(turn) + car.width * math.sin(turn)
    width = car.width * math.cos(turn) + car.length * math.sin(turn)
    return Placed("the ego", station, lateral, length, width)


def _draw_people(
    scenario: Scenario,
    road: RoadMap,
    start: float,
    lane: int,
    car: VehicleParameters,
    rng: np.random.Generator,
) -> Crowd:
    crowd = Crowd(road, start, lane, car, rng, _FIRST_PERSON, [], [])
    for index, spec in enumerate(scenario.people):
        crowd.add(spec, f"people.{index}")
    return crowd


def _walked_on(people: Pedestrians, road: RoadMap) -> list[Closed]:
    """Where people are in a lane from the start, with the way drivers need to stop for them."""
    places = []
    for station, lateral in zip(people.station, people.lateral, strict=True):
        right, left = road.paved(float(station))
        if right + road.right_shoulder < lateral < left - road.left_shoulder:
            places.append(
                Closed(road.lane_at(float(station), float(lateral)), station - 60.0, station + 20.0)
            )
    return places


def _populate(
    spec: TrafficSpec,
    traffic: Traffic,
    start: float,
    limit: float,
    conditions: Conditions,
    rng: np.random.Generator,
) -> None:
    """Unscripted traffic, which heeds the vehicles that already stand on the stage."""
    density, speed_share = spec.density.draw(rng), spec.speed_share.draw(rng)
    clear = spec.clear_ahead.draw(rng)
    large = None if spec.large_share is None else spec.large_share.draw(rng)
    if density > 0.0:
        traffic.populate(
            start, density, limit, held_out=conditions.held_out_looks, speed_share=speed_share,
            large_share=large, clear_ahead=clear,
        )  # fmt: skip
