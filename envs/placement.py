"""Refuses an episode whose drawn places overlap, naming the entries of the scenario file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from drive_stack.config import ConfigError
from envs.works import Closed

PERSON_LANE = -1  # people are in no lane


@dataclass(frozen=True, slots=True)
class Placed:
    """A body as the episode begins, on the road."""

    entry: str  # of the scenario file, such as actors.0, or ego
    station: float  # of its middle [m]
    lateral: float
    length: float  # along the road [m]
    width: float
    lane: int = PERSON_LANE

    def overlaps(self, other: Placed) -> bool:
        """Whether two bodies share a place."""
        along = (self.length + other.length) / 2.0
        across = (self.width + other.width) / 2.0
        return abs(self.station - other.station) < along and abs(self.lateral - other.lateral) < across

    def nearest_free(self, others: Sequence[Placed], margin: float) -> float:
        """The nearest station right before or behind one of ``others`` that keeps clear of all [m]."""
        ends = [
            other.station + side * ((other.length + self.length) / 2.0 + margin)
            for other in others
            for side in (-1.0, 1.0)
        ]
        free = [
            station
            for station in (self.station, *ends)
            if not any(replace(self, station=station).overlaps(other) for other in others)
        ]
        return min(free, key=lambda station: abs(station - self.station))


def check_places(
    ego: Placed, vehicles: Sequence[Placed], people: Sequence[Placed], closed: Sequence[Closed], what: str
) -> None:
    """Refuse overlaps of the ego, scripted vehicles, people and closed lanes.

    People may stand together. ``what`` names the scenario and seed. Raises `ConfigError` in one line.
    """
    pairs = itertools.chain(
        itertools.combinations((ego, *vehicles), 2),
        itertools.product((ego, *vehicles), people),
    )
    for one, other in pairs:
        if one.overlaps(other):
            raise _refusal(what, one.entry, other.entry, other.station - ego.station)
    for number, zone in enumerate(closed):
        for vehicle in vehicles:
            if vehicle.lane == zone.lane and _reaches_into(vehicle, zone):
                raise _refusal(what, vehicle.entry, f"obstacles.{number}", vehicle.station - ego.station)


def _reaches_into(vehicle: Placed, zone: Closed) -> bool:
    half = vehicle.length / 2.0
    return zone.begin < vehicle.station + half and vehicle.station - half < zone.end


def _refusal(what: str, one: str, other: str, ahead: float) -> ConfigError:
    return ConfigError(
        f"{what}: {one} and {other} overlap {ahead:.0f} m ahead of the ego; give them ranges that never meet"
    )
