"""The state of all vehicles except the ego, and the interface to it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import extents
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.vehicle import DRY_GRIP
from drive_stack.world_state import VehicleStates

from ..bodies import BODIES
from ..occupancy import Occupancy
from .car_following import NONE
from .density_control import Demand, DensityController, Window, cap_first_speeds, rows_outside
from .lane_segments import LaneSegments, StaticBodies
from .looks import distinct_from_traffic
from .mix import RGB
from .placement import PlacedVehicle
from .records import VEHICLE, DriverProfile, EgoOnRoad, Records, lane_records, speed_cap
from .stepping import FAR, footprints, road_bodies, step_all

_LABELS = np.array([int(body.label) for body in BODIES], dtype=np.int64)
_REFILL_INTERVAL = 0.5  # [s]
_BRAKE_LAMP = -0.5  # [m/s²]
_STATIONARY_SPEED = 0.1  # [m/s]
_UNLIMITED = 60.0  # [m/s]
_NO_PEDESTRIANS, _NO_OBSTACLES = np.zeros((6, 0)), np.zeros((4, 0))

# ids (W,), poses (W, 3), speeds, lengths, widths and radii (W,) of other shapes
Footprints: TypeAlias = tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
_NO_FOOTPRINTS: Footprints = (
    np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0)
)  # fmt: skip


class Traffic:
    """All vehicles except the ego, as records in a resident array.

    A vehicle keeps its row until it is removed or recycled. Stations and laterals are those of the body's
    centre. Rows without a vehicle have lane −1.
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
        self._rows["lane"] = self._rows["target_lane"] = NONE
        self._rows["station"] = FAR
        self._used = 0  # number of rows that have ever held a vehicle
        self._next_id = first_id
        self._lanes = lane_records(road)
        self.set_limits(np.zeros(1), np.full(1, _UNLIMITED))
        self._controller: DensityController | None = None  # set by `populate`
        self._paints: tuple[RGB, ...] = ()  # from which neighbours get different ones; () if they need not
        self._time_to_refill = 0.0
        self._others: FloatArray = np.zeros((7, 0))  # further static bodies, see `populate`

    def set_limits(self, station: FloatArray, limit: FloatArray) -> None:
        """Set speed limits [m/s], each from its station [m] on. Drivers slow down before a lower limit."""
        self._cap = speed_cap(self.road, station, limit)

    def spawn(
        self, *, id: int,  # noqa: A002
        body: int, colour: Sequence[int], length: float, width: float, height: float,
        lane: int, station: float, speed: float, target_speed: float, lateral: float | None = None,
        driver: DriverProfile | None = None,
    ) -> int:  # fmt: skip
        """Add a vehicle and return its row. A vehicle off its lane's centre drives back to it.

        Raises:
            ValueError: All rows hold vehicles.
        """
        free = np.flatnonzero(self._rows["alive"] == 0)
        if len(free) == 0:
            raise ValueError(f"no space for more than {len(self._rows)} vehicles")
        row, driver = int(free[0]), driver or DriverProfile().on_grip(self.grip)
        centre = self.road.lanes[lane].lateral_at(station)
        lateral = centre if lateral is None else lateral
        record = np.zeros((), dtype=VEHICLE)
        large = BODIES[body].label is ObjectClass.LARGE_VEHICLE and BODIES[body].name != "van"
        values: dict[str, object] = {
            "station": station, "lateral": lateral, "speed": speed, "length": length, "width": width,
            "height": height, "target_speed": target_speed, "max_speed": np.inf, "forced": np.nan,
            "id": id, "alive": 1,
            "large": large, "body": body, "lane": lane, "target_lane": lane, "desired_lane": NONE,
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
        """Remove a vehicle."""
        self._rows[row] = np.zeros((), dtype=VEHICLE)
        self._rows["lane"][row] = self._rows["target_lane"][row] = NONE
        self._rows["station"][row] = FAR

    def row_of(self, id: int) -> int:  # noqa: A002
        """Return the row of a vehicle.

        Raises:
            KeyError: No vehicle has this id.
        """
        rows = np.flatnonzero((self._rows["id"] == id) & (self._rows["alive"] == 1))
        if len(rows) == 0:
            raise KeyError(f"no vehicle has id {id}")
        return int(rows[0])

    def populate(
        self, ego: EgoOnRoad, demand: Demand, *, clear_ahead: float = 40.0,
        others: FloatArray | None = None,
    ) -> None:  # fmt: skip
        """Fill the window around the ego with the demanded traffic and keep it filled from now on.

        The density counts vehicles per kilometre of open lane in the window. No vehicle starts within
        ``clear_ahead`` [m] ahead of the ego in its lane, or where it could not stop comfortably before a
        closed segment. Parked vehicles close lanes, and so do ``others``, static bodies (7, N) with x, y,
        length, width, yaw, length along the road and width across it.
        """
        self._others = np.zeros((7, 0)) if others is None else others
        segments = LaneSegments.of(self.road, self._cap, self._static_bodies())
        self._paints = demand.mix.paints if demand.mix.distinct else ()
        self._controller = DensityController(demand, segments, self.window, self._rng)
        self._add_vehicles(self._controller.draw_initial(self._rows[: self._used], ego, clear_ahead))

    def step(
        self,
        dt: float,
        ego: EgoOnRoad,
        pedestrians: Sequence[FloatArray] | None = None,
        obstacles: Sequence[FloatArray] | FloatArray | None = None,
    ) -> None:
        """Advance by ``dt`` [s].

        ``pedestrians`` are arrays of x, y, vx, vy, half length and half width, ``obstacles`` arrays of x, y,
        length and width. Positions and velocities are in the world frame, sizes along the road.
        """
        ego_values = np.array(
            [ego.station, ego.lateral, ego.speed, ego.length, ego.width, ego.lane], dtype=float
        )
        step_all(
            self._rows[: self._used], self._lanes, self.road.pieces, self.road.profile.grades, self._cap,
            self.road.length, ego_values,
            np.array(_NO_PEDESTRIANS if pedestrians is None else pedestrians, dtype=float).reshape(6, -1),
            np.array(_NO_OBSTACLES if obstacles is None else obstacles, dtype=float).reshape(4, -1),
            self.grip, dt,
        )  # fmt: skip
        self._recycle(ego, dt)

    def force_acceleration(self, row: int, acceleration: float) -> None:
        """Override the driver's acceleration [m/s²] until `release`."""
        self._rows["forced"][row] = acceleration

    def release(self, row: int) -> None:
        """End the override of the driver's acceleration."""
        self._rows["forced"][row] = np.nan

    def force_lane_change(self, row: int, lane: int, duration: float) -> None:
        """Start a lane change of ``duration`` [s] now, without a check of gaps."""
        rows, road_lane = self._rows, self.road.lanes[lane]
        rows["side"][row] = 1 if lane > rows["target_lane"][row] else -1
        rows["shift"][row] = rows["lateral"][row] - road_lane.lateral_at(float(rows["station"][row]))
        rows["target_lane"][row], rows["desired_lane"][row], rows["offset"][row] = lane, NONE, 0.0
        rows["progress"][row], rows["duration"][row] = 0.0, max(duration, 0.1)

    def force_offset(self, row: int, offset: float, duration: float) -> None:
        """Move a vehicle in ``duration`` [s] to an offset from its lane's centre, positive left [m].

        It does not indicate, keeps the offset afterwards, and counts as in its lane.
        """
        rows, lane = self._rows, self.road.lanes[int(self._rows["target_lane"][row])]
        rows["side"][row], rows["offset"][row] = 0, offset
        rows["shift"][row] = rows["lateral"][row] - lane.lateral_at(float(rows["station"][row])) - offset
        rows["progress"][row], rows["duration"][row] = 0.0, max(duration, 0.1)

    def park(self, row: int, *, heading: float = 0.0, unlit: bool = False) -> None:
        """Stop a vehicle permanently where it is, with its hazard lights on unless it is ``unlit``.

        ``heading`` is relative to the road's direction, counter-clockwise [rad].
        """
        self._rows["heading"][row], self._rows["unlit"][row] = heading, unlit
        self._rows["parked"][row], self._rows["speed"][row], self._rows["acceleration"][row] = 1, 0.0, 0.0

    @property
    def scripted(self) -> NDArray[np.int64]:
        """Writable flag of each row. Scripted vehicles are never recycled and change lane only on command."""
        return self._rows["scripted"]

    @property
    def station(self) -> FloatArray:
        """Station of each row [m]."""
        return self._rows["station"]

    @property
    def speed(self) -> FloatArray:
        """Speed of each row [m/s]."""
        return self._rows["speed"]

    @property
    def length(self) -> FloatArray:
        """Length of each row's vehicle [m]."""
        return self._rows["length"]

    @property
    def lane(self) -> NDArray[np.int64]:
        """Lane of each row; −1 where there is no vehicle."""
        return self._rows["lane"]

    @property
    def target_lane(self) -> NDArray[np.int64]:
        """Lane that each row's vehicle is in or changes into."""
        return self._rows["target_lane"]

    @property
    def moves_sideways(self) -> NDArray[np.bool_]:
        """Whether each row's vehicle is changing lane or moving to an offset."""
        return np.asarray(self._rows["progress"] < 1.0)

    def footprints(
        self, others: Footprints | None = None
    ) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
        """Return the shapes of all V vehicles, followed by W others.

        Returns:
            Ids (V + W,), poses (V + W, 3) x, y, yaw in the world frame, and an array (4, V + W) of speeds,
            lengths, widths and radii.
        """
        rows = self._rows[: self._used]
        ids, poses, values = footprints(rows, self.road.pieces, *(others or _NO_FOOTPRINTS))
        return ids, poses, values

    def bodies(self, ego: FloatArray) -> FloatArray:
        """Return station, lateral, speed, length and width of all V vehicles, then of the ego, (5, V + 1).

        ``ego`` holds these values of the ego, shape (5,).
        """
        return np.asarray(road_bodies(self._rows[: self._used], ego), dtype=np.float64)

    def labels(self) -> NDArray[np.int64]:
        """Return the ObjectClass of each vehicle, in the order of `footprints`."""
        rows = self._rows[: self._used]
        return np.asarray(_LABELS[rows["body"][rows["alive"] == 1]], dtype=np.int64)

    def states(self) -> VehicleStates:
        """Return a copy of the vehicles' current states."""
        rows = self._rows[: self._used]
        rows = rows[rows["alive"] == 1]
        position, yaw = self.road.to_world(rows["station"], rows["lateral"])
        signals = (rows["progress"] < 1.0) | (rows["desired_lane"] != NONE)
        standing = (rows["speed"] < _STATIONARY_SPEED) & (rows["parked"] == 0)
        return VehicleStates(
            id=rows["id"].copy(), x=position[:, 0], y=position[:, 1], yaw=yaw + rows["heading"],
            speed=rows["speed"].copy(), acceleration=rows["acceleration"].copy(),
            length=rows["length"].copy(), width=rows["width"].copy(), height=rows["height"].copy(),
            label=_LABELS[rows["body"]], body=rows["body"].copy(), colour=rows["colour"].copy(),
            lane=rows["lane"].copy(), target_lane=rows["target_lane"].copy(),
            station=rows["station"].copy(), lateral=rows["lateral"].copy(),
            brake_lamp=((rows["acceleration"] < _BRAKE_LAMP) | standing) & (rows["unlit"] == 0),
            indicator=np.where(
                rows["unlit"] == 1, 0,
                np.where(rows["parked"] == 1, 2, np.where(signals, rows["side"], 0)),
            ),
            parked=rows["parked"] == 1, unlit=rows["unlit"] == 1,
        )  # fmt: skip

    def copy(self) -> Traffic:
        """Return an independent copy, including its random generator. The road is shared."""
        other = copy.copy(self)
        other._rows = self._rows.copy()
        other._controller = None if self._controller is None else self._controller.copy()
        return other

    def _static_bodies(self) -> StaticBodies:
        """Return parked vehicles and the other static bodies."""
        parked = self._rows[(self._rows["alive"] == 1) & (self._rows["parked"] == 1)]
        along, across = extents(parked["length"], parked["width"], parked["heading"])
        x, y, _, _, _, length, width = self._others
        positions = [self.road.to_road(float(px), float(py))[:2] for px, py in zip(x, y, strict=True)]
        position = np.array(positions, dtype=np.float64).reshape(-1, 2)
        return StaticBodies(
            station=np.concatenate([parked["station"], position[:, 0]]),
            lateral=np.concatenate([parked["lateral"], position[:, 1]]),
            half_length=np.concatenate([along, length]) / 2.0,
            half_width=np.concatenate([across, width]) / 2.0,
        )

    def _recycle(self, ego: EgoOnRoad, dt: float) -> None:
        """Remove vehicles that left the window and add new ones out of sight."""
        self._time_to_refill -= dt
        low, high = ego.station - self.window.behind, ego.station + self.window.ahead
        for row in rows_outside(self._rows[: self._used], low, high, self.road.length):
            self.remove(int(row))
        if self._controller is None or self._time_to_refill > 0.0:
            return
        self._time_to_refill = _REFILL_INTERVAL
        for row in self._controller.surplus(self._rows[: self._used], ego):
            self.remove(row)
        self._add_vehicles(self._controller.draw_newcomers(self._rows[: self._used], ego))

    def occupy(self, occupancy: Occupancy) -> None:
        """Add all vehicles, and the other static bodies."""
        _, poses, (_, lengths, widths, radii) = self.footprints()
        occupancy.add_shapes(poses, lengths, widths, radii)
        x, y, length, width, yaw, _, _ = self._others
        occupancy.add_shapes(np.column_stack([x, y, yaw]), length, width, np.zeros(len(x)))

    def _add_vehicles(self, newcomers: Sequence[PlacedVehicle]) -> None:
        """Add new vehicles where their footprint is free."""
        if newcomers:
            occupancy = Occupancy(self.road)
            self.occupy(occupancy)
            for placed_vehicle in newcomers:
                self._add_vehicle(placed_vehicle, occupancy)
        if self._controller is not None:
            cap_first_speeds(self._rows[: self._used], len(self._lanes), self._controller.flow)

    def _add_vehicle(self, placed_vehicle: PlacedVehicle, occupancy: Occupancy) -> None:
        new, station = placed_vehicle.vehicle, placed_vehicle.station
        lateral = self.road.lanes[placed_vehicle.lane].lateral_at(station)
        if not occupancy.is_box_free(station, lateral, new.length, new.width):
            return
        occupancy.add_box(station, lateral, new.length, new.width)
        if self._paints:
            new = distinct_from_traffic(new, station, self._rows[: self._used], self._paints)
        self.spawn(
            id=self._next_id, body=new.body, colour=new.colour, length=new.length, width=new.width,
            height=new.height, lane=placed_vehicle.lane, station=station, speed=placed_vehicle.speed,
            target_speed=new.target_speed, driver=new.driver,
        )  # fmt: skip
        self._next_id += 1
