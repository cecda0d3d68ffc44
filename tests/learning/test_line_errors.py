"""The mean error of lane lines, compared with a case computed by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from drive_stack.datasets.frames.store import EpisodeInfo, StoredFrame
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.lanes.image_evaluation import MISSED, mean_line_error
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneMeasurement
from drive_stack.support.jpeg import encode
from drive_stack.types import FloatArray, Image

ANCHORS = GroundGrid().rows


@dataclass(frozen=True)
class FixedLines:
    """Finds the same lines in every image."""

    y: FloatArray

    def measure(self, image: Image) -> LaneMeasurement:
        assert image.shape == (256, 640, 3)
        rest = np.zeros((2, ANCHORS))
        return LaneMeasurement(
            self.y, np.ones_like(self.y), rest[:, 0], rest, np.zeros((3, ANCHORS + 2)), 1.0
        )


def frame(y: FloatArray, shown: FloatArray) -> StoredFrame:
    no_boxes = FrameTruth(
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int8),
        np.zeros(0, np.float32),
        np.zeros(0, np.float32),
    )
    jpeg = encode(np.zeros((256, 640, 3), np.uint8), 90, full_colour=True)
    lanes = {"y_image": y.astype(np.float32), "clear_image": shown.astype(np.bool_)}
    return StoredFrame(jpeg, no_boxes, 0.0, EpisodeInfo("cruise", 0, "clear", "day"), lanes)


def lines(*laterals: float) -> FloatArray:
    """Lines (4, R) that are straight ahead."""
    return np.repeat(np.array(laterals)[:, None], ANCHORS, axis=1)


def test_missing_and_distant_lines_count_as_half_a_lane() -> None:
    truth = lines(5.4, 1.8, -1.8, -5.4)
    shown = np.zeros((4, ANCHORS))
    shown[:, :4] = 1.0  # four points of each line
    found = FixedLines(lines(5.5, 1.5, np.nan, -9.0))  # 0.1 m, 0.3 m, not found, 3.6 m
    expected = (0.1 + 0.3 + MISSED + MISSED) / 4.0
    assert mean_line_error(found, [frame(truth, shown)] * 2) == pytest.approx(expected, abs=1e-6)


def test_a_network_that_finds_nothing_has_the_largest_error() -> None:
    nothing, shown = FixedLines(np.full((4, ANCHORS), np.nan)), np.ones((4, ANCHORS))
    assert mean_line_error(nothing, [frame(lines(5.4, 1.8, -1.8, -5.4), shown)]) == pytest.approx(MISSED)


def test_without_a_shown_line_there_is_no_error() -> None:
    found = FixedLines(lines(5.4, 1.8, -1.8, -5.4))
    assert mean_line_error(found, [frame(found.y, np.zeros((4, ANCHORS)))]) is None
