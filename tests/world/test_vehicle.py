"""The normalised action."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters, action_to_control, control_to_action

CAR = VehicleParameters()


@given(st.floats(-0.5, 0.5), st.floats(-8.0, 3.0))
def test_action_to_control_inverts_control_to_action(steering: float, acceleration: float) -> None:
    back = action_to_control(control_to_action(Control(steering, acceleration), CAR), CAR)
    assert back.steering == pytest.approx(steering, abs=1e-6)
    assert back.acceleration == pytest.approx(acceleration, abs=1e-5)


def test_ends_of_the_box_are_the_limits() -> None:
    low = action_to_control(np.array([-1.0, -1.0], dtype=np.float32), CAR)
    high = action_to_control(np.array([1.0, 1.0], dtype=np.float32), CAR)
    assert (low.steering, low.acceleration) == (-CAR.max_steering, CAR.min_acceleration)
    assert (high.steering, high.acceleration) == (CAR.max_steering, CAR.max_acceleration)


def test_nan_is_passed_on_to_the_environment() -> None:
    assert np.isnan(action_to_control(np.array([np.nan, 0.0], dtype=np.float32), CAR).steering)


def test_body_lies_about_the_rear_axle() -> None:
    assert CAR.centre_ahead == pytest.approx(4.7 / 2.0 - 0.95)
