"""All vehicles but the ego."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import DRY_GRIP
from drive_stack.world_state import VehicleStates
from envs.bodies import BODIES
from envs.traffic.following import NOBODY
from envs.traffic.rows import VEHICLE, DriverProfile, EgoOnRoad, Records, lane_records, speed_cap
from envs.traffic.stepping import FAR, placed, step_all
from envs.traffic.supply import (
    ENTER_AHEAD,
    ENTER_BEHIND,
    Mix,
    Window,
    has_room,
    is_blocked,
    leaving,
    usable_lanes,
)

_LABELS = np.array([int(body.label) for body in BODIES], dtype=np.int64)
_REFILL_EVERY = 0.5  # [s]
_BRAKE_LAMP = -0.5  # [m/s²]
_STANDING = 0.1  # [m/s]
_UNLIMITED = 60.0  # [m/s]
_NO_PEOPLE, _NO_OBSTACLES = np.zeros((5, 0)), np.zeros((4, 0))


class Traffic:
    """Vehicles as records that stay in place; a row keeps its vehicle until it is removed or recycled.

    Stations and laterals are those of the body's centre. Rows without a vehicle have lane −1.
    """

    def __init__(
        self, road: RoadMap, rng: np.random.Generator, *, capacity: int = 192, first_id: int = 3001,
        window: Window = Window(),  # noqa: B008 - frozen
        grip: float = DRY_GRIP,
    ) -> None:  # fmt: skip
        self.road = road
        self.window = window
        self.grip = grip  # radius of the tyres' friction circle [m/s²]
        self._rng = rng
        self._rows: Records = np.zeros(capacity, dtype=VEHICLE)
        self._rows["lane"] = self._rows["target_lane"] = NOBODY
        self._rows["station"] = FAR
        self._used = 0  # rows beyond this were never taken
        self._next_id = first_id
        self._lanes = lane_records(road)
        self.set_limits(np.zeros(1), np.full(1, _UNLIMITED))
        self._mix: Mix | None = None  # what newcomers are, once populated
        self._missing_ahead = self._missing_behind = 0  # vehicles to appear at either end
        self._until_refill = 0.0
        self._blocked = np.zeros((0, 2))  # station and lateral of obstacles [m]

    def set_limits(self, station: FloatArray, limit: FloatArray) -> None:
        """Speed limits [m/s], each from its station on; drivers slow down before a lower one."""
        self._cap = speed_cap(self.road, station, limit)

    def spawn(
        self, *, id: int,  # noqa: A002
        body: int, colour: Sequence[int], length: float, width: float, height: float,
        lane: int, station: float, speed: float, target_speed: float, lateral: float | None = None,
        driver: DriverProfile | None = None,
    ) -> int:  # fmt: skip
        """Put a vehicle on the road; its row. Off its lane's centre it drives back to it."""
        free = np.flatnonzero(self._rows["alive"] == 0)
        if len(free) == 0:
            raise ValueError(f"no room for more than {len(self._rows)} vehicles")
        row, driver = int(free[0]), driver or DriverProfile()
        centre = self.road.lanes[lane].lateral_at(station)
        lateral = centre if lateral is None else lateral
        record = np.zeros((), dtype=VEHICLE)
        large = BODIES[body].label is ObjectClass.LARGE_VEHICLE and BODIES[body].name != "van"
        values: dict[str, object] = {
            "station": station, "lateral": lateral, "speed": speed, "length": length, "width": width,
            "height": height, "target_speed": target_speed, "forced": np.nan, "id": id, "alive": 1,
            "large": large, "body": body, "lane": lane, "target_lane": lane, "wish": NOBODY,
            "colour": colour, "shift": lateral - centre, "progress": float(lateral == centre),
            "duration": 2.0, "timer": (station * np.pi) % 1.0,
            **{name: getattr(driver, name) for name in DriverProfile.__dataclass_fields__},
        }  # fmt: skip
        for name, value in values.items():
            record[name] = value
        self._rows[row] = record
        self._used = max(self._used, row + 1)
        return row

    def remove(self, row: int) -> None:
        """Take a vehicle off the road."""
        self._rows[row] = np.zeros((), dtype=VEHICLE)
        self._rows["lane"][row] = self._rows["target_lane"][row] = NOBODY
        self._rows["station"][row] = FAR

    def row_of(self, id: int) -> int:  # noqa: A002
        """The row of a vehicle; `KeyError` where there is none of that id."""
        rows = np.flatnonzero((self._rows["id"] == id) & (self._rows["alive"] == 1))
        if len(rows) == 0:
            raise KeyError(f"no vehicle has id {id}")
        return int(rows[0])

    def populate(
        self, ego_station: float, density: float, limit: float, *, held_out: bool = False,
        speed_share: float = 0.95, large_share: float | None = None, clear_ahead: float = 40.0,
        obstacles: Sequence[FloatArray] | None = None,
    ) -> None:  # fmt: skip
        """Fill the window about the ego: ``density`` vehicles a kilometre and lane, ``limit`` [m/s].

        Nobody begins within ``clear_ahead`` [m] before the ego or 30 m behind it, nor among
        ``obstacles`` (x, y, and whatever `step` takes besides).
        """
        if obstacles is not None and len(obstacles[0]):
            places = [self.road.to_road(float(x), float(y))[:2] for x, y in zip(*obstacles[:2], strict=True)]
            self._blocked = np.array(places)
        self._mix = Mix(limit, held_out, speed_share, large_share)
        for lane in range(len(self.road.lanes)):
            spacing = 1000.0 / max(density, 1e-3)
            station = ego_station - self.window.behind + float(self._rng.uniform(0.0, spacing))
            while station < ego_station + self.window.ahead:
                apart = station - ego_station
                if not -30.0 - 10.0 < apart < clear_ahead + 10.0:
                    self._enter(lane, station)
                station += spacing * float(self._rng.uniform(0.5, 1.5))

    def step(
        self,
        dt: float,
        ego: EgoOnRoad,
        people: Sequence[FloatArray] | None = None,
        obstacles: Sequence[FloatArray] | None = None,
    ) -> None:
        """Move on by ``dt`` [s]. ``people``: x, y, vx, vy, radius; ``obstacles``: x, y, length, width."""
        seen = np.array([ego.station, ego.lateral, ego.speed, ego.length, ego.width, ego.lane], dtype=float)
        step_all(
            self._rows[: self._used], self._lanes, self.road.pieces, self._cap, self.road.length, seen,
            _NO_PEOPLE if people is None else np.array(people, dtype=np.float64).reshape(5, -1),
            _NO_OBSTACLES if obstacles is None else np.array(obstacles, dtype=np.float64).reshape(4, -1),
            self.grip, dt,
        )  # fmt: skip
        self._recycle(ego.station, dt)

    def set_target_speed(self, row: int, speed: float) -> None:
        """The speed a driver wishes for from now on [m/s]."""
        self._rows["target_speed"][row] = speed

    def force_acceleration(self, row: int, acceleration: float) -> None:
        """Override the driver's pedals [m/s²] until `release`."""
        self._rows["forced"][row] = acceleration

    def release(self, row: int) -> None:
        """Give the pedals back to the driver."""
        self._rows["forced"][row] = np.nan

    def force_lane_change(self, row: int, lane: int, duration: float) -> None:
        """Change into a lane at once, whoever is there, within ``duration`` [s]."""
        rows, road_lane = self._rows, self.road.lanes[lane]
        rows["side"][row] = 1 if lane > rows["target_lane"][row] else -1
        rows["shift"][row] = rows["lateral"][row] - road_lane.lateral_at(float(rows["station"][row]))
        rows["target_lane"][row], rows["wish"][row] = lane, NOBODY
        rows["progress"][row], rows["duration"][row] = 0.0, max(duration, 0.1)

    def park(self, row: int) -> None:
        """Stand where it is with hazard lights on, for good."""
        self._rows["parked"][row], self._rows["speed"][row], self._rows["acceleration"][row] = 1, 0.0, 0.0

    @property
    def scripted(self) -> NDArray[np.int64]:
        """By row, to be set: never recycled, no lane changes by choice."""
        return self._rows["scripted"]

    @property
    def station(self) -> FloatArray:
        """By row [m]."""
        return self._rows["station"]

    @property
    def speed(self) -> FloatArray:
        """By row [m/s]."""
        return self._rows["speed"]

    @property
    def length(self) -> FloatArray:
        """By row [m]."""
        return self._rows["length"]

    @property
    def lane(self) -> NDArray[np.int64]:
        """By row; −1 where there is no vehicle."""
        return self._rows["lane"]

    @property
    def target_lane(self) -> NDArray[np.int64]:
        """By row; the lane it is changing into, or is in."""
        return self._rows["target_lane"]

    def placed(self) -> tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, FloatArray]:
        """Of the vehicles: ids, poses (V, 3) x, y, yaw in the world, speeds, lengths and widths."""
        ids, poses, speeds, lengths, widths = placed(self._rows[: self._used], self.road.pieces)
        return ids, poses, speeds, lengths, widths

    def states(self) -> VehicleStates:
        """The vehicles at this instant, copied."""
        rows = self._rows[: self._used]
        rows = rows[rows["alive"] == 1]
        position, yaw = self.road.to_world(rows["station"], rows["lateral"])
        signals = (rows["progress"] < 1.0) | (rows["wish"] != NOBODY)
        standing = (rows["speed"] < _STANDING) & (rows["parked"] == 0)
        return VehicleStates(
            id=rows["id"].copy(), x=position[:, 0], y=position[:, 1], yaw=yaw + rows["heading"],
            speed=rows["speed"].copy(), acceleration=rows["acceleration"].copy(),
            length=rows["length"].copy(), width=rows["width"].copy(), height=rows["height"].copy(),
            label=_LABELS[rows["body"]], body=rows["body"].copy(), colour=rows["colour"].copy(),
            lane=rows["lane"].copy(), target_lane=rows["target_lane"].copy(),
            station=rows["station"].copy(), lateral=rows["lateral"].copy(),
            brake_lamp=(rows["acceleration"] < _BRAKE_LAMP) | standing,
            indicator=np.where(rows["parked"] == 1, 2, np.where(signals, rows["side"], 0)),
        )  # fmt: skip

    def copy(self) -> Traffic:
        """Traffic that lives on apart, its randomness too; the road is shared."""
        other = copy.copy(self)
        other._rows = self._rows.copy()
        other._rng = copy.deepcopy(self._rng)
        return other

    def _recycle(self, ego_station: float, dt: float) -> None:
        """Take away who drove out of sight; let others in at the far end they would come from."""
        low, high = ego_station - self.window.behind, ego_station + self.window.ahead
        for row in leaving(self._rows[: self._used], low, high, self.road.length):
            past = bool(self._rows["station"][row] > ego_station)
            self._missing_behind += past
            self._missing_ahead += not past
            self.remove(int(row))
        self._until_refill -= dt
        if self._mix is None or self._until_refill > 0.0:
            return
        self._until_refill = _REFILL_EVERY
        if self._missing_ahead:
            self._missing_ahead -= self._enter_somewhere(ego_station, ENTER_AHEAD)
        if self._missing_behind:
            self._missing_behind -= self._enter_somewhere(ego_station, (-ENTER_BEHIND[1], -ENTER_BEHIND[0]))

    def _enter_somewhere(self, ego_station: float, window: tuple[float, float]) -> bool:
        station = ego_station + float(self._rng.uniform(*window))
        lanes = usable_lanes(self.road, station)
        return bool(lanes) and self._enter(lanes[int(self._rng.integers(len(lanes)))], station)

    def _enter(self, lane: int, station: float) -> bool:
        """Put a newcomer into a lane if it is safe there."""
        usable = lane in usable_lanes(self.road, station)
        if self._mix is None or not usable or is_blocked(self.road, lane, station, self._blocked):
            return False
        new = self._mix.draw(self._rng, lane, self.road)
        cap = float(np.interp(station, np.arange(len(self._cap)) * 10.0, self._cap))
        speed = min(new.target_speed, cap * new.driver.speed_factor)
        if not has_room(self._rows, self.road, lane, station, new, speed):
            return False
        self.spawn(
            id=self._next_id, body=new.body, colour=new.colour, length=new.length, width=new.width,
            height=new.height, lane=lane, station=station, speed=speed, target_speed=new.target_speed,
            driver=new.driver,
        )  # fmt: skip
        self._next_id += 1
        return True
