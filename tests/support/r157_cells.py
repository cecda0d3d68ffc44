"""UN R157's cut-in and lead-braking cells, its reference driver, and records of an ego that does not react.

The driver follows the regulation's text (annex 4, appendix 3), in one dimension and independent of
`drive_stack.evaluation.avoidability`. All speeds [m/s], lengths [m], times [s]; arrays hold one row per cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene
from drive_stack.types import FloatArray

LENGTH, WIDTH, LANE = 4.7, 1.85, 3.5
DT = 0.1  # between two records
CAR = 5  # id of the other vehicle
LEAD_TIME = 2.0  # recorded before the manoeuvre starts
EGO_SPEEDS_KMH = range(10, 131, 20)


@dataclass(frozen=True)
class CutIns:
    """A slower car ahead in the adjacent lane changes to the ego's lane at a constant lateral speed.

    Ego speeds 10, 30 … 130 km/h; the other slower by 10, 20 … km/h, but never stationary; 10, 20
    … 60 m ahead at the start; 0.3, 0.6 … 1.8 m/s lateral speed, the regulation's maximum. Of these 1,512
    cells those are used in which an ego at constant speed has not passed before the other is in its path.
    """

    speed: FloatArray
    slower: FloatArray
    gap: FloatArray
    lateral_speed: FloatArray

    @classmethod
    def grid(cls) -> CutIns:
        cells = [
            (ego / 3.6, slower / 3.6, float(gap), 0.3 * lateral)
            for ego in EGO_SPEEDS_KMH
            for slower, gap, lateral in itertools.product(range(10, ego, 10), range(10, 61, 10), range(1, 7))
        ]
        speed, slower, gap, lateral = np.array(cells).T
        used = slower * (LANE - WIDTH) / lateral <= gap + 2.0 * LENGTH
        return cls(speed[used], slower[used], gap[used], lateral[used])

    @property
    def perceived(self) -> FloatArray:
        """When the driver has perceived the cut-in: 0.4 s after 0.375 m of lateral movement."""
        return 0.375 / self.lateral_speed + 0.4

    @property
    def ttc_perceived(self) -> FloatArray:
        """Time to collision when the cut-in is perceived, negative where the ego is alongside."""
        return self.gap / self.slower - self.perceived

    def driver_collides(self, critical_ttc: float, deceleration: float) -> NDArray[np.bool_]:
        """Whether the driver hits the other if it reacts once the TTC is at most ``critical_ttc``."""
        reaction = self.perceived + np.maximum(self.ttc_perceived - critical_ttc, 0.0)
        time = np.arange(0.0, 20.0, 0.01)
        own = _braked(time, self.speed, reaction + 0.75, deceleration)
        distance = self.gap[:, None] + LENGTH + (self.speed - self.slower)[:, None] * time - own
        lateral = np.maximum(LANE - self.lateral_speed[:, None] * time, 0.0)
        return np.any((np.abs(distance) < LENGTH) & (lateral < WIDTH), axis=1)

    def records(self, grip: float) -> Iterator[list[RoadScene]]:
        """The record of each cell, up to the collision."""
        for speed, slower, gap, lateral in zip(
            self.speed, self.slower, self.gap, self.lateral_speed, strict=True
        ):
            time = _record_times(max(gap / slower, (LANE - WIDTH) / lateral))
            moving = (time >= 0.0) & (time < LANE / lateral)
            centre = np.stack(
                [
                    gap + LENGTH + (speed - slower) * time,
                    np.maximum(LANE - lateral * np.maximum(time, 0.0), 0.0),
                ],
                axis=1,
            )
            velocity = np.stack([np.full(len(time), speed - slower), -lateral * moving], axis=1)
            yield _scenes(time, float(speed), centre, velocity, grip)


@dataclass(frozen=True)
class BrakingLeads:
    """The car ahead brakes to a stop.

    Ego speeds 10, 30 … 130 km/h; followed 0.8, 1.0 … 2.4 s behind; braking with 2, 4, 6, 8 and 9.81 m/s².
    """

    speed: FloatArray
    headway: FloatArray
    deceleration: FloatArray

    @classmethod
    def grid(cls) -> BrakingLeads:
        headways = [
            0.8 + 0.2 * step + 1e-6 for step in range(9)
        ]  # slightly more, so that 1.0 s does not count as tailgating
        cells = itertools.product(EGO_SPEEDS_KMH, headways, (2.0, 4.0, 6.0, 8.0, 9.81))
        speed, headway, deceleration = np.array(list(cells)).T
        return cls(speed / 3.6, headway, deceleration)

    def driver_collides(self, deceleration: float) -> NDArray[np.bool_]:
        """Whether the driver hits the other.

        It perceives braking of more than 5 m/s² at once, and less from a time gap below 2 s.
        """
        time = np.arange(0.0, 40.0, 0.01)
        lead = np.stack([_lead(time, *cell)[0] for cell in zip(self.speed, self.deceleration, strict=True)])
        gap = (self.speed * self.headway)[:, None] + lead - self.speed[:, None] * time
        near = gap < 2.0 * self.speed[:, None]
        perceives = np.where(self.deceleration > 5.0, 0.0, time[near.argmax(axis=1)])
        own = _braked(time, self.speed, perceives + 0.4 + 0.75, deceleration)
        return np.any((self.speed * self.headway)[:, None] + lead - own < 0.0, axis=1)

    def records(self, grip: float) -> Iterator[list[RoadScene]]:
        """The record of each cell, up to the collision."""
        for speed, headway, deceleration in zip(self.speed, self.headway, self.deceleration, strict=True):
            fine = np.arange(0.0, 30.0, 0.01)
            gap = speed * headway + _lead(fine, speed, deceleration)[0] - speed * fine
            time = _record_times(float(fine[(gap <= 0.0).argmax()]))
            travelled, lead_speed = _lead(time, speed, deceleration)
            centre = np.stack([speed * headway + LENGTH + travelled, np.zeros(len(time))], axis=1)
            velocity = np.stack([lead_speed, np.zeros(len(time))], axis=1)
            yield _scenes(time, float(speed), centre, velocity, grip)


def _braked(time: FloatArray, speed: FloatArray, start: FloatArray, deceleration: float) -> FloatArray:
    """(N, T) distance of a driver who brakes from ``start`` on and reaches ``deceleration`` at 12.65 m/s³."""
    braking = np.clip(12.65 * (time - start[:, None]), 0.0, deceleration)
    slower = np.maximum(speed[:, None] - _integral(braking, time), 0.0)
    return _integral(slower, time)


def _integral(rate: FloatArray, time: FloatArray) -> FloatArray:
    steps = (rate[:, 1:] + rate[:, :-1]) / 2.0 * np.diff(time)
    return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(steps, axis=1)], axis=1)


def _lead(time: FloatArray, speed: float, deceleration: float) -> tuple[FloatArray, FloatArray]:
    """(T,) distance and speed of a car that brakes from time 0 until it stands."""
    braked = np.clip(time, 0.0, speed / deceleration)
    distance = speed * (np.minimum(time, 0.0) + braked) - deceleration * braked**2 / 2.0
    return distance, speed - deceleration * braked


def _record_times(collision: float) -> FloatArray:
    """The episode log's last 120 records; the last of them at or after the collision."""
    steps = np.arange(-round(LEAD_TIME / DT), int(np.ceil(collision / DT - 1e-9)) + 1)
    return np.asarray(steps[-120:] * DT, dtype=np.float64)


def _scenes(
    time: FloatArray, speed: float, centre: FloatArray, velocity: FloatArray, grip: float
) -> list[RoadScene]:
    own = np.stack([speed * time, np.zeros(len(time))], axis=1)
    ego_velocity, heading = np.array([[speed, 0.0]]), np.zeros(1)
    size, ids, lanes = (np.array([LENGTH]), np.array([WIDTH])), np.array([CAR]), np.array([0.0, LANE])
    return [
        RoadScene(
            time=float(time[row]) + LEAD_TIME,
            ego=MovingBoxes(own[row : row + 1], heading, ego_velocity, *size),
            others=MovingBoxes(centre[row : row + 1], heading, velocity[row : row + 1], *size),
            ids=ids,
            lanes=lanes,
            grip=grip,
        )
        for row in range(len(time))
    ]
