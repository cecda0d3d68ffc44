"""Random vehicles for traffic, with their drivers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import DRY_GRIP

from ..bodies import BODIES, HELD_OUT_PAINTS, MOTORCYCLE, PAINTS, ordinary_bodies
from .records import DriverProfile

_LARGE_SPEED = 90.0 / 3.6  # [m/s]
_SPEED_FRACTIONS = (0.6, 1.08)  # range of target speeds as a fraction of the limit

RGB: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class DrawnVehicle:
    """A random vehicle and its driver; sizes in m, target speed in m/s."""

    body: int
    colour: RGB
    length: float
    width: float
    height: float
    target_speed: float
    driver: DriverProfile
    large: bool


@dataclass(frozen=True, slots=True)
class Mix:
    """Composition of traffic: which vehicles it has and how fast they drive."""

    limit: float  # [m/s]
    held_out: bool = False
    speed_fraction: float = 0.95  # mean target speed of cars as a fraction of the limit
    large_fraction: float | None = None  # of vans, trucks and buses; by the bodies' weights if None
    motorcycle_fraction: float = 0.0  # of motorcycles
    grip: float = DRY_GRIP  # of the road [m/s²]
    distinct: bool = False  # no vehicle looks like one near it

    @property
    def paints(self) -> tuple[RGB, ...]:
        """All paints that may be drawn."""
        return PAINTS + HELD_OUT_PAINTS if self.held_out else PAINTS

    @property
    def mean_target_speed(self) -> float:
        """Mean target speed of cars [m/s]."""
        return self.limit * min(max(self.speed_fraction, _SPEED_FRACTIONS[0]), _SPEED_FRACTIONS[1])

    def draw(self, rng: np.random.Generator, lane: int, road: RoadMap) -> DrawnVehicle:
        """Draw a vehicle for a lane. Trucks are rarer and drivers faster in the left lanes."""
        main = [index for index, candidate in enumerate(road.lanes) if candidate.kind is LaneKind.MAIN]
        bodies, cumulative = _bodies(
            self.held_out, self.large_fraction, lane < main[-1], self.motorcycle_fraction
        )
        index = bodies[int(np.searchsorted(cumulative, rng.random(), side="right"))]
        body = BODIES[index]
        colour = self.paints[int(rng.integers(len(self.paints)))]
        length, width, height = (float(rng.uniform(*size)) for size in (body.length, body.width, body.height))
        is_large = body.label is ObjectClass.LARGE_VEHICLE
        driver = draw_driver(rng, large=is_large).on_grip(self.grip)
        target = self.limit * self.speed_fraction * float(rng.normal(1.0, 0.06)) + 1.0 * (
            len(main) - 1 - lane
        )
        if is_large and body.name != "van":
            target = min(target, _LARGE_SPEED)
        target = self.limit * min(max(target / self.limit, _SPEED_FRACTIONS[0]), _SPEED_FRACTIONS[1])
        return DrawnVehicle(index, colour, length, width, height, target, driver, is_large)


@lru_cache(maxsize=64)
def _bodies(
    held_out: bool, large_fraction: float | None, left: bool, motorcycle_fraction: float
) -> tuple[tuple[int, ...], FloatArray]:
    """Return the indices of the bodies that may be drawn and their cumulative probabilities."""
    usable = ordinary_bodies(held_out=held_out)
    weights = np.array([BODIES[index].weight for index in usable])
    large = np.array([BODIES[index].label is ObjectClass.LARGE_VEHICLE for index in usable])
    if large_fraction is not None:
        weights[large] *= large_fraction / weights[large].sum()
        weights[~large] *= (1.0 - large_fraction) / weights[~large].sum()
    if left and float(weights[~large].sum()) > 0.0:
        weights[large] *= 0.15
    if motorcycle_fraction > 0.0:
        weights *= (1.0 - motorcycle_fraction) / weights.sum()
        usable, weights = (*usable, MOTORCYCLE), np.append(weights, motorcycle_fraction)
    cumulative = np.cumsum(weights) / weights.sum()
    cumulative[-1] = 1.0
    return usable, cumulative


def draw_driver(rng: np.random.Generator, *, large: bool) -> DriverProfile:
    """Draw a driver between cautious and urgent. Drivers of large vehicles accelerate less."""
    urgency = float(rng.random())
    return DriverProfile(
        time_gap=2.0 - 0.9 * urgency + (0.3 if large else 0.0),
        max_acceleration=(0.7 if large else 1.2) + (0.4 if large else 1.0) * urgency,
        comfort_braking=2.0 + urgency,
        politeness=0.6 - 0.5 * urgency,
        threshold=0.45 - 0.25 * urgency,
        speed_factor=0.95 + 0.1 * urgency,
    )
