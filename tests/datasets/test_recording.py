"""Recordings: what is written is read back, corrupt shards are named, perturbations are as specified."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from real_episodes import SHORT

from agents.registry import build_agent
from drive_stack.datasets.drives.folder import RecordingFolder, read_entries
from drive_stack.datasets.drives.labelled_frames import FrameLabelling
from drive_stack.datasets.drives.perturbation import MIN_SPEED, Perturbation, PerturbationSettings
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.recording_task import CollectSettings, record_task
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.drives.shard_paths import shard_path
from drive_stack.datasets.frames.store import read_frames
from drive_stack.datasets.manifest import NAME, Manifest, shard_entry, write_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import Status
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters

CAR = VehicleParameters()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("course") / "short.yaml"
    path.write_text(SHORT)
    return path


def record(
    folder: Path,
    course: Path,
    seeds: range,
    settings: CollectSettings,
    labelling: FrameLabelling | None = None,
) -> Manifest:
    entries = []
    for seed in seeds:
        task = BatchTask(str(course), seed, "expert", label="expert", config_hash="hash", privileged=True)
        result = record_task(build_agent, settings, folder, task, labelling=labelling)
        assert result.status is Status.COMPLETED
        entries.append(shard_entry(DRIVES, shard_path(folder, str(course), seed), "short", seed))
    manifest = Manifest(version=DRIVES.version, made_with=settings.model_dump_json(), shards=tuple(entries))
    write_manifest(folder, manifest)
    return manifest


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, course: Path) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    record(folder, course, range(3, 5), CollectSettings())
    return folder


def controls_differ(recording: Recording) -> NDArray[np.bool_]:
    """Whether the applied control differs from the expert's, by row."""
    differ = np.zeros(recording.rows, dtype=bool)
    for name in ("steering_rad", "acceleration_mps2"):
        expert, applied = (
            recording.column(f"{driver}_{name}", np.float32) for driver in ("expert", "applied")
        )
        differ |= expert != applied
    return differ


def test_a_course_with_keys_set_is_recorded_and_listed(tmp_path: Path, course: Path) -> None:
    name = f"{course}[ego.offset=-0.5; ego.yaw_deg=2]"
    task = BatchTask(name, 3, "expert", label="expert", config_hash="hash", privileged=True)
    settings = CollectSettings(every=4)
    result = record_task(build_agent, settings, tmp_path, task)
    row = Row(
        label="expert",
        config_hash="hash",
        code_hash="code",
        versions={},
        lost=False,
        wall_s=0.0,
        result=result,
    )
    RecordingFolder(tmp_path, settings, {row.key: row}).add(row)
    recording = Recording([tmp_path])
    assert recording.column("lane_offset_m", np.float32)[0] == pytest.approx(-0.5, abs=0.05)
    assert recording.column("heading_error_rad", np.float32)[0] == pytest.approx(np.radians(2.0), abs=0.005)


def test_rows_come_back_in_order_with_their_images(plain: Path) -> None:
    recording = Recording([plain])
    assert recording.episodes == 2 and recording.rows == recording.episode_ends[-1]
    steps = np.split(recording.column("step", np.int32), recording.episode_ends[:-1])
    assert all(np.array_equal(part, np.arange(len(part))) for part in steps)
    seeds = np.split(recording.column("seed", np.int32), recording.episode_ends[:-1])
    assert [set(part) for part in seeds] == [{3}, {4}]
    images = list(recording.images(1))
    assert len(images) == len(steps[1])
    assert all(image.shape == (256, 640, 3) and image.std() > 10.0 for image in images)
    assert recording.column("speed_mps", np.float32).min() > 5.0


def test_without_perturbations_the_expert_control_is_applied(plain: Path) -> None:
    recording = Recording([plain])
    assert not controls_differ(recording).any()
    assert set(recording.column("driver", np.str_)) == {"expert"}
    assert not recording.column("perturbed", np.bool_).any()


def test_several_folders_are_read_as_one_and_the_hash_tells_contents(plain: Path) -> None:
    single, double = Recording([plain]), Recording([plain, plain])
    assert double.rows == 2 * single.rows and double.episodes == 2 * single.episodes
    assert np.array_equal(
        double.column("time_s", np.float64), np.tile(single.column("time_s", np.float64), 2)
    )
    assert single.hash != double.hash and single.hash == Recording([plain]).hash


def test_the_same_episode_is_recorded_alike_and_perturbations_show(
    tmp_path: Path, course: Path, plain: Path
) -> None:
    settings = CollectSettings(perturbed=True, every=2)
    first, second = (tmp_path / name for name in ("first", "second"))
    for folder in (first, second):
        folder.mkdir()
        record(folder, course, range(3, 4), settings)
    assert Recording([first]).hash == Recording([second]).hash
    recording = Recording([first])
    assert set(np.diff(recording.column("step", np.int32))) == {2}
    perturbed = recording.column("perturbed", np.bool_)
    assert perturbed.any() and np.array_equal(perturbed, controls_differ(recording))


