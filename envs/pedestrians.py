"""Pedestrians as arrays stepped in place: they stand, walk along the road, wait, cross and pause half-way.

Positions are road coordinates (station, lateral); headings are relative to the road's direction.
A pedestrian who is going to cross waits until an ego that keeps its speed would reach them at the intended
point of its bonnet (Euro NCAP's timing). Once they have set off they do not react to traffic, except that
they do not walk into a stationary vehicle.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import extents
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.world_state import PedestrianStates, WalkerKind, walker_labels

_ACCELERATIONS = {
    WalkerKind.PERSON: 2.5, WalkerKind.WHEELCHAIR: 1.0, WalkerKind.CYCLIST: 1.0,
    WalkerKind.DEER: 6.0, WalkerKind.BOAR: 5.0, WalkerKind.DOG: 6.0,
}  # when they set off or stop [m/s²]  # fmt: skip
_GAIT_STRIDE = 0.83  # length of a full gait cycle of two steps at walking speed, as a fraction of the height
_ANIMAL_STRIDE = 0.9  # the same for four legs, as a fraction of the length
_WHEEL_STRIDES = {WalkerKind.CYCLIST: 5.0, WalkerKind.WHEELCHAIR: 1.5}  # per turn of the cranks, or push [m]
_PERSONAL_SPACE = 0.5  # minimum distance to the side of a stationary vehicle [m]
_PAUSE_TOLERANCE = 0.005  # distance from the pause point that counts as reached [m]
_STATIONARY_SPEED = 0.5  # a vehicle slower than this counts as stationary [m/s]
_EXPECTED_DECELERATION = 3.0  # of drivers, as a waiting pedestrian expects it [m/s²]
_EXPECTED_REACTION_TIME = 1.5  # of drivers, as a waiting pedestrian expects it [s]

# arrays of `Pedestrians` that `step` changes
_STATE = (
    "station", "lateral", "facing", "speed", "gait", "mode", "goal", "paused_time", "distance_walked",
)  # fmt: skip
# world x, y [m], velocity x, y [m/s], half length and half width along the road [m], (N,) each
PedestrianMotion: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


class Mode(IntEnum):
    """What a pedestrian is doing."""

    STAND = 0  # `at_rest` relies on the value
    WALK_ALONG = 1  # walks along the road
    WAIT = 2  # waits for the moment to cross
    CROSS = 3
    PAUSE = 4  # has stopped half-way across


@dataclass(frozen=True, slots=True)
class Motion:
    """How a pedestrian moves once they set off."""

    speed: float = 0.0  # [m/s]
    goal: float = 0.0  # lateral where a crossing ends [m]
    impact_offset: float = (
        0.0  # lateral of the intended impact relative to the ego's centre, positive left [m]
    )
    pause_offset: float = float("nan")  # the same for the point where they pause, nan if they do not [m]
    pause_duration: float = 0.0  # [s]
    turns_back: bool = False  # after the pause they go back to where they waited
    leaves_lane_after: float = float("inf")  # distance walked along the lane before leaving it [m]


AT_REST = Motion()


def body_radius(*, child: bool) -> float:
    """Radius of a pedestrian's body seen from above [m]."""
    return 0.22 if child else 0.3


@dataclass(frozen=True, slots=True)
class PedestrianSpec:
    """Initial state, body and intended motion of one pedestrian."""

    id: int
    station: float  # [m]
    lateral: float  # [m]
    facing: float  # heading relative to the road's direction, counter-clockwise [rad]
    mode: Mode
    height: float  # [m]
    child: bool
    clothes: NDArray[np.uint8]  # RGB of top, trousers, hair and skin, (4, 3)
    motion: Motion = AT_REST
    kind: WalkerKind = WalkerKind.PERSON
    length: float = 0.0  # of a body that is a box seen from above; a person is a disc [m]
    width: float = 0.0  # [m]

    @property
    def radius(self) -> float:
        """Radius of a person seen from above; 0 for boxes [m]."""
        return body_radius(child=self.child) if self.kind is WalkerKind.PERSON else 0.0


@dataclass(frozen=True, slots=True)
class EgoView:
    """The ego on the road, as the timing of pedestrians needs it."""

    front: float  # station of the front bumper [m]
    rear: float  # station of the rear bumper [m]
    lateral: float  # [m]
    speed: float  # [m/s]


