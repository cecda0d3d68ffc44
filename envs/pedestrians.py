"""People as arrays stepped in place: they stand, walk along, wait, cross, and stop half-way.

Everybody lives in road coordinates (station, lateral) and faces some way relative to the road.
Somebody who means to cross waits until an ego that keeps its speed would arrive together with
them at the intended point of its bonnet (Euro NCAP's timing), then goes and looks no more, except
that nobody walks into a vehicle that stands.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.world_state import PedestrianStates

_GATHER_SPEED = 2.5  # acceleration of somebody who sets off or stops [m/s²]
_GAIT_STRIDE = 0.83  # share of the height that one full cycle of two steps covers at a walk
_PERSONAL_SPACE = 0.5  # kept from the side of a standing vehicle [m]
_ARRIVED = 0.005  # from the place where they stop half-way [m]
_STANDING = 0.5  # a vehicle slower than this stands [m/s]
_CARS_BRAKE = 3.0  # what somebody at the kerb expects of drivers [m/s²]
_CARS_REACT = 1.5  # and how soon [s]


class Mode(IntEnum):
    """What a person is doing."""

    STAND = 0
    ALONG = 1  # walks along the road
    WAIT = 2  # waits for the moment to cross
    CROSS = 3
    HOLD = 4  # has stopped half-way


@dataclass(frozen=True, slots=True)
class Motion:
    """How a person will move once they do."""

    speed: float = 0.0  # [m/s]
    goal: float = 0.0  # lateral where a crossing ends [m]
    meets: float = 0.0  # lateral from the ego's middle where its bonnet would hit, positive left [m]
    hold_at: float = float("nan")  # the same for where they stop half-way, nan if they don't [m]
    hold_for: float = 0.0  # [s]
    leaves_after: float = float("inf")  # walks so far along the lane, then off it [m]


AT_REST = Motion()


def body_radius(*, child: bool) -> float:
    """Radius of a body seen from above [m]."""
    return 0.22 if child else 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """One person to put on the road; angles relative to the road's direction."""

    id: int
    station: float
    lateral: float
    facing: float  # [rad]
    mode: Mode
    height: float
    child: bool
    clothes: NDArray[np.uint8]  # (4, 3)
    motion: Motion = AT_REST


@dataclass(frozen=True, slots=True)
class EgoView:
    """What people's timing needs of the ego, on the road."""

    front: float  # station of the front bumper [m]
    rear: float
    lateral: float
    speed: float


@dataclass(frozen=True, slots=True)
class Bodies:
    """Vehicles as people see them, ego included, on the road, (N,) each."""

    station: FloatArray
    lateral: FloatArray
    speed: FloatArray
    length: FloatArray
    width: FloatArray
    is_ego: NDArray[np.bool_]


