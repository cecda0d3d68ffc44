"""Draws the vehicles that traffic is made of, and their drivers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, ObjectClass
from envs.bodies import BODIES, HELD_OUT_PAINTS, PAINTS
from envs.traffic.rows import DriverProfile

_LARGE_SPEED = 90.0 / 3.6  # [m/s]
_SPEED_SHARES = (0.6, 1.08)  # of the limit, what anybody wishes for


@dataclass(frozen=True, slots=True)
class DrawnVehicle:
    """A vehicle and its driver, drawn."""

    body: int
    colour: tuple[int, int, int]
    length: float
    width: float
    height: float
    target_speed: float
    driver: DriverProfile
    large: bool


@dataclass(frozen=True, slots=True)
class Mix:
    """What traffic is made of."""

    limit: float  # [m/s]
    held_out: bool = False
    speed_share: float = 0.95  # of the limit, what cars wish for on average
    large_share: float | None = None  # of vans, trucks and buses; the bodies' usual if None

    @property
    def mean_target_speed(self) -> float:
        """What cars wish for on average [m/s]."""
        return self.limit * min(max(self.speed_share, _SPEED_SHARES[0]), _SPEED_SHARES[1])

    def draw(self, rng: np.random.Generator, lane: int, road: RoadMap) -> DrawnVehicle:
        """A vehicle for a lane: trucks stay out of the left lanes, haste keeps to them."""
        main = [index for index, each in enumerate(road.lanes) if each.kind is LaneKind.MAIN]
        bodies, chances = _bodies(self.held_out, self.large_share, lane < main[-1])
        index = bodies[int(np.searchsorted(chances, rng.random(), side="right"))]
        body = BODIES[index]
        paints = PAINTS + HELD_OUT_PAINTS if self.held_out else PAINTS
        colour = paints[int(rng.integers(len(paints)))]
        length, width, height = (float(rng.uniform(*size)) for size in (body.length, body.width, body.height))
        is_large = body.label is ObjectClass.LARGE_VEHICLE
        driver = draw_driver(rng, large=is_large)
        target = self.limit * self.speed_share * float(rng.normal(1.0, 0.06)) + 1.0 * (len(main) - 1 - lane)
        if is_large and body.name != "van":
            target = min(target, _LARGE_SPEED)
        target = self.limit * min(max(target / self.limit, _SPEED_SHARES[0]), _SPEED_SHARES[1])
        return DrawnVehicle(index, colour, length, width, height, target, driver, is_large)


@lru_cache(maxsize=64)
def _bodies(held_out: bool, large_share: float | None, left: bool) -> tuple[tuple[int, ...], FloatArray]:
    """Bodies that may be drawn, and their cumulative probabilities."""
    usable = tuple(index for index, body in enumerate(BODIES) if held_out or not body.held_out)
    shares = np.array([BODIES[index].weight for index in usable])
    large = np.array([BODIES[index].label is ObjectClass.LARGE_VEHICLE for index in usable])
    if large_share is not None:
        shares[large] *= large_share / shares[large].sum()
        shares[~large] *= (1.0 - large_share) / shares[~large].sum()
    if left and float(shares[~large].sum()) > 0.0:
        shares[large] *= 0.15
    chances = np.cumsum(shares) / shares.sum()
    chances[-1] = 1.0
    return usable, chances


def draw_driver(rng: np.random.Generator, *, large: bool) -> DriverProfile:
    """Draw a driver between cautious and hasty; those of large vehicles are slower to speed up."""
    haste = float(rng.random())
    return DriverProfile(
        time_gap=2.0 - 0.9 * haste + (0.3 if large else 0.0),
        max_acceleration=(0.7 if large else 1.2) + (0.4 if large else 1.0) * haste,
        comfort_braking=2.0 + haste,
        politeness=0.6 - 0.5 * haste,
        threshold=0.45 - 0.25 * haste,
        speed_factor=0.95 + 0.1 * haste,
    )
