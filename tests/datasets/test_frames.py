"""Recording: what is planned, and what one recorded episode holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording import EpisodeTask, plan_episodes, record_chunk
from drive_stack.datasets.frames.selection import CHANCE, chance_of_frame
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.datasets.frames.store import read_shard, shard_paths
from drive_stack.errors import ConfigError
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.world_state import WorldState
from envs.scenarios.scenario import load_scenario
from envs.world import World


def test_plan_takes_scenarios_in_turn_with_rising_seeds() -> None:
    settings = FrameSettings(per_episode=12, times={"b": 2})
    tasks = plan_episodes(["a", "b"], 50, 100, settings, Path("x"))
    assert [(task.scenario, task.seed) for task in tasks] == [
        ("a", 100),
        ("b", 100),
        ("b", 101),
        ("a", 101),
        ("b", 102),
    ]
    assert len({task.path for task in tasks}) == 5


@pytest.mark.slow
def test_recorded_episode_is_labelled_and_repeats(tmp_path: Path) -> None:
    tasks = [EpisodeTask("cruise", 5, 3, (0.5, 1.0), tmp_path / f"{name}.npz") for name in ("one", "two")]
    assert record_chunk(tasks, lane_truth) == 6
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


def test_frames_with_people_and_traffic_are_preferred() -> None:
    state = World(load_scenario("pedestrian_crossing"), 0).state()
    ego, camera = state.ego, CameraModel()

    def people_at(distance: float) -> WorldState:
        count = len(state.pedestrians.id)
        spot = np.array([ego.x, ego.y]) + distance * np.array([np.cos(ego.yaw), np.sin(ego.yaw)])
        people = replace(state.pedestrians, x=np.full(count, spot[0]), y=np.full(count, spot[1]))
        nowhere = replace(state.vehicles, x=np.full(len(state.vehicles.id), ego.x - 500.0))
        return replace(state, pedestrians=people, vehicles=nowhere)

    assert chance_of_frame(people_at(40.0), camera) == CHANCE["people"]
    assert chance_of_frame(people_at(300.0), camera) == CHANCE["nothing"]
    assert chance_of_frame(people_at(-40.0), camera) == CHANCE["nothing"]


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04cut", "an array", "other arrays"])
def test_a_shard_that_is_none_is_named(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "cruise-000001.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "an array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        np.savez(path, meta=np.zeros(3, np.uint8))
    with pytest.raises(ConfigError, match=f"{path}: cut off or not a shard"):
        next(read_shard(path))


def test_what_a_killed_writer_left_is_no_shard(tmp_path: Path) -> None:
    (tmp_path / ".cruise-000001.npz.12345678.part.npz").touch()
    (tmp_path / "cruise-000002.npz").touch()
    assert [path.name for path in shard_paths(tmp_path)] == ["cruise-000002.npz"]


def test_scenario_files_of_one_stem_have_frames_of_their_own(tmp_path: Path) -> None:
    names = ["a/short.yaml", "b/short.yaml", "cut_in"]
    settings = FrameSettings(per_episode=12)
    tasks = plan_episodes(names, 36, 0, settings, tmp_path)
    assert len({task.path for task in tasks}) == 3 and tasks[2].path.name == "cut_in-000000.npz"
