"""Videos are complete and playable; invalid paths are refused clearly."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import view_samples

from drive_stack.errors import ConfigError
from drive_stack.viewer.frame import FrameRenderer
from drive_stack.viewer.interpolation.frames import view_between
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.video import FPS, FrameWriter, RecordedSession, Recorder, fractions_of_step


def test_a_video_plays_back_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "drive.mp4"
    with Recorder(path, (65, 49), 1.0 / FPS) as recorder:
        for level in range(12):
            recorder.write(np.full((49, 65, 3), 20 * level, dtype=np.uint8))
        assert not path.exists()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 64, 48)
        assert stream.average_rate == FPS == 30
        means = [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(stream)]
    assert means == pytest.approx([20 * level for level in range(12)], abs=6)
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_driving_leaves_the_video_up_to_it(tmp_path: Path) -> None:
    path = tmp_path / "drive.mp4"

    def drive() -> None:
        with Recorder(path, (64, 48)) as recorder:
            recorder.write(np.zeros((48, 64, 3), dtype=np.uint8))
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        drive()
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 1


def test_without_images_no_file_is_left(tmp_path: Path) -> None:
    with Recorder(tmp_path / "drive.mp4", (64, 48)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "missing/drive.mp4"])
def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--record") as refusal:
        Recorder(tmp_path / name, (64, 48))
    assert "\n" not in str(refusal.value)


class ThreeSteps:
    """A session of hand-made frames."""

    dt = 0.1

    def __init__(self) -> None:
        self.steps = 0

    @property
    def done(self) -> bool:
        return self.steps >= 3

    def reset(self) -> ViewFrame:
        self.steps = 0
        return view_samples.view_frame()

    def step(self) -> ViewFrame:
        self.steps += 1
        return view_samples.view_frame("completed" if self.done else None)

    def next_episode(self) -> ViewFrame | None:
        return None

    def next_scenario(self) -> ViewFrame:
        return self.reset()


def test_a_session_records_itself_and_ends_on_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "drive.mp4"
    renderer = FrameRenderer(960, 600)
    with Recorder(path, (960, 600), 1.0 / FPS) as recorder:
        session = RecordedSession(ThreeSteps(), FrameWriter(recorder, renderer, view_between, 0.1))
        session.reset()
        while not session.done:
            session.step()
        assert session.next_episode() is None
    with av.open(str(path)) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(images) == 1 + 3 * 3 + 3 * 30  # the start, three steps of 0.1 s, and the outcome for 3 s
    assert np.abs(images[9].astype(int) - images[-1]).mean() < 1.0


@pytest.mark.parametrize(
    ("dt", "expected"),
    [
        (0.1, [[1 / 3, 2 / 3, 1.0]] * 2),
        (1 / 30, [[1.0], [1.0]]),
        (1 / 60, [[], [1.0]]),
        (0.05, [[2 / 3], [1 / 3, 1.0]]),  # frames at 1/30 s, 2/30 s and 3/30 s
    ],
)
def test_frames_are_a_thirtieth_of_a_second_apart(dt: float, expected: list[list[float]]) -> None:
    for step, fractions in enumerate(expected):
        assert fractions_of_step(step, dt) == pytest.approx(fractions)
    assert sum(len(fractions_of_step(step, dt)) for step in range(round(20 / dt))) == 600
