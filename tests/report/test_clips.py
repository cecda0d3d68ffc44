"""Clips of failures: written for failed episodes, complete, and without effect on the results."""

from __future__ import annotations

import itertools
from contextlib import closing
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import Rollout
from drive_stack.report.clips.clip_frame import SIZE
from drive_stack.report.clips.clip_recorder import DURATION, HOLD, Clip, ClipRecorder
from drive_stack.report.clips.last_moment import last_moment
from drive_stack.viewer.video import FPS

CRASH = "stalled_car"


def task(agent: str, scenario: str, *, camera: bool = False) -> BatchTask:
    return BatchTask(
        scenario,
        100_000,
        agent,
        label=agent,
        config_hash="0" * 16,
        privileged=agent == "expert",
        uses_camera=camera,
    )


def drive(batch_task: BatchTask, folder: Path | None) -> EpisodeResult:
    observer = None if folder is None else partial(ClipRecorder, folder)
    return drive_task(build_agent, batch_task, observer=observer)


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> tuple[EpisodeResult, Clip]:
    folder = tmp_path_factory.mktemp("clips")
    result = drive(task("constant", CRASH, camera=True), folder)
    return result, Clip.of(folder, "constant", CRASH, 100_000)


def test_a_crash_is_recorded_to_its_end(crash: tuple[EpisodeResult, Clip]) -> None:
    result, clip = crash
    assert result.status is Status.COLLISION
    with av.open(str(clip.video)) as video:
        images = [image.to_ndarray(format="rgb24") for image in video.decode(video=0)]
    assert images[0].shape == (SIZE[1], SIZE[0], 3)
    assert len(images) == pytest.approx((DURATION + HOLD) * FPS, abs=6)
    assert clip.video.stat().st_size < 800_000
    camera = [image[20:256] for image in images]
    assert camera[0].std() > 10.0  # the image is not empty
    changes = [abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(camera)]
    # until the end all images differ: none was overwritten by a later one, and none is repeated
    assert min(changes[: round(DURATION * FPS) - 1]) > 0.05
    # then the end is held, but for the codec's improvements
    assert np.median(changes[-round(HOLD * FPS) + 2 :]) < 0.05


def test_the_last_moment_contains_the_first_contact(crash: tuple[EpisodeResult, Clip]) -> None:
    result, clip = crash
    moment = clip.read_moment()
    assert moment is not None and moment.hit is not None
    assert (moment.hit.what, moment.hit.side) == ("vehicle", "front")
    assert moment.hit.impact_speed_mps == pytest.approx(result.impact_speed_mps or 0.0, abs=0.01)
    assert moment.time_s == pytest.approx(result.duration_s, abs=0.11)
    nearest = moment.near[0]
    assert nearest.what == "vehicle" and nearest.speed_mps == 0.0 and 0.0 < nearest.ahead_m < 12.0


@pytest.mark.parametrize(("grades", "expected"), [("[]", None), ("[{begins: 0, percent: -2}]", -2.0)])
def test_the_last_moment_says_the_grade_of_the_road(grades: str, expected: float | None) -> None:
    with closing(DrivingEnv(EnvSpec(f"cruise[road.grades={grades}]", camera=False))) as env:
        agent = build_agent("constant", env.platform)
        rollout = Rollout(env, agent, scenario="cruise", seed=100_000)
        assert last_moment(rollout.moment(), ()).grade_percent == expected


def test_recording_a_clip_does_not_change_the_result(tmp_path: Path) -> None:
    batch_task = task("constant", CRASH)
    assert without_times(drive(batch_task, tmp_path)) == without_times(drive(batch_task, None))


def test_a_success_leaves_no_clip(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    assert drive(task("expert", "cruise"), folder).status is Status.COMPLETED
    assert not folder.exists()


def test_scenario_names_with_keys_become_valid_file_names(tmp_path: Path) -> None:
    clip = Clip.of(tmp_path, "modular 2", "cut_in[conditions.weather={fog: 1}; ego.lane=any]", 3)
    assert clip.video.name.startswith("modular-2-") and clip.video.name.endswith("-3.mp4")
    assert set(clip.video.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-")
    signs = [Clip.of(tmp_path, "modular", f"cut_in[ego.offset={offset}]", 3).video for offset in (-1, 1)]
    assert signs[0] != signs[1]
    assert Clip.of(tmp_path, "modular", "cut_in", 3).video.name == "modular-cut_in-3.mp4"
    assert clip.read_moment() is None


def without_times(result: EpisodeResult) -> str:
    return result.to_json().partition('"stages_ms"')[0]
