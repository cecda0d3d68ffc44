"""Polynomials, distances and speeds against values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.planning.following import needed_braking, rss_distance, safe_speed, time_to_collision
from drive_stack.planning.paths import LateralState, lateral_paths
from drive_stack.planning.polynomials import derivative, evaluate, quartic, quintic
from drive_stack.planning.profiles import longitudinal_profiles, ramp_profiles
from drive_stack.planning.settings import ComfortSettings

finite = st.floats(-5.0, 5.0)
TIMES = np.linspace(0.0, 4.0, 41)


@given(finite, finite, finite, finite, st.floats(1.0, 50.0))
def test_quintic_meets_its_boundary_values(x: float, v: float, a: float, end: float, length: float) -> None:
    position = quintic((x, v, a), np.array([end]), np.array([length]))
    first, second = derivative(position), derivative(derivative(position))
    at = np.array([[0.0, length]])
    assert evaluate(position, at)[0] == pytest.approx([x, end], abs=1e-6)
    assert evaluate(first, at)[0] == pytest.approx([v, 0.0], abs=1e-6)
    assert evaluate(second, at)[0] == pytest.approx([a, 0.0], abs=1e-6)


@given(st.floats(0.0, 40.0), finite, st.floats(0.0, 40.0), st.floats(1.0, 8.0))
def test_quartic_meets_its_boundary_values(v: float, a: float, end: float, duration: float) -> None:
    position = quartic(v, a, np.array([end]), np.array([duration]))
    first, second = derivative(position), derivative(derivative(position))
    at = np.array([[0.0, duration]])
    assert evaluate(position, at)[0, 0] == 0.0
    assert evaluate(first, at)[0] == pytest.approx([v, end], abs=1e-6)
    assert evaluate(second, at)[0] == pytest.approx([a, 0.0], abs=1e-6)


def test_rss_distance_worked_by_hand() -> None:
    # 20 m/s, response 0.5 s at 2 m/s²: 10.25 m, then 21²/(2·7) = 31.5 m; the lead stops in 20²/16 = 25 m
    distance = rss_distance(20.0, 20.0, response=0.5, acceleration=2.0, braking=7.0, lead_braking=8.0)
    assert distance == pytest.approx(10.25 + 31.5 - 25.0)


def test_rss_distance_is_never_negative() -> None:
    assert rss_distance(5.0, 40.0, response=0.2, acceleration=1.0, braking=7.0, lead_braking=8.0) == 0.0


def test_safe_speed_at_equal_speeds_keeps_the_time_gap() -> None:
    assert safe_speed(np.array([1.2 * 25.0]), 25.0, 2.2, 1.2)[0] == pytest.approx(25.0)


@given(st.floats(0.0, 200.0), st.floats(0.0, 40.0))
def test_safe_speed_lets_the_ego_stop_behind_its_lead(gap: float, lead: float) -> None:
    speed = float(safe_speed(np.array([gap]), lead, 2.0, 1.0)[0])
    stopping_distance = speed * 1.0 + speed**2 / 4.0
    assert stopping_distance <= gap + lead**2 / 4.0 + 1e-6


def test_time_to_collision_and_needed_braking() -> None:
    assert time_to_collision(20.0, 10.0, 30.0) == pytest.approx(3.0)
    assert time_to_collision(10.0, 10.0, 30.0) == float("inf")
    assert needed_braking(20.0, 10.0, 25.0) == pytest.approx(2.0)
    assert needed_braking(10.0, 12.0, 5.0) == 0.0


def test_small_gaps_and_small_differences_of_speed() -> None:
    """At 0.5 m/s and half a metre: 1 s, 0.25 m/s². Without a gap, the braking is that for a gap of 10 cm."""
    assert time_to_collision(10.5, 10.0, 0.5) == pytest.approx(1.0)
    assert time_to_collision(20.0, 10.0, 0.5) == pytest.approx(0.05)
    assert time_to_collision(20.0, 10.0, -3.0) == 0.0
    assert needed_braking(10.5, 10.0, 0.5) == pytest.approx(0.25)
    assert needed_braking(11.0, 10.0, 0.0) == needed_braking(11.0, 10.0, 0.1) == pytest.approx(5.0)


@given(st.floats(0.0, 40.0), st.floats(-4.0, 2.3))
def test_profiles_keep_comfort_and_never_reverse(speed: float, acceleration: float) -> None:
    comfort = ComfortSettings()
    profiles = longitudinal_profiles(speed, acceleration, np.array([0.0, 15.0]), TIMES, comfort, 8.0)
    calm = ~profiles.emergency
    assert np.isfinite(profiles.station).all()
    assert (profiles.speed >= 0.0).all()
    assert (np.diff(profiles.station, axis=1) >= -1e-9).all()
    assert profiles.acceleration[calm].min() >= min(comfort.min_acceleration, acceleration) - 1e-6
    assert profiles.acceleration[calm].max() <= max(comfort.max_acceleration, acceleration) + 1e-6
    assert np.abs(profiles.jerk[calm]).max() <= comfort.max_jerk + 1e-6


def test_ramp_is_the_integral_of_its_acceleration() -> None:
    fine = np.linspace(0.0, 4.0, 4001)
    ramp = ramp_profiles(30.0, 1.0, np.array([-4.0]), 4.0, fine, emergency=False)
    speed = 30.0 + np.concatenate([[0.0], np.cumsum(ramp.acceleration[0, :-1] * 0.001)])
    station = np.concatenate([[0.0], np.cumsum(ramp.speed[0, :-1] * 0.001)])
    assert ramp.speed[0] == pytest.approx(speed, abs=0.01)
    assert ramp.station[0] == pytest.approx(station, abs=0.03)


def test_a_standing_car_can_start() -> None:
    profiles = longitudinal_profiles(0.0, 0.0, np.array([10.0]), TIMES, ComfortSettings(), 8.0)
    assert profiles.station[:, -1].max() > 5.0


def test_an_empty_selection_of_paths_has_no_offsets() -> None:
    """A plan with a single path rejects no other path, so its rejected paths are an empty selection."""
    single = lateral_paths(LateralState(0.0, 0.0, 0.0), np.zeros(1), 20.0, None, shortest_only=True)
    assert single.select([]).offset(np.zeros((0, 5))).shape == (0, 5)
