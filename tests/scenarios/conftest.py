"""One camera for all tests of a module."""

from collections.abc import Iterator

import pytest

from drive_stack.camera_model import CameraModel
from envs.camera.camera import Camera


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(CameraModel())
    yield camera
    camera.close()
