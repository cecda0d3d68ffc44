"""Recording: what is planned, and what one recorded episode contains."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording import FrameTask, collect, plan_episodes, record_chunk
from drive_stack.datasets.frames.row import FRAMES, ArrayColumns, BoxColumns, FrameRow
from drive_stack.datasets.frames.selection import PROBABILITY, frame_probability
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.datasets.frames.store import read_frames, read_shards, write_frame_manifest
from drive_stack.datasets.manifest import NAME, shard_entry
from drive_stack.errors import ConfigError
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.support.jpeg import encode
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
    tasks = [FrameTask("cruise", 5, 3, (0.5, 1.0), tmp_path / f"{name}.parquet") for name in ("one", "two")]
    assert record_chunk(tasks, lane_truth) == 6
    write_frame_manifest(tmp_path, [shard_entry(FRAMES, task.path, "cruise", 5) for task in tasks])
    first, second = (read_shards([task.path]) for task in tasks)
    for frame, again in zip(first, second, strict=True):
        assert np.array_equal(frame.jpeg, again.jpeg)
        assert np.array_equal(frame.truth.boxes, again.truth.boxes)
        assert frame.image().shape == (256, 640, 3)
        assert frame.image().std() > 5.0
        assert "offset" in frame.lanes
        inside = (frame.truth.boxes >= 0.0).all() and (frame.truth.boxes[:, 2] <= 640.0).all()
        assert inside
    assert [frame.time for frame in first] == sorted({frame.time for frame in first})


def test_frames_with_pedestrians_and_traffic_are_preferred() -> None:
    state = World(load_scenario("pedestrian_crossing"), 0).state()
    ego, camera = state.ego, CameraModel()

    def pedestrians_at(distance: float) -> WorldState:
        count = len(state.pedestrians.id)
        position = np.array([ego.x, ego.y]) + distance * np.array([np.cos(ego.yaw), np.sin(ego.yaw)])
        pedestrians = replace(state.pedestrians, x=np.full(count, position[0]), y=np.full(count, position[1]))
        vehicles_behind = replace(state.vehicles, x=np.full(len(state.vehicles.id), ego.x - 500.0))
        return replace(state, pedestrians=pedestrians, vehicles=vehicles_behind)

    assert frame_probability(pedestrians_at(40.0), camera) == PROBABILITY["pedestrians"]
    assert frame_probability(pedestrians_at(300.0), camera) == PROBABILITY["nothing"]
    assert frame_probability(pedestrians_at(-40.0), camera) == PROBABILITY["nothing"]


IMAGE = encode(np.full((256, 640, 3), 90, np.uint8), 90, full_colour=True).tobytes()
BOX = BoxColumns(1.0, 2.0, 3.0, 4.0, "car", 0.5, 30.0)
OFFSET = ArrayColumns("offset", "float32", (1,), np.zeros(1, np.float32).tobytes())


def frame(seed: int = 1, time: float = 0.0) -> FrameRow:
    return FrameRow("cruise", seed, time, "clear", "day", IMAGE, (BOX,), (OFFSET,))


def data_set(folder: Path, *seeds: int) -> list[Path]:
    """A shard of two frames for each seed, and the manifest."""
    paths = [folder / f"cruise-{seed:06d}.parquet" for seed in seeds]
    for path, seed in zip(paths, seeds, strict=True):
        FRAMES.write(path, [frame(seed), frame(seed, 0.5)])
    entries = [shard_entry(FRAMES, path, "cruise", seed) for path, seed in zip(paths, seeds, strict=True)]
    write_frame_manifest(folder, entries)
    return paths


def cut_off(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-100])
    return "cut off or not a shard"


def altered(path: Path) -> str:
    FRAMES.write(path, [frame(1), frame(1, 0.7)])
    return "not what the manifest says"


def deleted(path: Path) -> str:
    path.unlink()
    return "no such file"


@pytest.mark.parametrize("corrupt", [cut_off, altered, deleted])
def test_a_shard_that_is_missing_or_corrupt_is_named(tmp_path: Path, corrupt: Callable[[Path], str]) -> None:
    first, second = data_set(tmp_path, 1, 2)
    assert [frame.time for frame in read_frames(tmp_path)] == [0.0, 0.5, 0.0, 0.5]
    problem = corrupt(first)
    for read in (lambda: read_frames(tmp_path), lambda: read_shards([second, first])):
        with pytest.raises(ConfigError, match=f"{first}: {problem}"):
            read()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"boxes": (replace(BOX, visible_fraction=1.5),)},
            "boxes.visible_fraction: 1.5 is not within",
        ),
        ({"boxes": (replace(BOX, label="tank"),)}, "column boxes.label: 'tank' is none of animal, car"),
        ({"lanes": (replace(OFFSET, dtype="object"),)}, "column lanes.dtype: 'object' is none of bool"),
        ({"lanes": (replace(OFFSET, shape=(2,)),)}, "the lanes of row 0: cannot reshape"),
        ({"image": b"words"}, "the image of row 0: not a JPEG stream"),
        ({"seed": 2}, "is of seed 2, and must be of 1 alone"),
    ],
)
def test_invalid_content_is_named(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    path = tmp_path / "cruise-000001.parquet"
    FRAMES.write(path, [replace(frame(), **change)])
    with pytest.raises(ConfigError, match=problem):
        write_frame_manifest(tmp_path, [shard_entry(FRAMES, path, "cruise", 1)])
        read_frames(tmp_path)


def test_collecting_again_lists_what_a_killed_run_recorded(tmp_path: Path) -> None:
    settings = FrameSettings(per_episode=2)
    tasks = plan_episodes(["cruise"], 4, 1, settings, tmp_path)
    for task, path in zip(tasks, data_set(tmp_path, 1, 2), strict=True):
        assert task.path == path
    whole = (tmp_path / NAME).read_text()
    write_frame_manifest(tmp_path, [shard_entry(FRAMES, tasks[0].path, "cruise", 1)])
    collect(tasks, tmp_path, 1, lane_truth)
    assert (tmp_path / NAME).read_text() == whole
    altered(tasks[1].path)
    with pytest.raises(ConfigError, match="not what the manifest says; delete it and collect again"):
        collect(tasks, tmp_path, 1, lane_truth)


def test_scenario_files_with_the_same_stem_have_separate_frames(tmp_path: Path) -> None:
    names = ["a/short.yaml", "b/short.yaml", "cut_in"]
    settings = FrameSettings(per_episode=12)
    tasks = plan_episodes(names, 36, 0, settings, tmp_path)
    assert len({task.path for task in tasks}) == 3 and tasks[2].path.name == "cut_in-000000.parquet"
