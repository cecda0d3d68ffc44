"""The committed lane network on pictures it has never seen."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.learning.lanes_evaluation import figures, judge_drives
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_network import LaneNetwork


@pytest.fixture(scope="module")
def lanes() -> FilteredLanes:
    return FilteredLanes(LaneNetwork(CameraModel()), 0.1)


@pytest.mark.parametrize("scenario", ["s_bend", "dense_traffic"])
def test_lanes_are_found_on_validation_drives(lanes: FilteredLanes, scenario: str) -> None:
    found = figures(judge_drives(lanes, [scenario], 1, 4.0, lambda _: None))
    assert found["estimates"] > 20
    assert found["lateral_m"] < 0.15
    assert found["heading_deg"] < 0.7
    assert found["other_lane"] < 0.1


def test_a_black_picture_shows_no_lane(lanes: FilteredLanes) -> None:
    camera = CameraModel()
    black = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)
    lanes.reset()
    estimates = [lanes.estimate(black, 20.0, 0.0) for _ in range(5)]
    assert estimates[-1].confidence < 0.2


def test_the_same_picture_gives_the_same_lanes(lanes: FilteredLanes) -> None:
    camera = CameraModel()
    image = np.random.default_rng(0).integers(0, 255, (camera.height, camera.width, 3)).astype(np.uint8)
    found = []
    for _ in range(2):
        lanes.reset()
        found.append(lanes.estimate(image, 20.0, 0.0))
    assert found[0].offset == found[1].offset
    assert np.array_equal(found[0].path.xy, found[1].path.xy)
