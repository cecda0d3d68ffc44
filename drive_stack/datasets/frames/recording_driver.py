"""A driver for recording frames: it reads the truth and deviates from the lane centre on purpose.

It avoids collisions and completes most episodes. Its lateral offset and speed vary, and it changes lanes
often, so that the frames cover the positions that an agent may reach. In most episodes it lingers: it
stays in an ending lane until shortly before the end, and brakes there.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.geometry import to_local
from drive_stack.types import Control
from drive_stack.world_state import EgoState, WorldState

LOOK_AHEAD = 110.0  # the driver ignores actors and obstacles beyond this distance [m]
COMFORT_BRAKING = 3.0  # comfortable deceleration of the driver model [m/s²]
LATERAL_ACCELERATION = 2.5  # maximum in curves [m/s²]
EARLY_EXIT_DISTANCE = 180.0  # a driver that does not linger leaves this far before its lane ends [m]
LINGERING_FRACTION = 0.75  # fraction of the episodes in which the driver lingers
CREEP_SPEED = 1.5  # below this speed, the driver accepts a smaller gap [m/s]


class RecordingDriver:
    """Drives one episode; all random draws come from ``rng``.

    ``lingers`` says whether it stays in an ending lane until shortly before the end; None: drawn at random.
    """

    def __init__(self, rng: np.random.Generator, lingers: bool | None = None) -> None:
        self._rng = rng
        self._lane: int | None = None
        drawn = bool(rng.random() < LINGERING_FRACTION)
        self._lingers = drawn if lingers is None else lingers
        self._stop_distance = float(rng.uniform(2.0, 25.0))  # from the lane's end [m]
        late = self._stop_distance + float(rng.uniform(8.0, 80.0))
        self._exit_distance = late if self._lingers else EARLY_EXIT_DISTANCE  # from the end [m]
        self._late_braking = float(rng.uniform(1.5, 4.5))  # deceleration before a lane's end [m/s²]
        self._next_change = float(rng.uniform(3.0, 10.0))  # [s]
        self._speed_fraction = float(rng.uniform(0.6, 1.0))  # of the speed limit
        self._sway = float(rng.uniform(0.0, 0.7))  # amplitude of the lateral offset [m]
        self._phase = float(rng.uniform(0.0, 2.0 * np.pi))
        self._period = float(rng.uniform(5.0, 15.0))  # of the lateral offset [s]

    def control(self, state: WorldState) -> Control:
        """Compute the control for ``state``."""
        self._choose_lane(state)
        return Control(steering=self._steer(state), acceleration=self._accelerate(state))

    def _choose_lane(self, state: WorldState) -> None:
        road, ego = state.road, state.ego
        if self._lane is None or not road.lanes[self._lane].covers(ego.station):
            self._lane = max(road.lane_at(ego.station, ego.lateral), 0)
        remaining = self._remaining_lane(state, self._lane)
        lingering = self._lingers and remaining < math.inf
        if remaining > self._exit_distance and (lingering or state.time < self._next_change):
            return
        sides = [-1, 1] if self._rng.random() < 0.5 else [1, -1]
        for side in sides:
            other = road.adjacent_lane(self._lane, side, ego.station)
            if other < 0 or not road.may_cross(self._lane, other, ego.station):
                continue
            if self._remaining_lane(state, other) > 250.0 and self._is_free(state, other):
                self._lane = other
                self._next_change = state.time + float(self._rng.uniform(5.0, 15.0))
                return

    def _remaining_lane(self, state: WorldState, lane: int) -> float:
        """Distance from the rear axle to a lane's end [m]; inf if the lane does not end before the road."""
        end = state.road.lanes[lane].end
        return math.inf if end >= state.road.length - 1.0 else end - state.ego.station

    def _is_free(self, state: WorldState, lane: int) -> bool:
        """Whether a lane has a gap next to the ego.

        The minimum gap grows by 1.5 s (0.8 s below `CREEP_SPEED`) of the difference in speed.
        """
        others = state.vehicles
        distance = others.station - state.ego.station
        seconds = 0.8 if state.ego.speed < CREEP_SPEED else 1.5
        min_gap = 12.0 + others.length / 2.0 + seconds * np.abs(others.speed - state.ego.speed)
        in_lane = (others.lane == lane) | (others.target_lane == lane)
        return not bool(np.any(in_lane & (np.abs(distance) < min_gap)))

    def _steer(self, state: WorldState) -> float:
        """Steering [rad] by pure pursuit (Coulter 1992) of the lane centre plus a periodic offset."""
        ego, road, car = state.ego, state.road, state.car
        distance = max(10.0, 1.0 * ego.speed)
        station = ego.station + distance
        sway = self._sway * math.sin(2.0 * np.pi * state.time / self._period + self._phase)
        lateral = road.lanes[self._lane or 0].lateral_at(station) + sway
        target, _ = road.to_world(np.asarray(station), np.asarray(lateral))
        x, y = to_local(target, np.array([ego.x, ego.y]), ego.yaw)
        steering = math.atan(2.0 * car.wheelbase * y / (x * x + y * y))
        return float(np.clip(steering, -car.max_steering, car.max_steering))

    def _accelerate(self, state: WorldState) -> float:
        """Acceleration [m/s²] by the intelligent driver model (Treiber et al. 2000)."""
        ego = state.ego
        speed = ego.speed
        stations = ego.station + np.array([0.0, 30.0, 60.0, 90.0])
        curvature = float(np.abs(state.road.curvature_at(stations)).max())
        desired_speed = min(
            self._speed_fraction * state.speed_limit, math.sqrt(LATERAL_ACCELERATION / max(curvature, 1e-5))
        )
        free = 1.5 * (1.0 - (speed / max(desired_speed, 1.0)) ** 4)
        gap, leader_speed = self._leader(state, ego)
        closing = speed - leader_speed
        desired_gap = 4.0 + max(0.0, 1.3 * speed + speed * closing / (2.0 * math.sqrt(1.5 * COMFORT_BRAKING)))
        following = free - 1.5 * (desired_gap / max(gap, 0.5)) ** 2
        return max(min(following, self._brake_for_end(state)), state.car.min_acceleration)

    def _brake_for_end(self, state: WorldState) -> float:
        """Acceleration [m/s²] that stops the car before its lane's end; inf while it need not brake yet."""
        front_overhang = state.car.length - state.car.rear_overhang
        remaining = self._remaining_lane(state, self._lane or 0) - front_overhang - self._stop_distance
        if remaining <= 0.5:
            return -self._late_braking if state.ego.speed > 0.0 else 0.0
        needed = state.ego.speed**2 / (2.0 * remaining)
        return -needed if needed > self._late_braking else math.inf

    def _leader(self, state: WorldState, ego: EgoState) -> tuple[float, float]:
        """Gap [m] to the nearest actor or obstacle in the ego's path, and its speed along the road [m/s]."""
        front = ego.station + state.car.length - state.car.rear_overhang
        target = state.road.lanes[self._lane or 0].lateral_at(ego.station)
        left, right = max(ego.lateral, target) + 1.3, min(ego.lateral, target) - 1.3
        cars = state.vehicles
        actors = [
            (float(station - length / 2.0 - front), float(speed), float(lateral), float(width))
            for station, length, speed, lateral, width in zip(
                cars.station, cars.length, cars.speed, cars.lateral, cars.width, strict=True
            )
        ]
        pedestrians, obstacles = state.pedestrians, state.obstacles
        static = [(x, y, 1.2) for x, y in zip(pedestrians.x, pedestrians.y, strict=True)]
        static += [
            (x, y, float(width))
            for x, y, width in zip(obstacles.x, obstacles.y, obstacles.width, strict=True)
        ]
        for x, y, width in static:
            if math.hypot(x - ego.x, y - ego.y) < LOOK_AHEAD:
                station, lateral, _ = state.road.to_road(float(x), float(y), ego.station)
                actors.append((station - 0.5 - front, 0.0, lateral, width))
        blocking = [
            (gap, speed)
            for gap, speed, lateral, width in actors
            if -1.0 < gap < LOOK_AHEAD and right - width / 2.0 < lateral < left + width / 2.0
        ]
        return min(blocking, default=(1e6, ego.speed))
