"""The occupancy image: where the road and road users appear in it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from drive_stack.rl.vector import RoadUsers
from drive_stack.road_map import Lane, build_road
from drive_stack.types import ObjectClass
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState
from envs.interface.bev import LANE, OCCUPIED, OTHER, PAVEMENT, ROAD, VEHICLE, draw_bev

CAR = VehicleParameters()
HALF_LENGTH = 100.0 + CAR.centre_ahead  # x of the ego's centre


def ego(lateral: float = 0.0, yaw: float = 0.0) -> EgoState:
    return EgoState(100.0, lateral, yaw, 20.0, 0.0, 0.0, 0.0, 100.0, lateral)


def image(state: EgoState, *others: tuple[float, float, float, float, float, ObjectClass]) -> np.ndarray:
    """Image of a straight road of one lane, with others at x, y, yaw of a length, width and class."""
    table = np.array([other[:5] for other in others], dtype=float).reshape(-1, 5)
    users = RoadUsers(
        np.ascontiguousarray(table[:, :3]), np.zeros(len(table)), table[:, 3].copy(), table[:, 4].copy(),
        np.array([int(other[5]) for other in others], dtype=np.int64),
    )  # fmt: skip
    road = build_road(((1000.0, 0.0),), (Lane(0.0, 4.0, 0.0, 1000.0),))
    return draw_bev(state, CAR, road, users)


def test_the_lane_runs_up_the_middle_with_lines_and_pavement_at_its_sides() -> None:
    row = image(ego())[0, :, ROAD]
    # pixels are 0.5 m wide, column 23 covers 0 to 0.5 m on the left; the lane reaches to 2 m
    assert list(np.flatnonzero(row == LANE)) == list(range(20, 28))
    assert list(np.flatnonzero(row == PAVEMENT)) == [18, 19, 28, 29]
    assert not row[:18].any()


def test_a_car_on_the_left_of_its_lane_sees_the_lane_on_its_right() -> None:
    row = image(ego(lateral=1.0))[0, :, ROAD]
    assert list(np.flatnonzero(row == LANE)) == list(range(22, 30))


def test_the_ego_covers_its_own_pixels() -> None:
    rows, columns = np.nonzero(image(ego())[:, :, VEHICLE])
    assert (rows.min(), rows.max()) == (59, 60)  # pixels of 2 m around the centre of a car of 4.7 m
    assert (columns.min(), columns.max()) == (22, 25)  # pixel centres within 0.925 m


def test_road_users_are_at_their_place_in_their_channel() -> None:
    drawn = image(
        ego(),
        (HALF_LENGTH + 41.0, 5.0, 0.0, 6.0, 2.0, ObjectClass.LARGE_VEHICLE),
        (HALF_LENGTH + 61.0, -3.25, 0.0, 0.6, 0.6, ObjectClass.PEDESTRIAN),
        (HALF_LENGTH + 500.0, 0.0, 0.0, 5.0, 2.0, ObjectClass.CAR),
    )
    rows, columns = np.nonzero(drawn[:58, :, VEHICLE])
    assert (rows.min(), rows.max()) == (38, 40)  # 42 to 38 m ahead: 59.5 - 41 / 2 = 39 is the centre
    assert (columns.min(), columns.max()) == (12, 15)  # 4 to 6 m on the left
    assert np.argwhere(drawn[:, :, OTHER] == OCCUPIED).tolist() == [[29, 30]]


@pytest.mark.parametrize("yaw", [0.5, -0.5])
def test_the_image_turns_with_the_ego(yaw: float) -> None:
    ahead = 30.0
    x = 100.0 + (CAR.centre_ahead + ahead) * math.cos(yaw)
    y = (CAR.centre_ahead + ahead) * math.sin(yaw)
    rows, columns = np.nonzero(image(ego(yaw=yaw), (x, y, yaw, 4.0, 2.0, ObjectClass.CAR))[:58, :, VEHICLE])
    assert abs(rows.mean() - (59.5 - ahead / 2.0)) < 0.6
    assert abs(columns.mean() - 23.5) < 0.3
