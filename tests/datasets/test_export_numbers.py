"""Numbers that exports compute: statistics of features, and paths from speed, curvature and heading."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from drive_stack.datasets.export.lerobot_statistics import RunningStatistics
from drive_stack.datasets.export.source import DriveColumns
from drive_stack.datasets.export.trajectory import trajectory_of


@given(
    arrays.arrays(np.float64, (12, 2), elements=st.floats(-100.0, 100.0)),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_statistics_of_batches_are_those_of_all_values(values: np.ndarray, cuts: list[int]) -> None:
    running = RunningStatistics((2,))
    for start, end in pairwise(sorted({0, 12, *cuts})):
        running.update(values[start:end], 1)
    result = running.result()
    np.testing.assert_allclose(result["mean"], values.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(result["std"], values.std(axis=0), atol=1e-6)
    assert result["min"] == values.min(axis=0).tolist()
    assert result["max"] == values.max(axis=0).tolist()


def test_a_trajectory_around_a_circle_closes() -> None:
    # 100 m radius and 20 m/s: once around takes 2 π · 100 m / 20 m/s = 31.4 s
    time = np.linspace(0.0, 10.0 * np.pi, 401)
    ones = np.ones(401)
    offset = np.where(time < 10.0, 1.0, -1.0)  # changes to the lane at the left, 2 m wide
    path = trajectory_of(_columns(time=time, station=20.0 * time, curvature=0.01 * ones, lane_offset=offset))
    np.testing.assert_allclose(
        path.position[[0, 200, 400]], [[0.0, 0.0], [0.0, 200.0], [0.0, 0.0]], atol=0.02
    )
    assert path.yaw[-1] == pytest.approx(2.0 * np.pi)
    # left is towards the middle of the circle, at (0, 100): the centre of a lane 1 m to the right is at 101 m
    distance = np.hypot(path.lane_centre[:, 0], path.lane_centre[:, 1] - 100.0)
    np.testing.assert_allclose(distance, np.where(time < 10.0, 101.0, 99.0), atol=0.02)
    assert [part.start for part in path.lane_parts] == [0, int(np.argmax(time >= 10.0))]


def _columns(**values: np.ndarray) -> DriveColumns:
    """Columns of a drive at 20 m/s, with the values that are named."""
    zero = np.zeros(len(values["time"]))
    names = (
        "yaw_rate", "station", "lane_offset", "heading_error", "curvature", "lead_gap", "lead_speed",
        "image_age",
    )  # fmt: skip
    defaults = dict.fromkeys(names, zero) | {"speed": zero + 20.0, "speed_limit": zero + 25.0}
    pairs = {name: np.zeros((len(zero), 2)) for name in ("expert", "applied")}
    flags = {"blind_spot": np.zeros((len(zero), 2), bool), "perturbed": zero > 0.0}
    return DriveColumns(**defaults | pairs | flags | {"command": zero.astype(np.int64)} | values)
