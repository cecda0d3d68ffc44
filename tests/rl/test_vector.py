"""The observation vector: its components by hand, and the same vector for the environment and an agent."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from drive_stack.geometry import wrap_angle
from drive_stack.rl import vector
from drive_stack.rl.vector import (
    EGO_FIELDS,
    NEIGHBOURS,
    USER_FIELDS,
    VECTOR_HIGH,
    VECTOR_LOW,
    VECTOR_SIZE,
    RoadUsers,
    observation_vector,
    vector_of,
)
from drive_stack.road_map import Lane, LaneKind, RoadMap, build_road
from drive_stack.types import NavigationCommand, ObjectClass
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState
from envs.highway import HighwayEnv
from envs.interface.observations import world_vector
from envs.scenarios.scenario import load_scenario, scenario_names
from envs.world import World

CAR = VehicleParameters()
EGO = EgoState(
    x=100.0, y=0.4, yaw=0.02, speed=24.0, acceleration=-2.0, steering=0.05, yaw_rate=0.1, station=100.0,
    lateral=0.4,
)  # fmt: skip


def straight(*lanes: Lane) -> RoadMap:
    return build_road(((1000.0, 0.0),), lanes or (Lane(3.5, 3.5, 0.0, 1000.0), Lane(0.0, 3.5, 0.0, 1000.0)))


def users(*rows: tuple[float, float, float, float, float, float, ObjectClass]) -> RoadUsers:
    """Road users from x, y, yaw, speed, length, width and class."""
    table = np.array([row[:6] for row in rows], dtype=float).reshape(-1, 6)
    labels = np.array([int(row[6]) for row in rows], dtype=np.int64)
    speed, length, width = (np.ascontiguousarray(table[:, k]) for k in (3, 4, 5))
    return RoadUsers(np.ascontiguousarray(table[:, :3]), speed, length, width, labels)


def vector_at(
    ego: EgoState = EGO, road: RoadMap | None = None, others: RoadUsers | None = None
) -> np.ndarray:
    return observation_vector(
        ego, CAR, road or straight(), 30.0, NavigationCommand.CHANGE_LEFT, others or users(), slippery=True
    )


def rows_of(values: np.ndarray) -> np.ndarray:
    return values[len(EGO_FIELDS) :].reshape(NEIGHBOURS, len(USER_FIELDS))


def test_the_ego_part_of_the_vector_by_hand() -> None:
    expected = [
        0.8, -0.25, 0.5, 0.5, 0.2, 0.1,  # the centre of the right lane is at 0
        0.0, 0.0, 0.0, 1.0, 0.6, 0.0, 1.0, 0.0,
        1.0, 0.0, 1.0, 1.0,
    ]  # fmt: skip
    assert vector_at()[: len(EGO_FIELDS)] == pytest.approx(expected, abs=1e-6)


def test_curvature_is_seen_ahead_and_the_heading_error_is_relative_to_the_curve() -> None:
    road = build_road(((50.0, 0.0), (500.0, 0.005)), (Lane(0.0, 3.5, 0.0, 550.0),))
    ego = replace(EGO, x=20.0, y=0.0, yaw=0.0, station=20.0, lateral=0.0)
    assert vector_at(ego, road)[6:9] == pytest.approx([0.0, 0.5, 0.5])
    (x, y), yaw = (np.asarray(part) for part in road.to_world(np.asarray(250.0), np.asarray(0.0)))
    ego = replace(
        ego, x=float(x), y=float(y), yaw=wrap_angle(float(yaw) + 2.0 * math.pi + 0.04), station=250.0
    )
    assert vector_at(ego, road)[5] == pytest.approx(0.2, abs=1e-5)


def test_the_heading_error_on_a_ramp_is_relative_to_the_ramp() -> None:
    ramp = Lane(0.0, 3.5, 0.0, 400.0, LaneKind.RAMP, opens=200.0, approach=8.0)
    slope = ramp.lateral_at(100.5) - ramp.lateral_at(99.5)
    ego = replace(EGO, y=ramp.lateral_at(100.0), lateral=ramp.lateral_at(100.0), yaw=math.atan(slope))
    values = vector_at(ego, straight(Lane(3.5, 3.5, 0.0, 1000.0), ramp))
    assert values[4:6] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert list(values[14:17]) == [0.0, 0.0, 1.0]  # closed to the left before it opens; it ends in 300 m
    assert vector_at(replace(ego, x=340.0, y=0.0, lateral=0.0, station=340.0), straight(ramp))[16] == (
        pytest.approx(0.3)
    )


def test_road_users_by_hand_the_nearest_one_first() -> None:
    ego = replace(EGO, y=0.0, lateral=0.0, yaw=0.0)
    centre = 100.0 + CAR.centre_ahead
    others = users(
        (centre + 50.0, 3.5, 0.0, 34.0, 12.0, 2.4, ObjectClass.LARGE_VEHICLE),
        (centre - 20.0, -1.0, 0.0, 24.0, 4.5, 1.8, ObjectClass.CAR),
        (centre + 30.0, 2.0, math.pi / 2.0, 1.5, 0.6, 0.6, ObjectClass.PEDESTRIAN),
        (centre + 201.0, 0.0, 0.0, 0.0, 0.4, 0.4, ObjectClass.OBSTACLE),
    )
    rows = rows_of(vector_at(ego, others=others))
    assert rows[0] == pytest.approx([1, 0.3, 0.2, -1.2, 0.3, 0.06, 0.2, 0, 0, 1, 0], abs=1e-6)
    assert rows[1] == pytest.approx([1, -0.2, -0.1, 0.0, 0.0, 0.45, 0.6, 1, 0, 0, 0], abs=1e-6)
    assert rows[2] == pytest.approx([1, 0.5, 0.35, 0.5, 0.0, 1.2, 0.8, 0, 1, 0, 0], abs=1e-6)
    assert not rows[3:].any()


def test_only_the_nearest_road_users_are_kept_whatever_their_order() -> None:
    ahead = 10.0 + 10.0 * np.random.default_rng(3).permutation(15)
    others = users(*((101.4 + x, 0.0, 0.0, 20.0, 4.5, 1.8, ObjectClass.CAR) for x in ahead))
    rows = rows_of(vector_at(replace(EGO, y=0.0, yaw=0.0, lateral=0.0), others=others))
    assert rows[:, 1] == pytest.approx(np.arange(1, NEIGHBOURS + 1) / 10.0, abs=1e-5)


@pytest.mark.parametrize("scenario", ["merge", "curves", "construction", "pedestrian_crossing"])
def test_the_environment_and_an_agent_compute_the_same_vector(scenario: str) -> None:
    world = World(load_scenario(scenario), 100_003)
    assert {"merge", "curves", "construction", "pedestrian_crossing"} <= set(scenario_names())
    values = world_vector(world)
    assert np.array_equal(values, vector_of(world.state()))
    assert ((values >= VECTOR_LOW) & (values <= VECTOR_HIGH)).all()
    assert rows_of(values)[:, 0].any()


def test_the_docstring_lists_every_component_at_its_index() -> None:
    """Scale and range of each index, as the module documents them."""
    table = re.findall(
        r"^ *\| (\d+)(?:-(\d+))? +\| .* \| ([\d.]+)[^|]*\| (-?\d+) to (\d+) +\|$",
        vector.__doc__ or "",
        re.M,
    )
    documented = [
        (float(scale), float(low), float(high))
        for first, last, scale, low, high in table
        for _ in range(int(first), int(last or first) + 1)
    ]
    expected = [(field.scale, field.low, field.high) for field in (*EGO_FIELDS, *USER_FIELDS)]
    assert documented == expected
    assert f"({VECTOR_SIZE},)" in (HighwayEnv.__doc__ or "")
    assert f"18 + {len(USER_FIELDS)} n + i" in (vector.__doc__ or "")
    assert (len(EGO_FIELDS), NEIGHBOURS, vector.RANGE) == (18, 8, 200.0)
