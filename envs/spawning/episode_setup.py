"""Builds the initial state of an episode: everything that is drawn from (scenario, seed).

Each part draws from its own random generator, so a change to one part leaves the others unchanged.
"""

from __future__ import annotations

import copy
import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from drive_stack.road.markings import Closure
from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, NavigationCommand
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import Conditions, MountingError

from ..background.background import Background, draw_background
from ..contacts import ego_body
from ..ego import Ego
from ..occupancy import Occupancy
from ..pedestrians import Pedestrians
from ..scenarios.camera import CameraLatency
from ..scenarios.conditions import surface_speed_limit, visibility_speed_limit
from ..scenarios.route import EgoStart, NavigationStep
from ..scenarios.scenario import Scenario, TrafficSpec
from ..scripts import Script
from ..speed_limits import SpeedLimits, build_speed_limits, posted_limit
from ..suspension import BodyMotion
from ..traffic import Demand, EgoOnRoad, Mix, Traffic
from ..traffic.flow import STANDSTILL_GAP
from ..traffic.lane_segments import COMFORTABLE_BRAKING
from .animal_spawner import add_animals
from .late_vehicles import LateVehicles
from .obstacle_spawner import PlacedObstacles, place_obstacles
from .pedestrian_spawner import PedestrianSpawner
from .scenery_spawner import draw_scenery
from .vehicle_spawner import VehicleSpawner

_CAPACITY = 640  # vehicles; enough for the highest density on four lanes and the longest queue
_START_HEADWAY = 0.5  # minimum headway of the ego to the traffic ahead at its initial speed [s]
_FIRST_PEDESTRIAN_ID, _FIRST_OBSTACLE_ID, _FIRST_SCRIPTED_ID, _FIRST_LATE_ID = 1, 1001, 2001, 2801
FIRST_TRAFFIC_ID = 3001  # of ordinary traffic; the actors of the scenario have lower ids
_FIRST_BACKGROUND_ID = 1_000_001


@dataclass(frozen=True, slots=True)
class NavigationZone:
    """A navigation command and the stations between which it applies."""

    command: NavigationCommand
    start: float  # station [m]
    end: float  # station [m]
    on_ramp_only: bool


@dataclass(slots=True)
class EpisodeSetup:
    """All parts of one episode, static and dynamic."""

    road: RoadMap
    limits: SpeedLimits
    conditions: Conditions
    start: float  # station where the route starts [m]
    end: float  # station where the route ends [m]
    navigation: tuple[NavigationZone, ...]
    ego: Ego
    traffic: Traffic
    scripts: tuple[Script, ...]
    pedestrians: Pedestrians
    obstacles: PlacedObstacles
    mounting_error: MountingError
    latency: CameraLatency
    body: BodyMotion | None  # None: the body is rigid
    background: Background | None  # None: no vehicles are next to the road

    def copy(self) -> EpisodeSetup:
        """Return a setup with independent dynamic parts; the static parts are shared."""
        return replace(
            self,
            ego=copy.copy(self.ego),
            traffic=self.traffic.copy(),
            scripts=tuple(copy.deepcopy(script) for script in self.scripts),
            pedestrians=self.pedestrians.copy(),
        )