@dataclass(frozen=True, slots=True)
class VehicleBodies:
    """All vehicles in road coordinates, the ego included, shape (N,) each."""

    station: FloatArray  # of the centre [m]
    lateral: FloatArray  # of the centre [m]
    speed: FloatArray  # [m/s]
    length: FloatArray  # [m]
    width: FloatArray  # [m]
    is_ego: NDArray[np.bool_]


def _stride(spec: PedestrianSpec) -> float:
    if spec.kind is WalkerKind.PERSON:
        return _GAIT_STRIDE * spec.height
    return _WHEEL_STRIDES.get(spec.kind, _ANIMAL_STRIDE * spec.length)


@dataclass(slots=True)
class Pedestrians:
    """All pedestrians of an episode; the arrays have shape (N,), one row per pedestrian."""

    road: RoadMap
    specs: tuple[PedestrianSpec, ...]
    station: FloatArray = field(init=False)  # [m]
    lateral: FloatArray = field(init=False)  # [m]
    facing: FloatArray = field(init=False)  # heading relative to the road's direction [rad]
    speed: FloatArray = field(init=False)  # along the heading [m/s]
    gait: FloatArray = field(init=False)  # phase of the gait cycle, 0 to 2π [rad]
    mode: NDArray[np.int64] = field(init=False)  # values of `Mode`
    goal: FloatArray = field(init=False)  # lateral where a crossing ends [m]
    paused_time: FloatArray = field(init=False)  # time spent half-way [s]
    distance_walked: FloatArray = field(init=False)  # along the road [m]
    radius: FloatArray = field(init=False)  # of discs; 0 for boxes [m]
    length: FloatArray = field(init=False)  # [m]
    width: FloatArray = field(init=False)  # [m]
    kind: NDArray[np.int64] = field(init=False)  # values of `WalkerKind`
    acceleration: FloatArray = field(init=False)  # when they set off or stop [m/s²]
    stride: FloatArray = field(init=False)  # distance per cycle of the gait at walking speed [m]
    height: FloatArray = field(init=False)  # [m]

    def __post_init__(self) -> None:
        specs = self.specs
        self.station = np.array([spec.station for spec in specs], dtype=np.float64)
        self.lateral = np.array([spec.lateral for spec in specs], dtype=np.float64)
        self.facing = np.array([spec.facing for spec in specs], dtype=np.float64)
        self.mode = np.array([spec.mode for spec in specs], dtype=np.int64)
        self.height = np.array([spec.height for spec in specs], dtype=np.float64)
        self.radius = np.array([spec.radius for spec in specs], dtype=np.float64)
        self.length = np.array([spec.length or 2.0 * spec.radius for spec in specs], dtype=np.float64)
        self.width = np.array([spec.width or 2.0 * spec.radius for spec in specs], dtype=np.float64)
        self.kind = np.array([spec.kind for spec in specs], dtype=np.int64)
        self.acceleration = np.array([_ACCELERATIONS[spec.kind] for spec in specs], dtype=np.float64)
        self.stride = np.array([_stride(spec) for spec in specs], dtype=np.float64)
        self.gait = (self.station * 1.7) % (2.0 * np.pi)
        self.speed = np.array(
            [spec.motion.speed if spec.mode is Mode.WALK_ALONG else 0.0 for spec in specs], dtype=np.float64
        )
        self.goal = np.array([spec.motion.goal for spec in specs], dtype=np.float64)
        self.paused_time = np.zeros(len(specs))
        self.distance_walked = np.zeros(len(specs))

    def step(self, dt: float, ego: EgoView, bodies: VehicleBodies) -> None:
        """Advance all pedestrians by ``dt`` [s]."""
        for row, spec in enumerate(self.specs):
            if self.mode[row] == Mode.STAND:
                continue
            self._update_mode(row, spec, dt, ego, bodies)
            walking = self.mode[row] in (Mode.WALK_ALONG, Mode.CROSS) and not self._is_blocked(row, bodies)
            target_speed = self._target_speed(row, spec, dt, ego) if walking else 0.0
            max_change = float(self.acceleration[row]) * dt
            change = np.clip(target_speed - self.speed[row], -max_change, max_change)
            self.speed[row] += change
        longitudinal = self.speed * np.cos(self.facing) * dt
        curvature = self.road.curvature_at(self.station)
        self.station += longitudinal / np.maximum(1.0 - curvature * self.lateral, 0.1)
        self.lateral += self.speed * np.sin(self.facing) * dt
        self.distance_walked += np.abs(longitudinal)
        longer = np.where(self._on_wheels, 1.0, np.maximum(1.0, np.sqrt(self.speed / 1.4)))
        stride = self.stride * longer
        self.gait = (self.gait + 2.0 * np.pi * self.speed * dt / stride) % (2.0 * np.pi)

    @property
    def _on_wheels(self) -> NDArray[np.bool_]:
        return np.asarray((self.kind == WalkerKind.CYCLIST) | (self.kind == WalkerKind.WHEELCHAIR))

    @property
    def at_rest(self) -> bool:
        """Whether all of them stand and will go on standing: `step` would change nothing."""
        return not (self.mode.any() or self.speed.any())

    def xy(self) -> tuple[FloatArray, FloatArray]:
        """Positions x, y [m] of the feet, shape (N, 2), and yaw [rad], shape (N,), in the world frame."""
        points, yaw = self.road.to_world(self.station, self.lateral)
        return points, yaw + self.facing

    def motion(self) -> PedestrianMotion:
        """World x, y [m], velocity x, y [m/s] and extents [m] of all, see `PedestrianMotion`."""
        feet, yaw = self.xy()
        vx, vy = self.speed * np.cos(yaw), self.speed * np.sin(yaw)
        return feet[:, 0], feet[:, 1], vx, vy, *self.extents()

    def extents(self) -> tuple[FloatArray, FloatArray]:
        """Half of the length along the road and half of the width across it [m], shape (N,) each."""
        is_box = self.radius == 0.0
        along, across = extents(self.length, self.width, self.facing)
        return np.where(is_box, along / 2.0, self.radius), np.where(is_box, across / 2.0, self.radius)

    @property
    def label(self) -> NDArray[np.int64]:
        """ObjectClass of each, shape (N,)."""
        return walker_labels(self.kind)

    def states(self) -> PedestrianStates:
        """Return a copy of the present states for `WorldState`."""
        points, yaw = self.xy()
        clothes = [spec.clothes for spec in self.specs]
        return PedestrianStates(
            id=np.array([spec.id for spec in self.specs], dtype=np.int64),
            x=points[:, 0].copy(),
            y=points[:, 1].copy(),
            yaw=yaw,
            speed=self.speed.copy(),
            height=self.height.copy(),
            radius=self.radius.copy(),
            length=self.length.copy(),
            width=self.width.copy(),
            gait=self.gait.copy(),
            child=np.array([spec.child for spec in self.specs], dtype=np.bool_),
            clothes=np.array(clothes, dtype=np.uint8).reshape(-1, 4, 3),
            kind=self.kind.copy(),
        )

    def copy(self) -> Pedestrians:
        """Return an independent copy."""
        other = copy.copy(self)
        for name in _STATE:
            setattr(other, name, getattr(self, name).copy())
        return other

    def without(self, pedestrian: int) -> Pedestrians:
        """Return the pedestrians without the one of an id, all others in the same state."""
        keep = np.array([spec.id != pedestrian for spec in self.specs], dtype=np.bool_)
        if keep.all():
            return self
        other = Pedestrians(self.road, tuple(spec for spec in self.specs if spec.id != pedestrian))
        for name in _STATE:
            setattr(other, name, getattr(self, name)[keep])
        return other

    def _update_mode(
        self, row: int, spec: PedestrianSpec, dt: float, ego: EgoView, bodies: VehicleBodies
    ) -> None:
        mode = Mode(int(self.mode[row]))
        if mode is Mode.WAIT and self._should_set_off(row, spec, ego, bodies):
            self.mode[row] = Mode.CROSS
        elif mode is Mode.CROSS:
            self._update_crossing(row, spec, ego)
        elif mode is Mode.PAUSE:
            self.paused_time[row] += dt
            if self.paused_time[row] >= spec.motion.pause_duration:
                self.mode[row] = Mode.CROSS
                if spec.motion.turns_back:
                    self.facing[row], self.goal[row] = -self.facing[row], spec.lateral
        elif mode is Mode.WALK_ALONG and self.distance_walked[row] >= spec.motion.leaves_lane_after:
            self.mode[row] = Mode.CROSS
            self.facing[row] = np.pi / 2.0 if spec.motion.goal > self.lateral[row] else -np.pi / 2.0

    def _update_crossing(self, row: int, spec: PedestrianSpec, ego: EgoView) -> None:
        to_left = np.sin(self.facing[row]) > 0.0
        lateral, goal = self.lateral[row], self.goal[row]
        if lateral >= goal if to_left else lateral <= goal:
            self.mode[row] = Mode.STAND
            self.speed[row] = 0.0
        elif self._distance_to_pause(row, spec, ego) <= _PAUSE_TOLERANCE:
            self.mode[row] = Mode.PAUSE

    def _distance_to_pause(self, row: int, spec: PedestrianSpec, ego: EgoView) -> float:
        """Distance to the pause point [m]; infinite for a pedestrian who does not pause or has paused."""
        if np.isnan(spec.motion.pause_offset) or self.paused_time[row] > 0.0 or self.mode[row] != Mode.CROSS:
            return float("inf")
        to_left = np.sin(self.facing[row]) > 0.0
        distance = ego.lateral + spec.motion.pause_offset - float(self.lateral[row])
        return distance if to_left else -distance

    def _target_speed(self, row: int, spec: PedestrianSpec, dt: float, ego: EgoView) -> float:
        """The walking speed [m/s], reduced so that the pedestrian can stop at the pause point.

        The speed v falls by a·dt per tick. The distance walked after a tick at speed v is
        v²/(2·a) − v·dt/2; with that tick it is v²/(2·a) + v·dt/2, which must equal the remaining distance.
        """
        remaining = max(self._distance_to_pause(row, spec, ego), 0.0)
        if np.isinf(remaining):
            return spec.motion.speed
        a, half = float(self.acceleration[row]), dt / 2.0
        speed = a * (math.sqrt(half * half + 2.0 * remaining / a) - half)
        return min(spec.motion.speed, speed, remaining / dt)

    def _should_set_off(self, row: int, spec: PedestrianSpec, ego: EgoView, bodies: VehicleBodies) -> bool:
        gap = float(self.station[row]) - ego.front
        if gap < 0.0 or ego.speed < _STATIONARY_SPEED:
            # behind the ego, or in front of one that has stopped: they cross when the road is free
            return bool(gap >= 1.5 or ego.rear > self.station[row] + 3.0) and self._is_road_free(row, bodies)
        distance = abs(ego.lateral + spec.motion.impact_offset - float(self.lateral[row]))
        walking_time = distance / spec.motion.speed + spec.motion.speed / (
            2.0 * float(self.acceleration[row])
        )
        return gap / ego.speed <= walking_time and self._is_road_free(row, bodies)

    def _is_road_free(self, row: int, bodies: VehicleBodies) -> bool:
        """Whether every driver but the ego can stop in time and no moving vehicle is level with them."""
        gap = self.station[row] - bodies.station - bodies.length / 2.0
        is_level = np.abs(self.station[row] - bodies.station) < bodies.length / 2.0 + 1.0
        stopping_distance = bodies.speed * _EXPECTED_REACTION_TIME + bodies.speed**2 / (
            2.0 * _EXPECTED_DECELERATION
        )
        is_danger = is_level | ((gap > 0.0) & (gap < stopping_distance))
        is_moving = bodies.speed >= _STATIONARY_SPEED
        return not bool(np.any(is_danger & is_moving & ~bodies.is_ego))

    def _is_blocked(self, row: int, bodies: VehicleBodies) -> bool:
        """Whether a stationary vehicle is directly ahead of the pedestrian."""
        reach = max(float(self.radius[row]), float(self.length[row]) / 2.0)
        distance = _PERSONAL_SPACE + reach
        station = self.station[row] + distance * np.cos(self.facing[row])
        lateral = self.lateral[row] + distance * np.sin(self.facing[row])
        inside = (np.abs(station - bodies.station) < bodies.length / 2.0 + reach) & (
            np.abs(lateral - bodies.lateral) < bodies.width / 2.0
        )
        return bool(np.any(inside & (bodies.speed < _STATIONARY_SPEED)))
