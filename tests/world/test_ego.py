"""The ego's motion: known values and limits that hold for any control."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.types import Control
from drive_stack.vehicle import DRY_GRIP, WET_GRIP, VehicleParameters
from envs.ego import Ego

CAR = VehicleParameters()
numbers = st.floats(allow_nan=True, allow_infinity=True)


def driving(speed: float, grip: float = 8.0) -> Ego:
    ego = Ego(CAR, grip)
    ego.reset(0.0, 0.0, 0.0, speed)
    return ego


def test_coasts_straight() -> None:
    ego = driving(20.0)
    for _ in range(40):
        ego.step(Control(0.0, 0.0), 0.05)
    assert ego.x == pytest.approx(40.0)
    assert ego.y == 0.0 and ego.speed == 20.0


def test_lag_is_independent_of_the_step() -> None:
    coarse, fine = driving(10.0), driving(10.0)
    coarse.step(Control(0.0, 2.0), 0.4)
    for _ in range(40):
        fine.step(Control(0.0, 2.0), 0.01)
    assert fine.speed == pytest.approx(coarse.speed)
    assert fine.x == pytest.approx(coarse.x)
    assert coarse.acceleration == pytest.approx(2.0 * (1.0 - math.exp(-0.4 / CAR.acceleration_lag)))


def test_closes_the_circle_of_the_bicycle() -> None:
    ego = driving(5.0)
    ego.steering = 0.2
    radius = CAR.wheelbase / math.tan(0.2)
    steps = 400
    for _ in range(steps):
        ego.step(Control(0.2, 0.0), 2.0 * math.pi * radius / 5.0 / steps)
    assert math.hypot(ego.x, ego.y) < 1e-6
    assert ego.yaw_rate == pytest.approx(5.0 / radius)


def test_steering_rate_is_limited() -> None:
    ego = driving(10.0)
    ego.step(Control(0.5, 0.0), 0.05)
    assert ego.steering == pytest.approx(CAR.max_steering_rate * 0.05)


def test_brakes_to_a_standstill_and_drives_off() -> None:
    ego = driving(10.0)
    for _ in range(100):
        ego.step(Control(0.0, -8.0), 0.05)
    assert ego.speed == 0.0 and ego.acceleration == 0.0
    assert ego.x == pytest.approx(10.0 * CAR.acceleration_lag + 10.0**2 / 16.0, abs=0.3)
    ego.step(Control(0.0, 2.0), 0.05)
    assert ego.speed > 0.0


def test_nan_brakes_and_keeps_the_steering() -> None:
    ego = driving(20.0)
    ego.step(Control(0.02, 0.0), 0.05)
    reached = ego.steering
    for _ in range(20):
        ego.step(Control(math.nan, 3.0), 0.05)
    assert ego.clamped == 20
    assert ego.acceleration < -4.0
    assert reached < ego.steering <= 0.02


def test_float32_rounding_is_not_counted() -> None:
    ego = driving(20.0)
    ego.step(Control(CAR.max_steering * (1.0 + 1e-7), -8.0), 0.05)
    assert ego.clamped == 0
    ego.step(Control(CAR.max_steering * 1.1, -8.0), 0.05)
    assert ego.clamped == 1


def test_stopping_distance_from_100_kmh() -> None:
    """By hand, from the demand 8·(1 − e^(−t/τ)) and the grip g of the tyres.

    Wet: the demand meets 5.5 at t = τ·ln(8 / 2.5) = 0.2908 s; until then the car covers
    27.78·0.2908 − 0.10 = 7.98 m and loses 0.95 m/s, then 26.83² / 11 = 65.43 m: 73.4 m in all.
    Dry: it hardly differs from 27.78·τ + 27.78² / 16 = 55.2 m, less what the end of the lag saves.
    """
    for grip, distance in ((WET_GRIP, 73.4), (DRY_GRIP, 54.9)):
        ego = driving(100.0 / 3.6, grip)
        while ego.speed > 0.0:
            ego.step(Control(0.0, -8.0), 0.05)
        assert ego.x == pytest.approx(distance, abs=0.1)


@pytest.mark.parametrize("grip", [DRY_GRIP, WET_GRIP])
@pytest.mark.parametrize("acceleration", [-8.0, -4.0, 3.0])
def test_braking_and_steering_share_the_friction_circle(grip: float, acceleration: float) -> None:
    """Measured from the changes of speed and heading in each tick."""
    ego, max_used = driving(30.0, grip), 0.0
    for _ in range(40):
        speed, yaw = ego.speed, ego.yaw
        ego.step(Control(0.3, acceleration), 0.05)
        longitudinal = (ego.speed - speed) / 0.05
        lateral = (ego.speed + speed) / 2.0 * (ego.yaw - yaw) / 0.05
        max_used = max(max_used, math.hypot(longitudinal, lateral))
    assert 0.97 * grip <= max_used <= 1.001 * grip


def test_full_braking_leaves_less_grip_for_steering() -> None:
    def curvature(acceleration: float) -> float:
        ego = driving(30.0, WET_GRIP)
        for _ in range(20):
            ego.step(Control(0.014, acceleration), 0.05)  # 4.5 m/s² lateral at 30 m/s
        return ego.yaw_rate / ego.speed

    requested = math.tan(0.014) / CAR.wheelbase
    assert curvature(0.0) == pytest.approx(requested, rel=0.01)
    assert 0.5 * requested < curvature(-8.0) < 0.7 * requested


@given(st.lists(st.tuples(numbers, numbers), max_size=30), st.floats(0.0, 40.0), st.sampled_from([8.0, 5.5]))
def test_any_control_gives_a_valid_state(
    controls: list[tuple[float, float]], speed: float, grip: float
) -> None:
    ego = driving(speed, grip)
    for steering, acceleration in controls:
        ego.step(Control(steering, acceleration), 0.05)
        assert all(map(math.isfinite, (ego.x, ego.y, ego.yaw, ego.speed, ego.steering)))
        assert ego.speed >= 0.0
        assert abs(ego.steering) <= CAR.max_steering + 1e-12
        assert math.hypot(ego.acceleration, ego.speed * ego.yaw_rate) <= grip + 1e-9
        assert CAR.min_acceleration <= ego.acceleration <= CAR.max_acceleration