@dataclass(slots=True)
class Pedestrians:
    """All people of an episode; arrays have one row a person."""

    road: RoadMap
    people: tuple[Person, ...]
    station: FloatArray = field(init=False)
    lateral: FloatArray = field(init=False)
    facing: FloatArray = field(init=False)
    speed: FloatArray = field(init=False)
    gait: FloatArray = field(init=False)
    mode: NDArray[np.int64] = field(init=False)
    held: FloatArray = field(init=False)  # time spent half-way [s]
    walked: FloatArray = field(init=False)  # along the road [m]
    radius: FloatArray = field(init=False)
    height: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        people = self.people
        self.station = np.array([person.station for person in people], dtype=np.float64)
        self.lateral = np.array([person.lateral for person in people], dtype=np.float64)
        self.facing = np.array([person.facing for person in people], dtype=np.float64)
        self.mode = np.array([person.mode for person in people], dtype=np.int64)
        self.height = np.array([person.height for person in people], dtype=np.float64)
        self.radius = np.array([body_radius(child=person.child) for person in people], dtype=np.float64)
        self.gait = (self.station * 1.7) % (2.0 * np.pi)
        self.speed = np.array(
            [person.motion.speed if person.mode is Mode.ALONG else 0.0 for person in people], dtype=np.float64
        )
        self.held = np.zeros(len(people))
        self.walked = np.zeros(len(people))

    def step(self, dt: float, ego: EgoView, bodies: Bodies) -> None:
        """Move everybody on by ``dt`` [s]."""
        for row, person in enumerate(self.people):
            if self.mode[row] == Mode.STAND:
                continue
            self._decide(row, person, dt, ego, bodies)
            walking = self.mode[row] in (Mode.ALONG, Mode.CROSS) and not self._blocked(row, bodies)
            wanted = self._wanted_speed(row, person, dt, ego) if walking else 0.0
            change = np.clip(wanted - self.speed[row], -_GATHER_SPEED * dt, _GATHER_SPEED * dt)
            self.speed[row] += change
        along = self.speed * np.cos(self.facing) * dt
        curvature = self.road.curvature_at(self.station)
        self.station += along / np.maximum(1.0 - curvature * self.lateral, 0.1)
        self.lateral += self.speed * np.sin(self.facing) * dt
        self.walked += np.abs(along)
        stride = _GAIT_STRIDE * self.height * np.maximum(1.0, np.sqrt(self.speed / 1.4))
        self.gait = (self.gait + 2.0 * np.pi * self.speed * dt / stride) % (2.0 * np.pi)

    def xy(self) -> tuple[FloatArray, FloatArray]:
        """World points ``(N, 2)`` of the feet and world yaw ``(N,)``."""
        points, yaw = self.road.to_world(self.station, self.lateral)
        return points, yaw + self.facing

    def motion(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """World x, y, velocity x, y and radius, ``(N,)`` each."""
        feet, heading = self.xy()
        vx, vy = self.speed * np.cos(heading), self.speed * np.sin(heading)
        return feet[:, 0], feet[:, 1], vx, vy, self.radius

    def states(self) -> PedestrianStates:
        """A copy for the world's state."""
        points, yaw = self.xy()
        clothes = [person.clothes for person in self.people]
        return PedestrianStates(
            id=np.array([person.id for person in self.people], dtype=np.int64),
            x=points[:, 0].copy(),
            y=points[:, 1].copy(),
            yaw=yaw,
            speed=self.speed.copy(),
            height=self.height.copy(),
            radius=self.radius.copy(),
            gait=self.gait.copy(),
            child=np.array([person.child for person in self.people], dtype=np.bool_),
            clothes=np.array(clothes, dtype=np.uint8).reshape(-1, 4, 3),
        )

    def copy(self) -> Pedestrians:
        """People who live on apart from these."""
        other = copy.copy(self)
        for name in ("station", "lateral", "facing", "speed", "gait", "mode", "held", "walked"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def _decide(self, row: int, person: Person, dt: float, ego: EgoView, bodies: Bodies) -> None:
        mode = Mode(int(self.mode[row]))
        if mode is Mode.WAIT and self._moment_has_come(row, person, ego, bodies):
            self.mode[row] = Mode.CROSS
        elif mode is Mode.CROSS:
            self._cross(row, person, ego)
        elif mode is Mode.HOLD:
            self.held[row] += dt
            if self.held[row] >= person.motion.hold_for:
                self.mode[row] = Mode.CROSS
        elif mode is Mode.ALONG and self.walked[row] >= person.motion.leaves_after:
            self.mode[row] = Mode.CROSS
            self.facing[row] = np.pi / 2.0 if person.motion.goal > self.lateral[row] else -np.pi / 2.0

    def _cross(self, row: int, person: Person, ego: EgoView) -> None:
        to_left = np.sin(self.facing[row]) > 0.0
        if (
            (self.lateral[row] >= person.motion.goal)
            if to_left
            else (self.lateral[row] <= person.motion.goal)
        ):
            self.mode[row] = Mode.STAND
            self.speed[row] = 0.0
            return
        if self._before_hold(row, person, ego) <= _ARRIVED:
            self.mode[row] = Mode.HOLD

    def _before_hold(self, row: int, person: Person, ego: EgoView) -> float:
        """How far it is to where they stop half-way [m]; infinite where they don't, or have done so."""
        if np.isnan(person.motion.hold_at) or self.held[row] > 0.0 or self.mode[row] != Mode.CROSS:
            return float("inf")
        to_left = np.sin(self.facing[row]) > 0.0
        ahead = ego.lateral + person.motion.hold_at - float(self.lateral[row])
        return ahead if to_left else -ahead

    def _wanted_speed(self, row: int, person: Person, dt: float, ego: EgoView) -> float:
        """Their walking speed, less where they must slow down to stop at their place half-way [m/s].

        Over ticks of ``dt`` in which the speed falls by a·dt, v²/(2·a) − v·dt/2 is still walked after one
        with the speed v. That tick included, v²/(2·a) + v·dt/2 is what is left.
        """
        left = max(self._before_hold(row, person, ego), 0.0)
        if np.isinf(left):
            return person.motion.speed
        a, half = _GATHER_SPEED, dt / 2.0
        speed = a * (math.sqrt(half * half + 2.0 * left / a) - half)
        return min(person.motion.speed, speed, left / dt)

    def _moment_has_come(self, row: int, person: Person, ego: EgoView, bodies: Bodies) -> bool:
        gap = float(self.station[row]) - ego.front
        if gap < 0.0 or ego.speed < _STANDING:
            # behind the ego, or before one that has stopped: they cross when the road is free
            return bool(gap >= 1.5 or ego.rear > self.station[row] + 3.0) and self._free(row, bodies)
        walk = abs(ego.lateral + person.motion.meets - float(self.lateral[row]))
        lead_time = walk / person.motion.speed + person.motion.speed / (2.0 * _GATHER_SPEED)
        return gap / ego.speed <= lead_time and self._free(row, bodies)

    def _free(self, row: int, bodies: Bodies) -> bool:
        """Whether every driver but the ego could stop in time, and none is abreast."""
        gap = self.station[row] - bodies.station - bodies.length / 2.0
        abreast = np.abs(self.station[row] - bodies.station) < bodies.length / 2.0 + 1.0
        needed = bodies.speed * _CARS_REACT + bodies.speed**2 / (2.0 * _CARS_BRAKE)
        danger = abreast | ((gap > 0.0) & (gap < needed))
        moving = bodies.speed >= _STANDING
        return not bool(np.any(danger & moving & ~bodies.is_ego))

    def _blocked(self, row: int, bodies: Bodies) -> bool:
        """Whether a standing vehicle is in the way within arm's length."""
        reach = _PERSONAL_SPACE + float(self.radius[row])
        station = self.station[row] + reach * np.cos(self.facing[row])
        lateral = self.lateral[row] + reach * np.sin(self.facing[row])
        inside = (np.abs(station - bodies.station) < bodies.length / 2.0 + self.radius[row]) & (
            np.abs(lateral - bodies.lateral) < bodies.width / 2.0
        )
        return bool(np.any(inside & (bodies.speed < _STANDING)))
