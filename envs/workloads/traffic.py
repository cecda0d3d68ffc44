"""Ticks of traffic: highway-env's, the same model on arrays, and Drive Stack's complete traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

import numpy as np
from highway_env.road.road import Road, RoadNetwork
from highway_env.vehicle.behavior import IDMVehicle

from drive_stack.road_map import Lane, build_road

from ..highway_adapter import stock_traffic
from ..overlap import count_touching
from ..traffic import EgoOnRoad, Traffic
from ..traffic.density_control import Window

DT = 1.0 / 15.0  # highway-env's tick [s]
TICKS = 60  # of each instance
LANES, WIDTH, LIMIT = 4, 4.0, 30.0  # of highway-env's straight road
_ROAD = 20_000.0  # [m]
_START_LENGTH = _ROAD - 2000.0  # where vehicles start: they drive a few hundred metres [m]
_SPACING_M = 21.0  # between consecutive vehicles of all lanes, as in highway-v0
_NO_DISCS = np.zeros((0, 3)), np.zeros(0)
_FIRST_STATION = 100.0  # [m]


def stock_road(vehicles: int, seed: int) -> Road:
    """highway-v0's road with ``vehicles`` of its own vehicles, closer together if necessary."""
    network = RoadNetwork.straight_road_network(LANES, length=_ROAD, speed_limit=LIMIT)
    road = Road(network=network, np_random=np.random.RandomState(seed), record_history=False)
    spacing = min(1.0, _START_LENGTH / (vehicles * _SPACING_M))
    for _ in range(vehicles):
        vehicle = IDMVehicle.create_random(road, spacing=spacing)
        vehicle.randomize_behavior()
        road.vehicles.append(vehicle)
    return road


@dataclass(slots=True)
class Ticks:
    """Simulates the first seconds of consecutive instances; ``make`` builds the tick function of a seed."""

    make: Callable[[int], Callable[[], object]]
    seeds: Iterator[int] = field(default_factory=lambda: cycle(range(5)))
    tick: Callable[[], object] = field(init=False)

    def prepare(self) -> None:
        """Build the next instance."""
        self.tick = self.make(next(self.seeds))

    def work(self) -> int:
        """Do `TICKS` ticks; returns their number."""
        for _ in range(TICKS):
            self.tick()
        return TICKS


def stock_ticks(vehicles: int) -> Ticks:
    """Ticks of highway-env's traffic."""

    def make(seed: int) -> Callable[[], object]:
        road = stock_road(vehicles, seed)

        def tick() -> None:
            road.act()
            road.step(DT)

        return tick

    return Ticks(make)


def stock_ticks_as_arrays(vehicles: int) -> Ticks:
    """Ticks with the same trajectories as highway-env's traffic, computed on arrays."""
    return Ticks(lambda seed: partial(stock_traffic(stock_road(vehicles, seed)).step, DT))


def world_ticks(vehicles: int) -> Ticks:
    """Ticks of Drive Stack's traffic, including lane changes and courtesy, at highway-env's density.

    Like highway-env's step, each tick tests all pairs of vehicles that may overlap.
    """

    def make(seed: int) -> Callable[[], object]:
        traffic, ego = _our_traffic(vehicles, seed)

        def tick() -> None:
            traffic.step(DT, ego)
            _, poses, (_, lengths, widths, _) = traffic.footprints()
            count_touching(poses, lengths, widths, *_NO_DISCS)

        return tick

    return Ticks(make)


def _our_traffic(vehicles: int, seed: int) -> tuple[Traffic, EgoOnRoad]:
    """``vehicles`` vehicles on a straight road of 20 km, and an ego that does not affect them."""
    lanes = tuple(Lane(-WIDTH * index, WIDTH, 0.0, _ROAD) for index in range(LANES))
    road = build_road(((_ROAD, 0.0),), lanes)
    rng = np.random.default_rng(seed)
    window = Window(behind=_ROAD, ahead=_ROAD)
    traffic = Traffic(road, rng, capacity=vehicles, window=window)
    traffic.set_limits(np.zeros(1), np.full(1, LIMIT))
    spacing = min(_SPACING_M, _START_LENGTH / vehicles)
    for number in range(vehicles):
        station = _FIRST_STATION + spacing * number + float(rng.uniform(0.0, 5.0))
        traffic.spawn(
            id=number + 1, body=0, colour=(90, 90, 90), length=4.6, width=1.9, height=1.5,
            lane=int(rng.integers(LANES)), station=station, speed=float(rng.uniform(21.0, 24.0)),
            target_speed=float(rng.uniform(24.0, 30.0)),
        )  # fmt: skip
    return traffic, EgoOnRoad(0.0, 0.0, 25.0, 0, 4.5, 1.8)
