"""Ticks of traffic: highway-env's own, the same over resident arrays, and ours with all it minds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

import numpy as np
from highway_env.road.road import Road, RoadNetwork
from highway_env.vehicle.behavior import IDMVehicle

from drive_stack.road_map import Lane, build_road
from envs.highway_adapter import stock_traffic
from envs.overlap import count_touching
from envs.traffic import EgoOnRoad, Traffic
from envs.traffic.density_control import Window

DT = 1.0 / 15.0  # highway-env's tick [s]
TICKS = 60  # of each traffic
LANES, WIDTH, LIMIT = 4, 4.0, 30.0  # of highway-env's straight road
_ROAD = 20_000.0  # [m]
_ROOM = _ROAD - 2000.0  # for vehicles to begin on: they drive on by a few hundred metres [m]
_SPACING_M = 21.0  # from one vehicle to the next in whatever lane, as highway-v0 has it
_NO_DISCS = np.zeros((0, 3)), np.zeros(0)
_FIRST_STATION = 100.0  # [m]


def stock_road(vehicles: int, seed: int) -> Road:
    """highway-v0's road with that many of its own vehicles on it; closer together if need be."""
    network = RoadNetwork.straight_road_network(LANES, length=_ROAD, speed_limit=LIMIT)
    road = Road(network=network, np_random=np.random.RandomState(seed), record_history=False)
    spacing = min(1.0, _ROOM / (vehicles * _SPACING_M))
    for _ in range(vehicles):
        vehicle = IDMVehicle.create_random(road, spacing=spacing)
        vehicle.randomize_behavior()
        road.vehicles.append(vehicle)
    return road


@dataclass(slots=True)
class Ticks:
    """The first seconds of one traffic after the other; ``make`` gives what moves a traffic on."""

    make: Callable[[int], Callable[[], object]]
    seeds: Iterator[int] = field(default_factory=lambda: cycle(range(5)))
    tick: Callable[[], object] = field(init=False)

    def prepare(self) -> None:
        """Make the next."""
        self.tick = self.make(next(self.seeds))

    def work(self) -> int:
        """Let it drive."""
        for _ in range(TICKS):
            self.tick()
        return TICKS


def stock_ticks(vehicles: int) -> Ticks:
    """highway-env's own traffic."""

    def make(seed: int) -> Callable[[], object]:
        road = stock_road(vehicles, seed)

        def tick() -> None:
            road.act()
            road.step(DT)

        return tick

    return Ticks(make)


def stock_ticks_as_arrays(vehicles: int) -> Ticks:
    """The very trajectories of highway-env's traffic, from resident arrays."""
    return Ticks(lambda seed: partial(stock_traffic(stock_road(vehicles, seed)).step, DT))


def world_ticks(vehicles: int) -> Ticks:
    """The traffic of our worlds as dense as highway-env's, lane changes, courtesy and all, with a test
    of each pair that may touch, as highway-env's step has."""

    def make(seed: int) -> Callable[[], object]:
        traffic, ego = _our_traffic(vehicles, seed)

        def tick() -> None:
            traffic.step(DT, ego)
            _, poses, _, lengths, widths = traffic.footprints()
            count_touching(poses, lengths, widths, *_NO_DISCS)

        return tick

    return Ticks(make)


def _our_traffic(vehicles: int, seed: int) -> tuple[Traffic, EgoOnRoad]:
    """That many vehicles on a straight road of 20 km, and an ego out of their way."""
    lanes = tuple(Lane(-WIDTH * index, WIDTH, 0.0, _ROAD) for index in range(LANES))
    road = build_road(((_ROAD, 0.0),), lanes)
    rng = np.random.default_rng(seed)
    window = Window(behind=_ROAD, ahead=_ROAD)
    traffic = Traffic(road, rng, capacity=vehicles, window=window)
    traffic.set_limits(np.zeros(1), np.full(1, LIMIT))
    spacing = min(_SPACING_M, _ROOM / vehicles)
    for number in range(vehicles):
        station = _FIRST_STATION + spacing * number + float(rng.uniform(0.0, 5.0))
        traffic.spawn(
            id=number + 1, body=0, colour=(90, 90, 90), length=4.6, width=1.9, height=1.5,
            lane=int(rng.integers(LANES)), station=station, speed=float(rng.uniform(21.0, 24.0)),
            target_speed=float(rng.uniform(24.0, 30.0)),
        )  # fmt: skip
    return traffic, EgoOnRoad(0.0, 0.0, 25.0, 0, 4.5, 1.8)
