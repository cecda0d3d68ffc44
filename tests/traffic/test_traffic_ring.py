"""Traffic on a ring road, where only the drivers themselves can cause a jam.

Sugiyama et al. (2008) let 22 drivers go round a ring of 230 m; within minutes a jam travelled backwards
through them. Drivers of the Intelligent Driver Model have no reaction time and make no errors, so a
disturbance dies out. These tests verify that statement of `docs/world.md`.
"""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray
from envs.traffic.car_following import idm
from envs.traffic.mix import draw_driver
from envs.traffic.records import VEHICLE, DriverProfile

DT = 0.1
LENGTH = 4.6  # of every car [m]


def speeds_on_ring(count: int, length: float, limit: float, seconds: float) -> FloatArray:
    """Return speeds (T, count) of cars that start evenly spaced from rest, except the first, 1 m ahead."""
    rng = np.random.default_rng(0)
    rows = np.zeros(count, dtype=VEHICLE)
    for row in rows:
        driver = draw_driver(rng, large=False)
        for name in DriverProfile.__dataclass_fields__:
            row[name] = getattr(driver, name)
    station, speed = np.arange(count) * length / count, np.zeros(count)
    station[0] += 1.0
    history = []
    for _ in range(round(seconds / DT)):
        gaps = (np.roll(station, -1) - station) % length - LENGTH
        leads = np.roll(speed, -1)
        accelerations = [
            idm(row, v, limit, gap, lead, 2.0)
            for row, v, gap, lead in zip(rows, speed, gaps, leads, strict=True)
        ]
        speed = np.maximum(speed + np.array(accelerations) * DT, 0.0)
        station = (station + speed * DT) % length
        history.append(speed)
    return np.array(history)


def test_no_jam_forms_by_itself_on_sugiyamas_ring() -> None:
    speeds = speeds_on_ring(22, 230.0, 40.0 / 3.6, 240.0)
    settled = speeds[-300:]
    assert settled.std() < 0.02, "a disturbance dies out"
    assert 2.0 < settled.mean() < 4.0


def test_capacity_is_that_of_a_motorway_lane() -> None:
    """Highway Capacity Manual: 1,800 to 2,400 vehicles per hour and lane, at 20 to 28 per kilometre."""
    flow = {}
    for density in (15, 28, 50):
        count = density * 2
        flow[density] = speeds_on_ring(count, 2000.0, 110.0 / 3.6, 200.0)[-1].mean() * 3.6 * density
    assert 1700.0 < flow[28] < 2200.0
    assert flow[15] < flow[28] > flow[50]
