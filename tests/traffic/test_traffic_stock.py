"""On a straight road the stock-traffic kernel reproduces the trajectories of highway-env."""

from __future__ import annotations

import numpy as np
import pytest
from highway_env.road.road import Road, RoadNetwork
from highway_env.vehicle.behavior import IDMVehicle

from envs.highway_adapter import flip, stock_traffic

DT, SECONDS = 1.0 / 15.0, 40.0


def stock_road(count: int, seed: int) -> Road:
    """Build highway-v0's road and traffic with its default spacing."""
    network = RoadNetwork.straight_road_network(4, speed_limit=30)
    road = Road(network=network, np_random=np.random.RandomState(seed), record_history=False)
    for _ in range(count):
        vehicle = IDMVehicle.create_random(road, spacing=1.0)
        vehicle.randomize_behavior()
        road.vehicles.append(vehicle)
    return road


def count_equal_changes(count: int, seed: int) -> int:
    """Check that both simulations agree over the whole drive; return the number of lane changes."""
    road = stock_road(count, seed)
    kernel = stock_traffic(road)
    changes = 0
    for _ in range(round(SECONDS / DT)):
        before = [vehicle.target_lane_index[2] for vehicle in road.vehicles]
        road.act()
        road.step(DT)
        kernel.step(DT)
        expected = flip(np.array([vehicle.position for vehicle in road.vehicles]))
        assert not any(vehicle.crashed for vehicle in road.vehicles)
        assert np.abs(expected[:, 0] - kernel.rows["x"]).max() < 1e-9
        assert np.abs(expected[:, 1] - kernel.rows["y"]).max() < 1e-9
        lanes = [vehicle.target_lane_index[2] for vehicle in road.vehicles]
        assert lanes == list(kernel.rows["target_lane"])
        changes += sum(previous != current for previous, current in zip(before, lanes, strict=True))
    return changes


@pytest.mark.parametrize(("count", "seed"), [(5, 2), (20, 0), (20, 1)])
def test_same_trajectories_as_highway_env(count: int, seed: int) -> None:
    assert count_equal_changes(count, seed) > 0, "no vehicle changed lane: the comparison shows little"


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 20, 50, 100])
def test_same_trajectories_as_highway_env_over_twenty_seeds(count: int) -> None:
    assert sum(count_equal_changes(count, seed) for seed in range(20)) > 20
