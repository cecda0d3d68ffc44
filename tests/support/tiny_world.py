"""A minimal closed-loop world for tests: a road, an ego with lags and bodies at constant velocity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.interfaces import Platform
from drive_stack.road_map import Lane, RoadMap, build_road
from drive_stack.types import Control, FloatArray, FrameLabels, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import (
    Conditions,
    EgoState,
    ObstacleStates,
    PedestrianStates,
    VehicleStates,
    WorldState,
)

PLATFORM = Platform(VehicleParameters(), CameraModel(), 0.1)


def straight_road(lanes: int = 2, length: float = 3000.0, curvature: float = 0.0) -> RoadMap:
    offsets = [3.6 * ((lanes - 1) / 2.0 - index) for index in range(lanes)]
    return build_road(((length, curvature),), tuple(Lane(offset, 3.6, 0.0, length) for offset in offsets))


@dataclass
class Body:
    station: float
    lateral: float
    speed: float = 0.0
    lateral_speed: float = 0.0
    is_pedestrian: bool = False
    length: float = 4.5
    width: float = 1.8
    large: bool = False


@dataclass
class TinyWorld:
    road: RoadMap
    lane: int = 0
    speed: float = 25.0
    limit: float = 25.0
    lateral_offset: float = 0.0
    bodies: list[Body] = field(default_factory=list)
    command: NavigationCommand = NavigationCommand.FOLLOW
    blind_left: bool = False
    blind_right: bool = False

    def __post_init__(self) -> None:
        start = 20.0
        lateral = self.road.lanes[self.lane].offset + self.lateral_offset
        xy, yaw = self.road.to_world(np.array(start), np.array(lateral))
        self.x, self.y, self.yaw = float(xy[0]), float(xy[1]), float(yaw)
        self.acceleration = self.steering = self.time = 0.0

    def step(self, control: Control) -> None:
        car, dt = PLATFORM.car, 0.01
        for _ in range(10):
            self.steering += (control.steering - self.steering) * dt / car.steering_lag
            self.acceleration += (control.acceleration - self.acceleration) * dt / car.acceleration_lag
            self.speed = max(self.speed + self.acceleration * dt, 0.0)
            self.x += self.speed * np.cos(self.yaw) * dt
            self.y += self.speed * np.sin(self.yaw) * dt
            self.yaw += self.speed * np.tan(self.steering) / car.wheelbase * dt
        for body in self.bodies:
            body.station += body.speed * 0.1
            body.lateral += body.lateral_speed * 0.1
        self.time += 0.1

    def observation(self) -> Observation:
        rate = self.speed * np.tan(self.steering) / PLATFORM.car.wheelbase
        image = np.zeros((8, 8, 3), dtype=np.uint8)
        return Observation(
            image, self.speed, float(rate), self.blind_left, self.blind_right, self.limit, self.command
        )

    def ego(self) -> EgoState:
        station, lateral, _ = self.road.to_road(self.x, self.y)
        rate = self.speed * np.tan(self.steering) / PLATFORM.car.wheelbase
        return EgoState(
            self.x, self.y, self.yaw, self.speed, self.acceleration, self.steering, rate, station, lateral
        )

    def gap(self, body: Body) -> float:
        """From the ego's front to the body's rear along the road."""
        car = PLATFORM.car
        return body.station - body.length / 2.0 - (self.ego().station + car.length - car.rear_overhang)

    def world_state(self) -> WorldState:
        cars = [(i + 1, b) for i, b in enumerate(self.bodies) if not b.is_pedestrian]
        pedestrians = [(i + 1, b) for i, b in enumerate(self.bodies) if b.is_pedestrian]
        return WorldState(
            time=self.time,
            ego=self.ego(),
            car=PLATFORM.car,
            vehicles=self._vehicles(cars),
            pedestrians=self._pedestrians(pedestrians),
            obstacles=_no_obstacles(),
            road=self.road,
            conditions=Conditions(),
            speed_limit=self.limit,
            command=self.command,
            blind_spot_left=self.blind_left,
            blind_spot_right=self.blind_right,
            route_start=20.0,
            route_end=self.road.length,
        )

    def labels(self) -> FrameLabels:
        raise RuntimeError("this world has no camera")

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        futures = {}
        for index, body in enumerate(self.bodies):
            times = np.arange(1, round(horizon / dt) + 1) * dt
            xy, yaw = self.road.to_world(
                body.station + body.speed * times, body.lateral + body.lateral_speed * times
            )
            futures[index + 1] = np.column_stack([xy, yaw])
        return futures

    def _poses(self, bodies: list[Body]) -> tuple[FloatArray, FloatArray, FloatArray]:
        station = np.array([b.station for b in bodies])
        lateral = np.array([b.lateral for b in bodies])
        xy, yaw = self.road.to_world(station, lateral)
        relative_yaw = np.array(
            [np.arctan2(b.lateral_speed, b.speed) if b.speed or b.lateral_speed else 0.0 for b in bodies]
        )
        return xy[..., 0], xy[..., 1], yaw + relative_yaw

    def _vehicles(self, cars: list[tuple[int, Body]]) -> VehicleStates:
        bodies = [body for _, body in cars]
        count = len(bodies)
        x, y, yaw = self._poses(bodies)
        lanes = np.array([self.road.lane_at(b.station, b.lateral) for b in bodies], dtype=np.int64)
        return VehicleStates(
            id=np.array([i for i, _ in cars], dtype=np.int64),
            x=x,
            y=y,
            yaw=yaw,
            speed=np.array([np.hypot(b.speed, b.lateral_speed) for b in bodies]),
            acceleration=np.zeros(count),
            length=np.array([b.length for b in bodies]),
            width=np.array([b.width for b in bodies]),
            height=np.full(count, 1.5),
            label=np.array([int(b.large) for b in bodies], dtype=np.int64),
            body=np.zeros(count, dtype=np.int64),
            colour=np.zeros((count, 3), dtype=np.uint8),
            lane=lanes,
            target_lane=lanes,
            station=np.array([b.station for b in bodies]),
            lateral=np.array([b.lateral for b in bodies]),
            brake_lamp=np.zeros(count, dtype=np.bool_),
            indicator=np.zeros(count, dtype=np.int64),
            parked=np.zeros(count, dtype=np.bool_),
            unlit=np.zeros(count, dtype=np.bool_),
        )

    def _pedestrians(self, pedestrians: list[tuple[int, Body]]) -> PedestrianStates:
        bodies = [body for _, body in pedestrians]
        count = len(bodies)
        x, y, yaw = self._poses(bodies)
        return PedestrianStates(
            id=np.array([i for i, _ in pedestrians], dtype=np.int64),
            x=x,
            y=y,
            yaw=yaw,
            speed=np.array([np.hypot(b.speed, b.lateral_speed) for b in bodies]),
            height=np.full(count, 1.75),
            radius=np.full(count, 0.3),
            length=np.full(count, 0.6),
            width=np.full(count, 0.6),
            gait=np.zeros(count),
            child=np.zeros(count, dtype=np.bool_),
            clothes=np.zeros((count, 4, 3), dtype=np.uint8),
            kind=np.zeros(count, dtype=np.int64),
        )


def _no_obstacles() -> ObstacleStates:
    empty = np.zeros(0)
    none = np.zeros(0, dtype=np.int64)
    return ObstacleStates(none, empty, empty, empty, empty, empty, empty, kind=none, form=none)