def build_episode(scenario: Scenario, seed: int, car: VehicleParameters) -> EpisodeSetup:
    """Draw the complete initial state of an episode.

    The result depends only on the scenario, with its overridden keys, the seed and the car.

    Raises:
        ConfigError: If drawn places of two entries of the scenario overlap, or a place does not exist.
    """
    # a further name comes last, so that the generators of the others stay the same
    names = (
        "road", "conditions", "ego", "obstacles", "pedestrians", "actors", "traffic", "route", "camera",
        "latency", "markings", "scenery", "late",
    )  # fmt: skip
    root = np.random.SeedSequence((zlib.crc32(scenario.world_name.encode()), seed))
    children = root.spawn(len(names))
    rngs = {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}

    road = scenario.road.build(rngs["road"])
    conditions = replace(
        scenario.conditions.draw(rngs["conditions"], seed),
        scenery=draw_scenery(scenario.scenery, road, seed, rngs["scenery"]),
    )
    start = scenario.ego.station.draw(rngs["route"])
    limits = _draw_limits(scenario, road, conditions, start, rngs["route"])
    navigation = tuple(_draw_navigation_zone(step, start, rngs["route"]) for step in scenario.navigation)
    lane = draw_start_lane(scenario.ego, road, start, rngs["ego"])
    demand, clear_ahead = _draw_traffic(scenario.traffic, limits.at(start), conditions, rngs["traffic"])
    max_speed = _max_start_speed(demand, clear_ahead)
    ego = _place_ego(scenario.ego, road, start, lane, limits, max_speed, conditions, car, rngs["ego"])
    occupancy = _occupancy_with_ego(ego, road, start, f"{scenario.world_name}, seed {seed}")
    obstacles = place_obstacles(
        scenario.obstacles, start, lane, rngs["obstacles"], _FIRST_OBSTACLE_ID, occupancy
    )
    markings = scenario.markings.draw(rngs["markings"], start, _closures(occupancy))
    conditions = replace(conditions, markings=markings)
    pedestrian_spawner = _draw_pedestrians(scenario, road, start, lane, car, rngs["pedestrians"])
    traffic = Traffic(
        road, rngs["traffic"], capacity=_CAPACITY, first_id=FIRST_TRAFFIC_ID, grip=conditions.grip
    )
    traffic.set_limits(limits.station, limits.limit)
    vehicle_spawner = VehicleSpawner(
        road, traffic, start, start + car.length - car.rear_overhang, lane, ego.speed, limits.at(start),
        conditions, rngs["actors"], _FIRST_SCRIPTED_ID, occupancy,
    )  # fmt: skip
    late_vehicles = LateVehicles(
        vehicle_spawner.ego_front, conditions, occupancy.closed_lanes, rngs["late"], _FIRST_LATE_ID
    )
    for index, actor in enumerate(scenario.actors):
        if not late_vehicles.add(actor, f"actors.{index}"):
            vehicle_spawner.add(actor, f"actors.{index}")
    for occluder in pedestrian_spawner.occluders:
        vehicle_spawner.park_occluder(occluder)
    pedestrians = Pedestrians(road, pedestrian_spawner.place_pedestrians(occupancy))
    if demand.density > 0.0:
        ego_on_road, others = _ego_on_road(ego, road, start, lane), _static_boxes(obstacles, pedestrians)
        traffic.populate(ego_on_road, demand, clear_ahead=clear_ahead, others=others)
    return EpisodeSetup(
        road=road,
        limits=limits,
        conditions=conditions,
        start=start,
        end=start + scenario.route_length.draw(rngs["route"]),
        navigation=navigation,
        ego=ego,
        traffic=traffic,
        scripts=(*vehicle_spawner.scripts, *late_vehicles.scripts),
        pedestrians=pedestrians,
        obstacles=obstacles,
        mounting_error=scenario.camera.draw(rngs["camera"]),
        latency=scenario.camera.draw_latency(rngs["latency"]),
        body=BodyMotion() if scenario.camera.body_motion else None,
        background=draw_background(
            scenario.scenery, road, conditions, limits.at(start), rngs["scenery"], _FIRST_BACKGROUND_ID
        ),
    )


def _closures(occupancy: Occupancy) -> list[Closure]:
    return [Closure(lane.lane, lane.start, lane.taper_end, lane.end) for lane in occupancy.closed_lanes]


def _draw_navigation_zone(step: NavigationStep, start: float, rng: np.random.Generator) -> NavigationZone:
    zone_start, zone_end = start + step.begin.draw(rng), start + step.end.draw(rng)
    return NavigationZone(NavigationCommand[step.command.upper()], zone_start, zone_end, step.where == "ramp")


def draw_start_lane(spec: EgoStart, road: RoadMap, station: float, rng: np.random.Generator) -> int:
    """Return the index of the lane in which the ego starts at ``station`` [m]."""
    fraction = float(rng.random())
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
    return main[min(int(fraction * len(main)), len(main) - 1)]


def _draw_limits(
    scenario: Scenario, road: RoadMap, conditions: Conditions, start: float, rng: np.random.Generator
) -> SpeedLimits:
    visibility_limit = posted_limit(visibility_speed_limit(conditions.visibility))
    general = min(scenario.speed_limit_kmh.draw(rng) / 3.6, visibility_limit)
    if conditions.surface is not None:
        general = min(general, posted_limit(surface_speed_limit(general, conditions.grip)))
    zones = tuple(
        (start + zone.begin.draw(rng), start + zone.end.draw(rng), zone.limit_kmh.draw(rng) / 3.6)
        for zone in scenario.speed_zones
    )
    return build_speed_limits(road, general, zones, conditions.grip)


