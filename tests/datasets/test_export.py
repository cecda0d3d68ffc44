"""Exported recordings hold the recorded numbers and images, and each library opens its own format."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_shards import ACTOR, picture, write_drive, write_listed
from synthetic_rows import row

import run_sim
from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.export import lerobot_files
from drive_stack.datasets.export.formats import FORMATS, export
from drive_stack.datasets.export.rewards import transitions_of
from drive_stack.datasets.export.source import RecordedDrives
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.frames.store import MADE_WITH
from drive_stack.datasets.manifest import Manifest, write_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME as ROWS


@pytest.fixture
def drives_folder(tmp_path: Path) -> Path:
    """Two drives: four rows of ``cruise``, which arrives, and three of ``merge``, which hits something."""
    folder = tmp_path / "drives"
    folder.mkdir()
    cruise = write_drive(
        folder,
        "cruise",
        3,
        4,
        speed_mps=[20.0, 21.0, 22.0, 23.0],
        # 25 m/s allow 5 m in 0.2 s: 4 m are 0.8, 6 m are more than all, and −1 m is nothing
        station_m=[100.0, 104.0, 110.0, 109.0],
        weather=["rain"] * 4,
        command=[0, 1, 2, 0],
        blind_spot_left=[False, True, False, False],
        expert_steering_rad=[0.0, 0.1, -0.1, 0.25],
        expert_acceleration_mps2=[0.0, 1.5, -4.0, 0.0],
        applied_steering_rad=[0.0, 0.2, -0.2, 0.5],
        applied_acceleration_mps2=[3.0, 1.5, -8.0, -4.0],
        other_actors=[[], [ACTOR, ACTOR], [], [ACTOR]],
        lead_gap_m=[None, 30.0, None, None],
    )
    merge = write_drive(folder, "merge", 4, 3, station_m=[0.0, 2.5, 5.0])
    write_listed(folder, cruise, merge, settings=CollectSettings(every=2))
    results = [row("expert", "cruise", 3), row("expert", "merge", 4, "hit")]
    (folder / ROWS).write_text("".join(result.to_json() + "\n" for result in results))
    return folder


LIBRARIES = {"lerobot": "pyarrow", "minari": "minari", "rerun": "rerun"}


def exported(folder: Path, name: str) -> Path:
    """The export of a recording to a folder next to it; checks that the progress reaches the end."""
    pytest.importorskip(LIBRARIES[name])
    out, drives = folder.parent / "out", RecordedDrives(folder)
    counts: list[int] = []
    export(drives, name, out, counts.append)
    assert sum(counts) == drives.rows == 7
    return out


def test_a_lerobot_dataset_holds_the_recorded_frames(drives_folder: Path) -> None:
    out = exported(drives_folder, "lerobot")
    frames = pq.read_table(out / "data/chunk-000/file-000.parquet")
    assert [image["bytes"] for image in frames["observation.images.front"].to_pylist()[:4]] == [
        picture(level) for level in (0, 20, 40, 60)
    ]
    assert frames["observation.state"].to_pylist()[:2] == [
        [20.0, 0.0, 0.0, 0.0, 25.0, 0.0, 1.0],
        [21.0, 0.0, 1.0, 0.0, 25.0, 1.0, 1.0],
    ]
    np.testing.assert_allclose(frames["action"].to_pylist()[1], [0.1, 1.5], rtol=1e-6)
    np.testing.assert_allclose(frames["applied_control"].to_pylist()[2], [-0.2, -8.0], rtol=1e-6)
    np.testing.assert_allclose(frames["timestamp"].to_numpy(), [0.0, 0.2, 0.4, 0.6, 0.0, 0.2, 0.4], atol=1e-6)
    for name, values in {
        "frame_index": [0, 1, 2, 3, 0, 1, 2],
        "episode_index": [0, 0, 0, 0, 1, 1, 1],
        "index": [0, 1, 2, 3, 4, 5, 6],
        "task_index": [0, 0, 0, 0, 1, 1, 1],
    }.items():
        assert frames[name].to_pylist() == values, name


def test_the_metadata_of_a_lerobot_dataset_describe_its_files(drives_folder: Path) -> None:
    out = exported(drives_folder, "lerobot")
    info = json.loads((out / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"]) == ("v3.0", 5)
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (2, 7, 2)
    columns = set(pq.read_schema(out / "data/chunk-000/file-000.parquet").names)
    assert set(info["features"]) == columns
    assert (
        len(info["features"]["observation.state"]["names"])
        == info["features"]["observation.state"]["shape"][0]
    )
    episodes = pq.read_table(out / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(e["dataset_from_index"], e["dataset_to_index"]) for e in episodes] == [(0, 4), (4, 7)]
    assert [(e["scenario"], e["seed"], e["status"]) for e in episodes] == [
        ("cruise", 3, "completed"),
        ("merge", 4, "collision"),
    ]
    tasks = pq.read_table(out / "meta/tasks.parquet").to_pylist()
    assert [[task["task"]] for task in tasks] == [e["tasks"] for e in episodes]
    speed = json.loads((out / "meta/stats.json").read_text())["observation.state"]
    assert (speed["min"][0], speed["max"][0], speed["count"]) == (0.0, 23.0, [7])
    assert speed["mean"][0] == pytest.approx(86.0 / 7.0)


def test_a_large_data_file_gets_no_further_episode(
    drives_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lerobot_files, "DATA_FILE_MB", 0)
    monkeypatch.setattr(lerobot_files, "CHUNK_FILES", 1)
    out = exported(drives_folder, "lerobot")
    assert pq.read_metadata(out / "data/chunk-000/file-000.parquet").num_rows == 4
    assert pq.read_metadata(out / "data/chunk-001/file-000.parquet").num_rows == 3
    episodes = pq.read_table(out / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(e["data/chunk_index"], e["data/file_index"]) for e in episodes] == [(0, 0), (1, 0)]


@pytest.mark.slow
def test_lerobot_opens_its_dataset(drives_folder: Path) -> None:
    dataset = pytest.importorskip("lerobot.datasets.lerobot_dataset", exc_type=(ImportError, RuntimeError))
    opened = dataset.LeRobotDataset("drive_stack/test", root=exported(drives_folder, "lerobot"))
    assert (len(opened), opened.num_episodes, opened.fps) == (7, 2, 5)
    frame = opened[5]
    assert frame["observation.images.front"].shape == (3, 256, 640)
    assert frame["task"].endswith("merge.")
    np.testing.assert_allclose(opened[1]["action"], [0.1, 1.5], rtol=1e-6)


def test_minari_opens_its_dataset(drives_folder: Path) -> None:
    minari = pytest.importorskip("minari")
    dataset = minari.MinariDataset(exported(drives_folder, "minari") / "data")
    assert (dataset.total_episodes, dataset.total_steps) == (2, 5)
    cruise, merge = dataset.iterate_episodes()
    # full throttle is 3 m/s², full braking −8 m/s², and full steering 0.5 rad
    np.testing.assert_allclose(cruise.actions, [[0.0, 1.0], [0.4, 0.5], [-0.4, -1.0]], rtol=1e-6)
    np.testing.assert_allclose(
        cruise.infos["expert_action"][:3], [[0.0, 0.0], [0.2, 0.5], [-0.2, -0.5]], rtol=1e-6
    )
    np.testing.assert_allclose(cruise.rewards, [0.8, 1.0, 0.0])
    np.testing.assert_allclose(merge.rewards, [0.5, -10.0])
    for episode in (cruise, merge):
        assert episode.terminations.tolist() == [False] * (len(episode) - 1) + [True]
        assert not episode.truncations.any()
    assert len(cruise.observations["image"]) == 4
    assert abs(int(cruise.observations["image"][2].mean()) - 40) <= 1
    for step in range(4):
        assert dataset.observation_space.contains({k: v[step] for k, v in cruise.observations.items()})
    assert cruise.observations["rain"].tolist() == [1, 1, 1, 1]


def test_minari_makes_the_environment_of_a_recording_again(drives_folder: Path) -> None:
    minari = pytest.importorskip("minari")
    dataset = minari.MinariDataset(exported(drives_folder, "minari") / "data")
    first, second = dataset.storage.get_episode_metadata([0, 1])
    assert (first["seed"], first["options"]) == (3, {"scenario": "cruise"})
    env = dataset.recover_environment()
    assert (env.observation_space, env.action_space) == (dataset.observation_space, dataset.action_space)
    assert env.unwrapped.platform.dt == pytest.approx(0.2)
    env.close()
    undrawn = dataset.recover_environment(camera=False)
    undrawn.reset(seed=second["seed"], options=second["options"])
    assert undrawn.unwrapped.scenario.name == "merge"
    undrawn.close()


def test_rerun_opens_its_recordings(drives_folder: Path) -> None:
    chunk = pytest.importorskip("rerun.chunk")
    out = exported(drives_folder, "rerun")
    assert sorted(path.name for path in out.iterdir()) == ["cruise-000003.rrd", "merge-000004.rrd"]
    reader = chunk.RrdReader(out / "cruise-000003.rrd")
    assert len(reader.recordings()) == len(reader.blueprints()) == 1
    moving, static = {}, {}
    for part in reader.stream().to_chunks():
        kind = static if part.is_static else moving
        kind.setdefault(part.entity_path, []).append(part.to_record_batch())
    moving = {path: batches[0] for path, batches in moving.items()}
    # a point 10 m ahead of the camera, 1 m to the left and 0.5 m up: where the camera model projects it
    axes, mount = (
        next(
            batch.column(name)[0].as_py()[0]
            for batch in static["/world/ego/camera"]
            if name in batch.schema.names
        )
        for name in ("Transform3D:mat3x3", "Transform3D:translation")
    )
    point = np.array([11.7, 1.0, 1.9])
    right, down, ahead = np.reshape(axes, (3, 3)) @ (point - mount)  # the columns of the matrix are the axes
    u, v, depth = CameraModel().project(point[None])[0]
    assert (CameraModel().focal_px * right / ahead + 320.0, ahead) == (pytest.approx(u), pytest.approx(depth))
    assert CameraModel().focal_px * down / ahead + 128.0 == pytest.approx(v)
    images = moving["/world/ego/camera"].column("EncodedImage:blob").to_pylist()
    assert [bytes(image[0]) for image in images] == [picture(level) for level in (0, 20, 40, 60)]
    boxes = moving["/world/ego/actors"].column("Boxes3D:centers").to_pylist()
    assert [len(row) for row in boxes] == [0, 2, 0, 1]
    np.testing.assert_allclose(boxes[3][0], [1.0, 1.0, 0.5])
    speeds = moving["/signals/speed/ego"]
    assert speeds.column("Scalars:scalars").to_pylist() == [[20.0], [21.0], [22.0], [23.0]]
    times = speeds.column("time").to_numpy(zero_copy_only=False) / np.timedelta64(1, "s")
    np.testing.assert_allclose(times, [0.0, 0.2, 0.4, 0.6])


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_left_of_an_export_that_fails(drives_folder: Path, name: str) -> None:
    pytest.importorskip(LIBRARIES[name])
    drives = RecordedDrives(drives_folder)
    shard = drives_folder / "merge-000004.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    before = sorted(drives_folder.parent.iterdir())
    with pytest.raises(ConfigError, match="merge-000004"):
        export(drives, name, drives_folder.parent / "out", lambda _: None)
    assert sorted(drives_folder.parent.iterdir()) == before


def test_without_a_result_the_end_of_a_drive_is_not_known(drives_folder: Path) -> None:
    (drives_folder / "rows.jsonl").unlink()
    cruise, merge = (transitions_of(episode) for episode in RecordedDrives(drives_folder))
    assert (cruise.terminated, cruise.truncated) == (merge.terminated, merge.truncated) == (False, True)
    np.testing.assert_allclose(merge.rewards, [0.5, 0.5])


def uneven(folder: Path) -> Path:
    entry = write_drive(folder, "cruise", 0, 4, time_s=[0.0, 0.2, 0.4, 0.7])
    return write_listed(folder, entry).parent


def every_third(folder: Path) -> Path:
    entry = write_drive(folder, "cruise", 0, 2, time_s=[0.0, 0.3])
    return write_listed(folder, entry).parent


def one_row(folder: Path) -> Path:
    return write_listed(folder, write_drive(folder, "cruise", 0, 1)).parent


def frames(folder: Path) -> Path:
    write_manifest(folder, Manifest(version=FRAMES.version, made_with=MADE_WITH, shards=()))
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (uneven, "its rows are not 1/5 s apart"),
        (every_third, "has 3.33 rows per second"),
        (one_row, "no episode has two rows"),
        (lambda folder: write_listed(folder).parent, "lists no episodes"),
        (lambda folder: folder, "holds no recordings"),
        (frames, "holds labelled frames"),
    ],
)
def test_a_recording_that_cannot_be_exported_is_named_in_one_line(
    make: Callable[[Path], Path], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(make(tmp_path)), "--to", "lerobot", "--out", str(tmp_path / "out")]
    assert run_sim.main(words) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_wrote(drives_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = drives_folder.parent / "results" / "lerobot"
    words = ["export", str(drives_folder), "--to", "lerobot", "--out", str(out)]
    assert run_sim.main(words) == 0
    assert capsys.readouterr().out == f"7 rows of 2 episodes as lerobot in {out}\n"
    assert run_sim.main(words) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_missing_package_is_named_with_its_extra(
    drives_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    monkeypatch.delitem(sys.modules, "drive_stack.datasets.export.rerun_format", raising=False)
    out = drives_folder.parent / "out"
    assert run_sim.main(["export", str(drives_folder), "--to", "rerun", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "--to rerun: needs rerun" in error
    assert "[rerun]" in error
