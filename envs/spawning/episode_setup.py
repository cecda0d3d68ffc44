"""Sets the stage of an episode: everything that is drawn from (scenario, seed) before the first tick.

Each part draws from a generator of its own, so that a change to one leaves the others as they were.
"""

from __future__ import annotations

import copy
import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Conditions, ObstacleStates
from envs.contacts import ego_body
from envs.ego import Ego
from envs.occupancy import Occupancy
from envs.pedestrians import Pedestrians
from envs.scenarios.conditions import sight_limit
from envs.scenarios.route import EgoStart, NavigationStep
from envs.scenarios.scenario import Scenario, TrafficSpec
from envs.scripts import Script
from envs.spawning.pedestrian_spawner import Crowd
from envs.spawning.road_works import place_closures
from envs.spawning.vehicle_spawner import Casting
from envs.speed_limits import SpeedLimits, posted, speed_limits
from envs.traffic import Demand, EgoOnRoad, Mix, Traffic
from envs.traffic.flow import STANDSTILL_GAP
from envs.traffic.stretches import COMFORTABLE_BRAKING

_CAPACITY = 640  # vehicles: the greatest density on four lanes, and the longest queue
_START_HEADWAY = 0.5  # of the ego behind traffic at its first speed, at least [s]
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
    demand, clear_ahead = _draw_traffic(scenario.traffic, limits.at(start), conditions, rngs["traffic"])
    max_speed = _max_start_speed(demand, clear_ahead)
    ego = _place_ego(scenario.ego, road, start, lane, limits, max_speed, conditions, car, rngs["ego"])
    occupancy = _occupied_by(ego, road, start, f"{scenario.world_name}, seed {seed}")
    obstacles = place_closures(scenario.obstacles, start, rngs["works"], _FIRST_OBSTACLE, occupancy)
    crowd = _draw_people(scenario, road, start, lane, car, rngs["people"])
    traffic = Traffic(
        road, rngs["traffic"], capacity=_CAPACITY, first_id=_FIRST_TRAFFIC, grip=conditions.grip
    )
    traffic.set_limits(limits.station, limits.limit)
    casting = Casting(
        road, traffic, start, start + car.length - car.rear_overhang, lane, ego.speed, limits.at(start),
        conditions, rngs["actors"], _FIRST_SCRIPTED, occupancy,
    )  # fmt: skip
    for index, actor in enumerate(scenario.actors):
        casting.add(actor, f"actors.{index}")
    for place in crowd.hiding:
        casting.hide(place)
    people = Pedestrians(road, crowd.settle(occupancy))
    if demand.density > 0.0:
        seen, others = _on_road(ego, road, start, lane), _standing(obstacles, people)
        traffic.populate(seen, demand, clear_ahead=clear_ahead, others=others)
    return Stage(
        road=road,
        limits=limits,
        conditions=conditions,
        start=start,
        end=start + scenario.route_length.draw(rngs["route"]),
        navigation=navigation,
        ego=ego,
        traffic=traffic,
        scripts=tuple(casting.scripts),
        people=people,
        obstacles=obstacles,
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
    spec: EgoStart, road: RoadMap, start: float, lane: int, limits: SpeedLimits, max_speed: float,
    conditions: Conditions, car: VehicleParameters, rng: np.random.Generator,
) -> Ego:  # fmt: skip
    lateral = road.lanes[lane].lateral_at(start)
    ahead = road.lanes[lane].lateral_at(start + 1.0)
    ego = Ego(car, conditions.grip)
    speed = min(limits.at(start) * spec.speed_share.draw(rng), max_speed)
    place = lateral + spec.offset.draw(rng)
    point, yaw = road.to_world(np.asarray(start), np.asarray(place))
    heading = float(yaw) + float(np.arctan(ahead - lateral)) + math.radians(spec.yaw_deg.draw(rng))
    ego.reset(float(point[0]), float(point[1]), heading, speed)
    return ego


def _max_start_speed(demand: Demand, clear_ahead: float) -> float:
    """Speed [m/s] from which the ego can brake comfortably to that of the traffic ahead.

    Solves s0 + v·t + (v − f)² / (2·b) = g for v, with the speed f of steady traffic and the gap g ahead, but
    is not below f.
    """
    gap = max(clear_ahead, demand.spacing / 2.0) - STANDSTILL_GAP
    b, t, flow = COMFORTABLE_BRAKING, _START_HEADWAY, demand.flow
    root = b * b * t * t + 2.0 * b * (gap - flow * t)
    return flow + (math.sqrt(root) - b * t if root > b * b * t * t else 0.0)


def _occupied_by(ego: Ego, road: RoadMap, start: float, what: str) -> Occupancy:
    occupancy = Occupancy(road, start, what)
    pose = ego_body(ego.x, ego.y, ego.yaw, ego.speed, ego.car).pose
    length, width, radius = np.array([[ego.car.length], [ego.car.width], [0.0]])
    occupancy.add_shapes(pose[None], length, width, radius, "the ego")
    return occupancy


def _on_road(ego: Ego, road: RoadMap, start: float, lane: int) -> EgoOnRoad:
    car = ego.car
    body = ego_body(ego.x, ego.y, ego.yaw, ego.speed, car)
    station, lateral, _ = road.to_road(float(body.pose[0]), float(body.pose[1]), start)
    return EgoOnRoad(station, lateral, ego.speed, lane, car.length, car.width)


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


def _standing(obstacles: ObstacleStates, people: Pedestrians) -> FloatArray:
    """Obstacles and people as boxes, (5, N) x, y, length, width, yaw."""
    feet, facing = people.xy()
    size = 2.0 * people.radius
    walkers = np.array([feet[:, 0], feet[:, 1], size, size, facing])
    things = np.array([obstacles.x, obstacles.y, obstacles.length, obstacles.width, obstacles.yaw])
    return np.concatenate([things, walkers], axis=1)


def _draw_traffic(
    spec: TrafficSpec, limit: float, conditions: Conditions, rng: np.random.Generator
) -> tuple[Demand, float]:
    """Unscripted traffic, and how far ahead of the ego its lane is clear of it [m]."""
    density, speed_share = spec.density.draw(rng), spec.speed_share.draw(rng)
    clear = spec.clear_ahead.draw(rng)
    large = None if spec.large_share is None else spec.large_share.draw(rng)
    return Demand(density, Mix(limit, conditions.held_out_looks, speed_share, large)), clear