def _place_ego(
    spec: EgoStart, road: RoadMap, start: float, lane: int, limits: SpeedLimits, max_speed: float,
    conditions: Conditions, car: VehicleParameters, rng: np.random.Generator,
) -> Ego:  # fmt: skip
    lane_lateral = road.lanes[lane].lateral_at(start)
    lane_lateral_ahead = road.lanes[lane].lateral_at(start + 1.0)
    ego = Ego(car, conditions.grip)
    speed = min(limits.at(start) * spec.speed_share.draw(rng), max_speed)
    lateral = lane_lateral + spec.offset.draw(rng)
    point, road_yaw = road.to_world(np.asarray(start), np.asarray(lateral))
    lane_yaw = float(road_yaw) + float(np.arctan(lane_lateral_ahead - lane_lateral))
    ego.reset(float(point[0]), float(point[1]), lane_yaw + math.radians(spec.yaw_deg.draw(rng)), speed)
    return ego


def _max_start_speed(demand: Demand, clear_ahead: float) -> float:
    """Speed [m/s] from which the ego can brake comfortably to the speed of the traffic ahead.

    Solves s0 + v·t + (v − f)² / (2·b) = g for v, where f is the speed of steady traffic and g the gap
    ahead. The result is at least f.
    """
    gap = max(clear_ahead, demand.spacing / 2.0) - STANDSTILL_GAP
    b, t, flow = COMFORTABLE_BRAKING, _START_HEADWAY, demand.flow
    root = b * b * t * t + 2.0 * b * (gap - flow * t)
    return flow + (math.sqrt(root) - b * t if root > b * b * t * t else 0.0)


def _occupancy_with_ego(ego: Ego, road: RoadMap, start: float, episode: str) -> Occupancy:
    occupancy = Occupancy(road, start, episode)
    pose = ego_body(ego.x, ego.y, ego.yaw, ego.speed, ego.car).pose
    length, width, radius = np.array([[ego.car.length], [ego.car.width], [0.0]])
    occupancy.add_shapes(pose[None], length, width, radius, "the ego")
    return occupancy


def _ego_on_road(ego: Ego, road: RoadMap, start: float, lane: int) -> EgoOnRoad:
    car = ego.car
    body = ego_body(ego.x, ego.y, ego.yaw, ego.speed, car)
    station, lateral, _ = road.to_road(float(body.pose[0]), float(body.pose[1]), start)
    return EgoOnRoad(station, lateral, ego.speed, lane, car.length, car.width)


def _draw_pedestrians(
    scenario: Scenario,
    road: RoadMap,
    start: float,
    lane: int,
    car: VehicleParameters,
    rng: np.random.Generator,
) -> PedestrianSpawner:
    spawner = PedestrianSpawner(road, start, lane, car, rng, _FIRST_PEDESTRIAN_ID)
    for index, entry in enumerate(scenario.people):
        spawner.add(entry, f"people.{index}")
    for index, animal in enumerate(scenario.animals):
        add_animals(spawner, animal, f"animals.{index}")
    return spawner


def _static_boxes(obstacles: PlacedObstacles, pedestrians: Pedestrians) -> FloatArray:
    """Obstacles and pedestrians as boxes, shape (7, N).

    The rows are x, y [m], length, width [m], yaw [rad], length along the road and width across it [m].
    """
    feet, yaw = pedestrians.xy()
    sizes = pedestrians.length, pedestrians.width
    along, across = pedestrians.extents()
    walkers = np.array([feet[:, 0], feet[:, 1], *sizes, yaw, 2.0 * along, 2.0 * across])
    lying = obstacles.states
    boxes = np.array([lying.x, lying.y, lying.length, lying.width, lying.yaw, *obstacles.extents])
    return np.concatenate([boxes, walkers], axis=1)


def _draw_traffic(
    spec: TrafficSpec, limit: float, conditions: Conditions, rng: np.random.Generator
) -> tuple[Demand, float]:
    """Demand of unscripted traffic, and the distance ahead of the ego that its lane is clear of it [m]."""
    density, speed_fraction = spec.density.draw(rng), spec.speed_share.draw(rng)
    clear_ahead = spec.clear_ahead.draw(rng)
    large_fraction = None if spec.large_share is None else spec.large_share.draw(rng)
    motorcycles = 0.0 if spec.motorcycle_share is None else spec.motorcycle_share.draw(rng)
    held_out, grip = conditions.held_out_appearance, conditions.grip
    mix = Mix(limit, held_out, speed_fraction, large_fraction, motorcycles, grip, spec.distinct_looks)
    return Demand(density, mix), clear_ahead
