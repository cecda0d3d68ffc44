"""The vehicles that occupy a lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .records import VEHICLE, EgoOnRoad, Records

EGO_ID = 0  # no vehicle of traffic has this id
_NEWCOMER_HALF_WIDTH, _MARGIN = 1.3, 0.3  # [m]


@dataclass(frozen=True, slots=True)
class LaneBodies:
    """The vehicles in or moving into a lane, including the ego; arrays (N,) by rising station."""

    rear: FloatArray  # station of the rear bumper [m]
    front: FloatArray  # station of the front bumper [m]
    speed: FloatArray  # [m/s]
    drivers: Records  # (N,) `VEHICLE`; the ego has an average driver

    @classmethod
    def of(cls, rows: Records, ego: EgoOnRoad, road: RoadMap, lane: int) -> LaneBodies:
        """Return the bodies of one lane."""
        inside = (rows["alive"] == 1) & _in_lane(rows, road, lane)
        drivers, ego_driver = rows[inside], ego_record(ego)
        if _in_lane(ego_driver, road, lane)[0]:
            drivers = np.concatenate([drivers, ego_driver])
        drivers = drivers[np.argsort(drivers["station"], kind="stable")]
        half = drivers["length"] / 2.0
        return cls(drivers["station"] - half, drivers["station"] + half, drivers["speed"], drivers)

    def leader_at(self, station: float) -> tuple[float, float]:
        """Return the rear bumper's station [m] and the speed [m/s] of the next vehicle ahead of a station.

        The station is inf where there is none.
        """
        index = int(np.searchsorted((self.rear + self.front) / 2.0, station, side="right"))
        if index == len(self.rear):
            return float("inf"), 0.0
        return float(self.rear[index]), float(self.speed[index])


def _in_lane(rows: Records, road: RoadMap, lane: int) -> NDArray[np.bool_]:
    lateral_offset = np.abs(rows["lateral"] - road.lanes[lane].laterals_at(rows["station"]))
    inside = lateral_offset < rows["width"] / 2.0 + _NEWCOMER_HALF_WIDTH + _MARGIN
    inside |= (rows["lane"] == lane) | (rows["target_lane"] == lane)
    return np.asarray(inside, dtype=np.bool_)


def ego_record(ego: EgoOnRoad) -> Records:
    """Return the ego as a `VEHICLE` record (1,) with the driver that traffic assumes for it."""
    row = np.zeros(1, dtype=VEHICLE)
    for name in ("station", "lateral", "speed", "length", "width", "lane"):
        row[name] = getattr(ego, name)
    row["target_lane"], row["alive"], row["id"] = ego.lane, 1, EGO_ID
    row["time_gap"], row["max_acceleration"], row["comfort_braking"] = 1.4, 1.6, 2.5
    row["target_speed"] = max(ego.speed, 1.0)
    return row
