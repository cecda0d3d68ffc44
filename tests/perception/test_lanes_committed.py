"""The shipped lane network on images that it was not trained on."""

from __future__ import annotations

from typing import cast

import cv2
import gymnasium as gym
import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording import ENVIRONMENT, RecordedEnvironment
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.learning.lanes.evaluation import evaluate_drives
from drive_stack.learning.lanes.figures import end_statistics, error_statistics
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.seeds import SeedSplit
from drive_stack.types import Image
from drive_stack.vehicle import control_to_action

SEEDS = SeedSplit.VALIDATION.seeds[:1]


@pytest.fixture(scope="module")
def lanes() -> FilteredLanes:
    return FilteredLanes(LaneNetwork(CameraModel()), 0.1)


@pytest.mark.parametrize("scenario", ["s_bend", "dense_traffic"])
def test_lanes_are_found_on_validation_drives(lanes: FilteredLanes, scenario: str) -> None:
    statistics = error_statistics(evaluate_drives(lanes, [scenario], SEEDS, 4.0, lambda _: None))
    assert statistics["estimates"] > 20
    assert statistics["lateral_m"] < 0.15
    assert statistics["heading_deg"] < 0.7
    assert statistics["other_lane"] < 0.1


def record_images(scenario: str, steps: int) -> list[Image]:
    """Images of a validation drive, ten per second."""
    env = gym.make(ENVIRONMENT, scenario=scenario, disable_env_checker=True)
    env.reset(seed=SeedSplit.VALIDATION.seeds[1])
    inner = cast("RecordedEnvironment", env.unwrapped)
    driver, images = RecordingDriver(np.random.default_rng(0)), []
    for _ in range(steps):
        action = control_to_action(driver.control(inner.world.state()), inner.platform.car)
        images.append(cast("Image", env.step(action)[0]["image"]))
    env.close()
    return images


@pytest.mark.parametrize("degradation", ["black", "blurred"])
def test_confidence_falls_soon_when_the_lines_are_no_longer_visible(
    lanes: FilteredLanes, degradation: str
) -> None:
    lanes.reset()
    images = record_images("cruise", 8)
    clear = [lanes.estimate(image, 20.0, 0.0).confidence for image in images]
    degraded = (
        cv2.GaussianBlur(images[-1], (0, 0), 30.0) if degradation == "blurred" else np.zeros_like(images[-1])
    )
    confidences = [lanes.estimate(degraded, 20.0, 0.0).confidence for _ in range(20)]
    assert clear[-1] > 0.8
    assert confidences[9] < 0.5 * clear[-1]
    assert confidences[-1] < 0.2


def test_a_black_image_shows_no_lane(lanes: FilteredLanes) -> None:
    camera = CameraModel()
    black = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)
    lanes.reset()
    estimates = [lanes.estimate(black, 20.0, 0.0) for _ in range(5)]
    assert estimates[-1].confidence < 0.05
    assert estimates[-1].ends_in == np.inf


@pytest.mark.slow
def test_the_end_of_the_ego_lane_is_detected_from_afar(lanes: FilteredLanes) -> None:
    errors = evaluate_drives(lanes, ["lane_drop"], SEEDS, 25.0, lambda _: None, lingers=True)
    ego = end_statistics(errors)["ego"]
    assert ego["60–160 m"]["found"] > 0.9
    assert ego["60–160 m"]["error_m"] < 12.0
    assert ego["none"]["false"] < 0.1


def test_the_same_image_gives_the_same_lanes(lanes: FilteredLanes) -> None:
    camera = CameraModel()
    image = np.random.default_rng(0).integers(0, 255, (camera.height, camera.width, 3)).astype(np.uint8)
    estimates = []
    for _ in range(2):
        lanes.reset()
        estimates.append(lanes.estimate(image, 20.0, 0.0))
    assert estimates[0].offset == estimates[1].offset
    assert np.array_equal(estimates[0].path.xy, estimates[1].path.xy)
