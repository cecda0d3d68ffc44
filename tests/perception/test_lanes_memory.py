"""Decoded measurements of the lane network, and the memory of lane ends and of lines that may be crossed."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_measurements import GRID, measured_ends

from drive_stack.perception.lanes_memory import CrossableLines, LaneEnds, LogOddsFilter
from drive_stack.perception.lanes_network import END_RANGE, LINES_RANGE, decode
from drive_stack.types import FloatArray


def test_heat_decodes_to_positions_between_bins() -> None:
    heat = np.zeros((4, GRID.rows, GRID.bins), dtype=np.float32)
    position = 1.7  # between the centres of bins 56 and 57
    fraction = (GRID.bin_centres[56] - position) / GRID.bin_width
    heat[1, :, 56], heat[1, :, 57] = 1.0 - fraction, fraction
    present = np.zeros((4, GRID.rows), dtype=np.float32)
    present[1, :10] = present[1, -1] = 0.9
    half = np.full((5, GRID.rows + 2), 0.5, dtype=np.float32)
    measurement = decode((heat, present, half[0, :2], half[:2, :-2], half[:3]), GRID)
    assert measurement.y[1, :10] == pytest.approx(position, abs=1e-5)
    assert np.isnan(measurement.y[[0, 2, 3]]).all() and np.isnan(measurement.y[1, 10:]).all()
    assert GRID.anchors[-1] > LINES_RANGE  # so the last anchor is too far away to be used
    assert (measurement.sigma[1, :10] < 0.05).all()


@pytest.mark.parametrize(("lines", "blur", "expected"), [(4, 1, 1.0), (2, 1, 1.0), (2, 40, 0.2), (0, 1, 0.0)])
def test_visibility_measures_how_distinct_lines_are(lines: int, blur: int, expected: float) -> None:
    heat = np.zeros((4, GRID.rows, GRID.bins), dtype=np.float32)
    heat[:, :, 40 : 40 + blur] = 1.0 / blur
    present = np.zeros((4, GRID.rows), dtype=np.float32)
    present[:lines] = 1.0
    zeros = np.zeros((5, GRID.rows + 2), dtype=np.float32)
    measurement = decode((heat, present, zeros[0, :2], zeros[:2, :-2], zeros[:3]), GRID)
    assert measurement.visibility == pytest.approx(expected, abs=0.1)


def test_the_log_odds_filter_needs_more_than_one_image_to_change() -> None:
    exists = LogOddsFilter(1)
    for _ in range(10):
        exists.update(np.array([0.95]))
    exists.update(np.array([0.05]))
    assert exists.likely == (True,)
    for _ in range(10):
        exists.update(np.array([0.05]))
    assert exists.likely == (False,)


def test_a_lane_end_comes_nearer_as_the_ego_drives() -> None:
    ends, rng = LaneEnds(END_RANGE), np.random.default_rng(7)
    for step in range(30):
        ends.predict(2.0)
        noisy = 150.0 - 2.0 * step + 6.0 * float(rng.normal())
        ends.update(measured_ends((np.inf, noisy, np.inf)), GRID.anchors)
    assert ends.distances()[0] == ends.distances()[2] == np.inf
    assert ends.distances()[1] == pytest.approx(92.0, abs=5.0)
    ends.change_lane(1)
    assert ends.distances()[1] == np.inf
    assert ends.distances()[2] == pytest.approx(92.0, abs=5.0)


def test_one_false_measurement_ends_no_lane() -> None:
    ends = LaneEnds(END_RANGE)
    for _ in range(10):
        ends.predict(2.0)
        ends.update(measured_ends((np.inf, np.inf, np.inf)), GRID.anchors)
    ends.update(measured_ends((np.inf, 60.0, np.inf)), GRID.anchors)
    assert ends.distances() == (np.inf,) * 3


def test_lasting_uncertainty_ends_no_lane() -> None:
    ends, uncertain = LaneEnds(END_RANGE), measured_ends((np.inf, 130.0, np.inf))
    uncertain[1] = 0.4 * uncertain[1] + 0.6 * uncertain[0]
    for _ in range(100):
        ends.predict(1.5)
        ends.update(uncertain, GRID.anchors)
    assert ends.distances() == (np.inf,) * 3


def test_an_end_beyond_the_anchors_is_known_to_be_far() -> None:
    ends = LaneEnds(END_RANGE)
    for _ in range(15):
        ends.update(measured_ends((np.inf, 200.0, np.inf)), GRID.anchors)
    assert GRID.max_distance < ends.distances()[1] < END_RANGE


def test_an_end_that_is_passed_is_forgotten() -> None:
    ends = LaneEnds(END_RANGE)
    for step in range(40):
        ends.predict(2.0)
        remaining = 60.0 - 2.0 * step
        ends.update(measured_ends((np.inf, remaining if remaining > 8.0 else np.inf, np.inf)), GRID.anchors)
    assert ends.distances()[1] == np.inf


def barrier(until: float) -> FloatArray:
    """Probabilities ``(2, R)``: no crossing on the left before ``until`` [m], none on the right."""
    return np.stack([np.where(GRID.anchors < until, 0.1, 0.9), np.full(GRID.rows, 0.1)])


def test_a_line_may_be_crossed_once_the_barrier_is_passed() -> None:
    lines = CrossableLines()
    assert lines.at_ego == (False, False)
    crossable = []
    for step in range(30):
        lines.update(barrier(40.0 - 2.0 * step), GRID.anchors)
        crossable.append(lines.at_ego)
        lines.predict(2.0)
    opened = next(step for step, (left, _) in enumerate(crossable) if left)
    assert 40.0 - 2.0 * opened == pytest.approx(0.0, abs=6.0)
    assert not any(right for _, right in crossable)


def test_a_standing_car_uses_the_nearest_measured_part_of_a_line() -> None:
    lines = CrossableLines()
    for _ in range(5):
        lines.predict(0.0)
        lines.update(barrier(0.0), GRID.anchors)
    assert lines.at_ego == (True, False)


def test_the_line_that_was_crossed_may_be_crossed_back() -> None:
    lines = CrossableLines()
    for _ in range(10):
        lines.update(barrier(0.0), GRID.anchors)
        lines.predict(2.0)
    lines.change_lane(1)
    assert lines.at_ego == (False, True)
