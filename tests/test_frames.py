"""Recording: what is planned, and what one recorded episode holds."""

from pathlib import Path

import numpy as np
import pytest

from drive_stack.learning.detector_config import FrameSettings
from drive_stack.learning.frame_store import read_shard
from drive_stack.learning.frames import EpisodeTask, plan_episodes, record_chunk


def test_plan_takes_scenarios_in_turn_with_rising_seeds() -> None:
    tasks = plan_episodes(["a", "b"], 50, 100, FrameSettings(per_episode=12), Path("x"))
    assert [(task.scenario, task.seed) for task in tasks] == [
        ("a", 100),
        ("b", 100),
        ("a", 101),
        ("b", 101),
        ("a", 102),
    ]
    assert len({task.path for task in tasks}) == 5


@pytest.mark.slow
def test_recorded_episode_is_labelled_and_repeats(tmp_path: Path) -> None:
    tasks = [EpisodeTask("cruise", 5, 3, (0.5, 1.0), tmp_path / f"{name}.npz") for name in ("one", "two")]
    assert record_chunk(tasks) == 6
    first, second = (list(read_shard(task.path)) for task in tasks)
    for frame, again in zip(first, second, strict=True):
        assert np.array_equal(frame.jpeg, again.jpeg)
        assert np.array_equal(frame.truth.boxes, again.truth.boxes)
        assert frame.image().shape == (256, 640, 3)
        assert frame.image().std() > 5.0
        assert "offset" in frame.lanes
        inside = (frame.truth.boxes >= 0.0).all() and (frame.truth.boxes[:, 2] <= 640.0).all()
        assert inside
    assert [frame.time for frame in first] == sorted({frame.time for frame in first})
