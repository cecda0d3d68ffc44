"""A driver for recording frames: it reads the truth, and wanders on purpose.

It keeps the road and the distance well enough to get through, but off the lane's centre, at many
speeds and with many lane changes, so that frames show the world from where an agent may come to be.
In most episodes it lingers: it stays in a lane that ends until shortly before, and brakes there.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.geometry import to_local
from drive_stack.types import Control
from drive_stack.world_state import EgoState, WorldState

LOOK_AHEAD = 110.0  # things farther off do not matter [m]
COMFORT_BRAKING = 3.0  # [m/s²]
LATERAL_ACCELERATION = 2.5  # in curves [m/s²]
LEAVES_EARLY = 180.0  # before an ending lane's end, unless it lingers [m]
LINGERING_SHARE = 0.75  # of episodes
CREEP = 1.5  # slower than this, a lingering driver takes a smaller gap [m/s]


class RecordingDriver:
    """Drives one episode; everything it draws comes from ``rng``.

    ``lingers`` says whether it stays late in a lane that ends; where None, it is drawn.
    """

    def __init__(self, rng: np.random.Generator, lingers: bool | None = None) -> None:
        self._rng = rng
        self._lane: int | None = None
        drawn = bool(rng.random() < LINGERING_SHARE)
        self._lingers = drawn if lingers is None else lingers
        self._stops_at = float(rng.uniform(2.0, 25.0))  # before a lane's end [m]
        late = self._stops_at + float(rng.uniform(8.0, 80.0))
        self._leaves_at = late if self._lingers else LEAVES_EARLY
        self._late_braking = float(rng.uniform(1.5, 4.5))  # for a lane's end [m/s²]
        self._next_change = float(rng.uniform(3.0, 10.0))
        self._speed_share = float(rng.uniform(0.6, 1.0))
        self._sway = float(rng.uniform(0.0, 0.7))  # greatest distance from the centre [m]
        self._phase = float(rng.uniform(0.0, 2.0 * np.pi))
        self._period = float(rng.uniform(5.0, 15.0))

    def control(self, state: WorldState) -> Control:
        """What to do in ``state``."""
        self._choose_lane(state)
        return Control(steering=self._steer(state), acceleration=self._accelerate(state))

    def _choose_lane(self, state: WorldState) -> None:
        road, ego = state.road, state.ego
        if self._lane is None or not road.lanes[self._lane].covers(ego.station):
            self._lane = max(road.lane_at(ego.station, ego.lateral), 0)
        left = self._lane_left(state, self._lane)
        lingering = self._lingers and left < math.inf
        if left > self._leaves_at and (lingering or state.time < self._next_change):
            return
        sides = [-1, 1] if self._rng.random() < 0.5 else [1, -1]
        for side in sides:
            other = road.adjacent_lane(self._lane, side, ego.station)
            if other < 0 or not road.may_cross(self._lane, other, ego.station):
                continue
            if self._lane_left(state, other) > 250.0 and self._is_free(state, other):
                self._lane = other
                self._next_change = state.time + float(self._rng.uniform(5.0, 15.0))
                return

    def _lane_left(self, state: WorldState, lane: int) -> float:
        """Distance from the rear axle to a lane's end [m], inf where it goes on with the road."""
        end = state.road.lanes[lane].end
        return math.inf if end >= state.road.length - 1.0 else end - state.ego.station

    def _is_free(self, state: WorldState, lane: int) -> bool:
        """Whether a lane has room beside the ego and for a second and a half behind it."""
        others = state.vehicles
        ahead = others.station - state.ego.station
        seconds = 0.8 if state.ego.speed < CREEP else 1.5
        room = 12.0 + others.length / 2.0 + seconds * np.abs(others.speed - state.ego.speed)
        near = (others.lane == lane) | (others.target_lane == lane)
        return not bool(np.any(near & (np.abs(ahead) < room)))

    def _steer(self, state: WorldState) -> float:
        """Pure pursuit (Coulter 1992) of the lane's centre, with the sway."""
        ego, road, car = state.ego, state.road, state.car
        distance = max(10.0, 1.0 * ego.speed)
        station = ego.station + distance
        sway = self._sway * math.sin(2.0 * np.pi * state.time / self._period + self._phase)
        lateral = road.lanes[self._lane or 0].lateral_at(station) + sway
        goal, _ = road.to_world(np.asarray(station), np.asarray(lateral))
        x, y = to_local(goal, np.array([ego.x, ego.y]), ego.yaw)
        steering = math.atan(2.0 * car.wheelbase * y / (x * x + y * y))
        return float(np.clip(steering, -car.max_steering, car.max_steering))

    def _accelerate(self, state: WorldState) -> float:
        """Intelligent driver model (Treiber et al. 2000) behind the nearest thing in the way."""
        ego = state.ego
        speed = ego.speed
        stations = ego.station + np.array([0.0, 30.0, 60.0, 90.0])
        curvature = float(np.abs(state.road.curvature_at(stations)).max())
        wished = min(
            self._speed_share * state.speed_limit, math.sqrt(LATERAL_ACCELERATION / max(curvature, 1e-5))
        )
        free = 1.5 * (1.0 - (speed / max(wished, 1.0)) ** 4)
        gap, leader_speed = self._leader(state, ego)
        closing = speed - leader_speed
        wanted_gap = 4.0 + max(0.0, 1.3 * speed + speed * closing / (2.0 * math.sqrt(1.5 * COMFORT_BRAKING)))
        following = free - 1.5 * (wanted_gap / max(gap, 0.5)) ** 2
        return max(min(following, self._brake_for_end(state)), state.car.min_acceleration)

    def _brake_for_end(self, state: WorldState) -> float:
        """Acceleration [m/s²] at which it stops before its lane's end: none needed until late."""
        nose = state.car.length - state.car.rear_overhang
        left = self._lane_left(state, self._lane or 0) - nose - self._stops_at
        if left <= 0.5:
            return -self._late_braking if state.ego.speed > 0.0 else 0.0
        needed = state.ego.speed**2 / (2.0 * left)
        return -needed if needed > self._late_braking else math.inf

    def _leader(self, state: WorldState, ego: EgoState) -> tuple[float, float]:
        """Gap [m] to the nearest thing in the way and its speed along the road [m/s]."""
        front = ego.station + state.car.length - state.car.rear_overhang
        goal = state.road.lanes[self._lane or 0].lateral_at(ego.station)
        left, right = max(ego.lateral, goal) + 1.3, min(ego.lateral, goal) - 1.3
        cars = state.vehicles
        rows = [
            (float(station - length / 2.0 - front), float(speed), float(lateral), float(width))
            for station, length, speed, lateral, width in zip(
                cars.station, cars.length, cars.speed, cars.lateral, cars.width, strict=True
            )
        ]
        people, things = state.pedestrians, state.obstacles
        still = [(x, y, 1.2) for x, y in zip(people.x, people.y, strict=True)]
        still += [(x, y, float(width)) for x, y, width in zip(things.x, things.y, things.width, strict=True)]
        for x, y, width in still:
            if math.hypot(x - ego.x, y - ego.y) < LOOK_AHEAD:
                station, lateral, _ = state.road.to_road(float(x), float(y), ego.station)
                rows.append((station - 0.5 - front, 0.0, lateral, width))
        blocking = [
            (gap, speed)
            for gap, speed, lateral, width in rows
            if -1.0 < gap < LOOK_AHEAD and right - width / 2.0 < lateral < left + width / 2.0
        ]
        return min(blocking, default=(1e6, ego.speed))
