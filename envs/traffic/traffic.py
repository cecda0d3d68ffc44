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
from envs.occupancy import Occupancy
from envs.traffic.filling import Newcomer
from envs.traffic.following import NOBODY
from envs.traffic.rows import VEHICLE, DriverProfile, EgoOnRoad, Records, lane_records, speed_cap
from envs.traffic.stepping import FAR, placed, step_all
from envs.traffic.stretches import Standing, Stretches
from envs.traffic.supply import Demand, Supply, Window, leaving, pace_first

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
        self._supply: Supply | None = None  # of newcomers, once populated
        self._until_refill = 0.0
        self._others: FloatArray = np.zeros((5, 0))  # x, y, length, width, yaw of what else stands there

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
            "height": height, "target_speed": target_speed, "pace": np.inf, "forced": np.nan,
            "id": id, "alive": 1,
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
        self, ego: EgoOnRoad, demand: Demand, *, clear_ahead: float = 40.0,
        others: FloatArray | None = None,
    ) -> None:  # fmt: skip
        """Fill the window about the ego with the traffic demanded, and keep it filled from now on.

        The density counts vehicles per kilometre of open lane in the window. Nobody begins within
        ``clear_ahead`` [m] before the ego in its lane, or where they could not stop comfortably before
        what closes a lane: parked vehicles, and ``others`` that stand there (5, N) x, y, length, width, yaw.
        """
        self._others = np.zeros((5, 0)) if others is None else others
        stretches = Stretches.of(self.road, self._cap, self._standing())
        self._supply = Supply(demand, stretches, self.window, self._rng)
        self._let_in(self._supply.fill(self._rows[: self._used], ego, clear_ahead))

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
        self._recycle(ego, dt)

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
        other._supply = None if self._supply is None else self._supply.copy()
        return other

    def _standing(self) -> Standing:
        """What stands on the road for good."""
        parked = self._rows[(self._rows["alive"] == 1) & (self._rows["parked"] == 1)]
        x, y, length, width, _ = self._others
        places = [self.road.to_road(float(px), float(py))[:2] for px, py in zip(x, y, strict=True)]
        place = np.array(places, dtype=np.float64).reshape(-1, 2)
        return Standing(
            station=np.concatenate([parked["station"], place[:, 0]]),
            lateral=np.concatenate([parked["lateral"], place[:, 1]]),
            half_length=np.concatenate([parked["length"], length]) / 2.0,
            half_width=np.concatenate([parked["width"], width]) / 2.0,
        )

    def _recycle(self, ego: EgoOnRoad, dt: float) -> None:
        """Take away who drove out of the window; let others in out of sight."""
        self._until_refill -= dt
        low, high = ego.station - self.window.behind, ego.station + self.window.ahead
        for row in leaving(self._rows[: self._used], low, high, self.road.length):
            self.remove(int(row))
        if self._supply is None or self._until_refill > 0.0:
            return
        self._until_refill = _REFILL_EVERY
        for row in self._supply.surplus(self._rows[: self._used], ego):
            self.remove(row)
        self._let_in(self._supply.renew(self._rows[: self._used], ego))

    def _let_in(self, newcomers: Sequence[Newcomer]) -> None:
        """Put newcomers on the road where nothing is in their place."""
        if newcomers:
            occupancy = Occupancy(self.road)
            _, poses, _, lengths, widths = self.placed()
            occupancy.add_shapes(poses, lengths, widths, np.zeros(len(lengths)))
            x, y, length, width, yaw = self._others
            occupancy.add_shapes(np.column_stack([x, y, yaw]), length, width, np.zeros(len(x)))
            for newcomer in newcomers:
                self._enter(newcomer, occupancy)
        if self._supply is not None:
            pace_first(self._rows[: self._used], len(self._lanes), self._supply.flow)

    def _enter(self, newcomer: Newcomer, occupancy: Occupancy) -> None:
        new, place = newcomer.vehicle, newcomer.station
        lateral = self.road.lanes[newcomer.lane].lateral_at(place)
        if not occupancy.is_box_free(place, lateral, new.length, new.width):
            return
        occupancy.add_box(place, lateral, new.length, new.width)
        self.spawn(
            id=self._next_id, body=new.body, colour=new.colour, length=new.length, width=new.width,
            height=new.height, lane=newcomer.lane, station=place, speed=newcomer.speed,
            target_speed=new.target_speed, driver=new.driver,
        )  # fmt: skip
        self._next_id += 1
