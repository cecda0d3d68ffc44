"""Who is in a lane already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from envs.traffic.rows import VEHICLE, EgoOnRoad, Records

EGO_ID = 0  # which no vehicle of traffic has
_NEWCOMER_HALF_WIDTH, _MARGIN = 1.3, 0.3  # [m]


@dataclass(frozen=True, slots=True)
class LaneBodies:
    """The vehicles in or moving into a lane, the ego among them; (N,) each, by rising station."""

    rear: FloatArray  # station of the rear bumper [m]
    front: FloatArray
    speed: FloatArray  # [m/s]
    drivers: Records  # (N,) `VEHICLE`; the ego drives like an ordinary driver

    @classmethod
    def of(cls, rows: Records, ego: EgoOnRoad, road: RoadMap, lane: int) -> LaneBodies:
        """The bodies of one lane."""
        inside = (rows["alive"] == 1) & _in_lane(rows, road, lane)
        found, own = rows[inside], ego_row(ego)
        if _in_lane(own, road, lane)[0]:
            found = np.concatenate([found, own])
        found = found[np.argsort(found["station"], kind="stable")]
        half = found["length"] / 2.0
        return cls(found["station"] - half, found["station"] + half, found["speed"], found)

    def ahead_of(self, station: float) -> tuple[float, float]:
        """Rear bumper's station [m] and speed [m/s] of the next one ahead; inf where there is none."""
        index = int(np.searchsorted((self.rear + self.front) / 2.0, station, side="right"))
        if index == len(self.rear):
            return float("inf"), 0.0
        return float(self.rear[index]), float(self.speed[index])


def _in_lane(rows: Records, road: RoadMap, lane: int) -> NDArray[np.bool_]:
    across = np.abs(rows["lateral"] - road.lanes[lane].laterals_at(rows["station"]))
    inside = across < rows["width"] / 2.0 + _NEWCOMER_HALF_WIDTH + _MARGIN
    inside |= (rows["lane"] == lane) | (rows["target_lane"] == lane)
    return np.asarray(inside, dtype=np.bool_)


def ego_row(ego: EgoOnRoad) -> Records:
    """The ego as a record of traffic, with the driver that a follower takes it for."""
    row = np.zeros(1, dtype=VEHICLE)
    for name in ("station", "lateral", "speed", "length", "width", "lane"):
        row[name] = getattr(ego, name)
    row["target_lane"], row["alive"], row["id"] = ego.lane, 1, EGO_ID
    row["time_gap"], row["max_acceleration"], row["comfort_braking"] = 1.4, 1.6, 2.5
    row["target_speed"] = max(ego.speed, 1.0)
    return row