def test_a_student_drives_in_segments_and_the_expert_labels_every_step(tmp_path: Path, course: Path) -> None:
    record(tmp_path, course, range(1, 5), CollectSettings(student="constant", expert_fraction=0.5))
    recording = Recording([tmp_path])
    assert set(recording.column("driver", np.str_)) == {"expert", "constant"}
    by_student = recording.column("driver", np.str_) == "constant"
    differ = controls_differ(recording)
    assert not differ[~by_student].any() and differ[by_student].any()


def test_labelled_frames_show_the_drive_and_do_not_change_it(
    tmp_path: Path, course: Path, plain: Path
) -> None:
    drives, frames = tmp_path / "drives", tmp_path / "frames"
    drives.mkdir()
    frames.mkdir()
    labelling = FrameLabelling(frames, 0.5, lane_truth)
    manifest = record(drives, course, range(3, 5), CollectSettings(), labelling)
    assert Recording([drives]).hash == Recording([plain]).hash
    labelling.list_frames(manifest.shards)
    labelled = [frame for frame in read_frames(frames) if frame.episode.seed == 4]
    recording = Recording([drives], {shard_path(drives, str(course), 4).name})
    images, offsets = list(recording.images(0)), recording.column("lane_offset_m", np.float64)
    rows = range(0, recording.rows, 5)
    times = recording.column("time_s", np.float64)[rows]
    assert [frame.time for frame in labelled] == times.tolist() and len(labelled) >= 3
    for frame, row in zip(labelled, rows, strict=True):
        difference = np.abs(frame.image().astype(float) - images[row].astype(float)).mean()
        assert difference < 4.0  # of compression
        assert float(frame.lanes["offset"]) == pytest.approx(offsets[row], abs=1e-4)
    manifest_of_one = manifest.model_copy(update={"shards": manifest.shards[:1]})
    (frames / manifest.shards[0].file).unlink()
    with pytest.raises(ConfigError, match="no such file"):
        labelling.list_frames(manifest_of_one.shards)


def cut_off(folder: Path) -> str:
    path = next(folder.glob("*-000003.parquet"))
    path.write_bytes(path.read_bytes()[:-400])
    return "-000003.parquet: cut off or not a shard"


def altered(folder: Path) -> str:
    first, second = sorted(folder.glob("*.parquet"))
    first.write_bytes(second.read_bytes())
    return "-000003.parquet: not what the manifest says"


def deleted(folder: Path) -> str:
    next(folder.glob("*-000004.parquet")).unlink()
    return "-000004.parquet: no such file"


def of_another_version(folder: Path) -> str:
    content = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(content | {"version": 99}))
    return f"schema version 99, but this program reads {DRIVES.version}"


def without_manifest(folder: Path) -> str:
    (folder / NAME).unlink()
    return "holds no recordings"


@pytest.mark.parametrize("corrupt", [cut_off, altered, deleted, of_another_version, without_manifest])
def test_what_is_corrupt_is_named_in_one_line(plain: Path, tmp_path: Path, corrupt: object) -> None:
    for path in plain.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert callable(corrupt)
    problem = corrupt(tmp_path)
    with pytest.raises(ConfigError, match=problem) as caught:
        Recording([tmp_path])
    assert "\n" not in str(caught.value)


def test_a_folder_takes_no_recordings_made_with_other_settings(plain: Path) -> None:
    assert len(read_entries(plain, CollectSettings())) == 2
    with pytest.raises(ConfigError, match="made with other settings"):
        read_entries(plain, CollectSettings(perturbed=True))


def test_images_are_no_plain_column(plain: Path) -> None:
    recording = Recording([plain])
    for name in ("image", "nonsense"):
        with pytest.raises(KeyError):
            recording.column(name, np.float32)
    assert {"image", "expert_steering_rad"} <= set(DRIVES.schema.names)


@given(seed=st.integers(0, 10_000), speed=st.floats(0.0, 45.0))
def test_perturbations_are_triangles_within_their_bounds(seed: int, speed: float) -> None:
    settings = PerturbationSettings(start_probability=1.0)
    perturbation = Perturbation(settings, np.random.default_rng(seed))
    times = np.arange(0.0, 40.0, 0.05)
    controls = [perturbation.apply(Control(0.0, 0.0), float(time), speed, CAR) for time in times]
    steering = np.array([control.steering for control in controls])
    lateral = steering * max(speed, MIN_SPEED) ** 2 / CAR.wheelbase
    longitudinal = np.array([control.acceleration for control in controls])
    assert np.abs(lateral).max() <= settings.lateral[1] + 1e-9
    assert np.abs(longitudinal).max() <= settings.longitudinal[1] + 1e-9
    assert lateral.any() or longitudinal.any()
    # it rises and fades no faster than the sharpest triangle
    steepest = 0.05 / (settings.duration[0] / 2.0)
    assert np.abs(np.diff(lateral)).max() <= steepest * settings.lateral[1] + 1e-9


def test_perturbations_follow_from_the_seed() -> None:
    def controls_of(seed: int) -> list[Control]:
        perturbation = Perturbation(PerturbationSettings(), np.random.default_rng(seed))
        return [perturbation.apply(Control(0.0, 0.0), 0.1 * step, 30.0, CAR) for step in range(300)]

    assert controls_of(1) == controls_of(1) != controls_of(2)
