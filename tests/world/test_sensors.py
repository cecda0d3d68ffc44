"""The blind-spot radar: hand-placed vehicles."""

import numpy as np
import pytest

from envs.sensors import blind_spot


def flags(*others: tuple[float, float, float], ego_speed: float = 30.0) -> tuple[bool, bool]:
    """Others as (station of the centre ahead of the ego's front, lateral, speed), 4 × 2 m each."""
    table = np.array(others, dtype=np.float64).reshape(-1, 3)
    size = np.full(len(table), 4.0), np.full(len(table), 2.0)
    return blind_spot(
        table[:, 0], table[:, 1], table[:, 2], *size,
        ego_front=0.0, ego_rear=-4.7, ego_lateral=0.0, ego_speed=ego_speed, ego_width=1.85,
    )  # fmt: skip


def test_an_empty_road_flags_nothing() -> None:
    assert flags() == (False, False)


@pytest.mark.parametrize(
    "ahead, detected",
    [(4.5, False), (3.5, True), (-3.0, True), (-12.0, True), (-13.0, False)],
)
def test_an_adjacent_car_is_detected_from_behind_the_rear_to_ahead_of_the_front(
    ahead: float, detected: bool
) -> None:
    assert flags((ahead, 3.6, 30.0)) == (detected, False)
    assert flags((ahead, -3.6, 30.0)) == (False, detected)


def test_cars_in_the_own_lane_and_two_lanes_away_are_not_detected() -> None:
    assert flags((-8.0, 0.2, 30.0), (-2.0, 7.2, 30.0), (-2.0, -7.2, 30.0)) == (False, False)


@pytest.mark.parametrize(
    "behind, speed, detected",
    [
        (30.0, 38.0, False),  # 30 m at 8 m/s: 3.75 s
        (27.0, 38.0, True),  # 3.4 s
        (69.0, 55.0, True),
        (71.0, 70.0, False),  # beyond the radar's range
        (30.0, 25.0, False),  # falls back
    ],
)
def test_an_approaching_car_is_detected_in_time(behind: float, speed: float, detected: bool) -> None:
    assert flags((-4.7 - behind - 2.0, 3.6, speed)) == (detected, False)
