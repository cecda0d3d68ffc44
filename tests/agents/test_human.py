"""The keyboard driver's controls are bounded, and released with the keys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.human import HumanAgent
from drive_stack.camera_model import CameraModel
from drive_stack.interfaces import Platform
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters
from drive_stack.viewer.keys import DrivingKeys

PLATFORM = Platform(VehicleParameters(), CameraModel())
KEYS = st.builds(
    DrivingKeys, left=st.booleans(), right=st.booleans(), accelerate=st.booleans(), brake=st.booleans()
)


class FakeKeyboard:
    """Returns the keys that a test sets."""

    def __init__(self) -> None:
        self.keys = DrivingKeys()

    def __call__(self) -> DrivingKeys:
        return self.keys


def observation(speed: float) -> Observation:
    image = np.zeros((256, 640, 3), dtype=np.uint8)
    return Observation(image, speed, 0.0, False, False, 30.0, NavigationCommand.FOLLOW)


@given(pressed=st.lists(st.tuples(KEYS, st.floats(0.0, 60.0)), max_size=40))
def test_controls_stay_inside_the_cars_limits(pressed: list[tuple[DrivingKeys, float]]) -> None:
    keyboard, car = FakeKeyboard(), PLATFORM.car
    agent = HumanAgent(PLATFORM, keyboard)
    agent.reset(0)
    for keyboard.keys, speed in pressed:
        control = agent.act(observation(speed))
        assert abs(control.steering) <= agent.lock(speed) <= car.max_steering
        assert car.min_acceleration <= control.acceleration <= car.max_acceleration


def test_released_keys_centre_the_wheel_and_free_the_pedals() -> None:
    keyboard = FakeKeyboard()
    agent = HumanAgent(PLATFORM, keyboard)
    keyboard.keys = DrivingKeys(left=True, brake=True)
    for _ in range(20):
        pressed = agent.act(observation(25.0))
    assert pressed.steering == pytest.approx(agent.lock(25.0))
    assert pressed.acceleration == PLATFORM.car.min_acceleration
    keyboard.keys = DrivingKeys()
    for _ in range(20):
        free = agent.act(observation(25.0))
    assert free.steering == 0.0
    assert -1.0 < free.acceleration <= 0.0


def test_left_is_positive_and_full_lock_is_gentle_at_speed() -> None:
    keyboard = FakeKeyboard()
    agent = HumanAgent(PLATFORM, keyboard)
    keyboard.keys = DrivingKeys(right=True)
    assert agent.act(observation(20.0)).steering < 0.0
    for speed in (15.0, 25.0, 36.0):
        lateral_acceleration = speed**2 * np.tan(agent.lock(speed)) / PLATFORM.car.wheelbase
        assert lateral_acceleration == pytest.approx(3.5)


def test_without_keys_the_car_coasts() -> None:
    agent = HumanAgent(PLATFORM)
    assert agent.act(observation(20.0)).steering == 0.0
    assert agent.trace is not None
