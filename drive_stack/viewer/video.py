"""Videos of drives: H.264 in MP4, in real time, with frames between the steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, Self

import av

from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import new_part, put_in_place, unwritable
from drive_stack.types import Image
from drive_stack.viewer.records import Frame, FrameDrawn_contra, Session

QUALITY = 23  # x264's constant rate factor
FPS = 30  # frames per second of a session that records itself
OUTCOME_SECONDS = 3.0  # duration for which a video shows the outcome of an episode
_SHORT_SIDE = 16  # the smallest side that the codec accepts [px]


class Recorder:
    """Writes images to the video ``path``, one every ``dt`` seconds; use it in a ``with`` statement.

    The file appears under its name only when it is complete, see `drive_stack.support.atomic_files`.
    H.264 needs even sizes, so the last row or column of an odd-sized image is cropped.
    The constructor raises `ConfigError` if the file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], dt: float = 0.1, *, quality: int = QUALITY) -> None:
        width, height = size[0] // 2 * 2, size[1] // 2 * 2
        if min(width, height) < _SHORT_SIDE:
            raise ValueError(f"a video of {size[0]} × {size[1]} pixels is too small")
        if path.is_dir():
            raise ConfigError(f"--record {path}: is a folder; name a file such as {path / 'drive.mp4'}")
        self.path = path
        try:
            self._part = new_part(path)
            self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        except ConfigError as error:
            raise ConfigError(f"--record {error}") from None
        rate = Fraction(1.0 / dt).limit_denominator(1000)
        self._stream = self._container.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": str(quality), "preset": "veryfast"}
        self._frames = 0

    def write(self, image: Image) -> None:
        """Add an image ``(H, W, 3)`` of the size that the constructor got."""
        cropped = image[: self._stream.height, : self._stream.width]
        frame = av.VideoFrame.from_ndarray(cropped, format="rgb24")
        self._container.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        """Finish the file; without any image, no file is left."""
        try:
            if self._frames:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if self._frames:
                put_in_place(self._part, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from None
        finally:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()  # the video up to an error or Ctrl-C is useful too


Between = Callable[[Frame, Frame, float], Frame]
"""Makes the frame at a fraction 0 … 1 of the time from one step to the next."""


class Drawing(Protocol[FrameDrawn_contra]):
    """Draws frames of one type as images of one size."""

    def draw(self, frame: FrameDrawn_contra) -> Image:
        """Draw a frame; returns the image ``(H, W, 3)``, whose memory the next call may overwrite."""
        ...


class FrameWriter(Generic[Frame]):
    """Writes the frames of steps ``dt`` s apart, and those ``between`` them, to a video of `FPS`."""

    def __init__(
        self, recorder: Recorder, renderer: Drawing[Frame], between: Between[Frame], dt: float
    ) -> None:
        self._recorder, self._renderer, self._between, self._dt = recorder, renderer, between, dt

    def begin(self, frame: Frame) -> None:
        """Write the first frame of an episode."""
        self._last, self._step = frame, 0
        self._recorder.write(self._renderer.draw(frame))

    def add(self, frame: Frame) -> None:
        """Write what the video shows up to the next step, whose frame this is."""
        for fraction in fractions_of_step(self._step, self._dt):
            shown = frame if fraction == 1.0 else self._between(self._last, frame, fraction)
            self._recorder.write(self._renderer.draw(shown))
        self._last, self._step = frame, self._step + 1

    def hold(self, seconds: float) -> None:
        """Show the frame of the last step for longer."""
        image = self._renderer.draw(self._last)
        for _ in range(round(seconds * FPS)):
            self._recorder.write(image)


def fractions_of_step(step: int, dt: float) -> list[float]:
    """At which fractions, 0 < … ≤ 1, of step number ``step`` of ``dt`` seconds a video shows frames."""
    first, last = (math.floor(number * dt * FPS + 1e-6) for number in (step, step + 1))
    fractions = (number / (dt * FPS) - step for number in range(first + 1, last + 1))
    return [1.0 if fraction > 1.0 - 1e-6 else fraction for fraction in fractions]


class RecordedSession(Generic[Frame]):
    """A session that records itself; the video shows each outcome for ``hold`` seconds."""

    def __init__(
        self, session: Session[Frame], writer: FrameWriter[Frame], hold: float = OUTCOME_SECONDS
    ) -> None:
        self._session, self._writer, self._hold = session, writer, hold

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        return self._session.dt

    @property
    def done(self) -> bool:
        """Whether the current episode has ended and its end was shown."""
        return self._session.done

    def reset(self) -> Frame:
        """Restart the current episode."""
        return self._begun(self._session.reset())

    def step(self) -> Frame:
        """Make one step of the session."""
        frame = self._session.step()
        self._writer.add(frame)
        if self._session.done:
            self._writer.hold(self._hold)
        return frame

    def next_episode(self) -> Frame | None:
        """Start the next requested episode; None if none remains."""
        frame = self._session.next_episode()
        return None if frame is None else self._begun(frame)

    def next_scenario(self) -> Frame:
        """Start an episode of the next scenario in the catalogue."""
        return self._begun(self._session.next_scenario())

    def _begun(self, frame: Frame) -> Frame:
        self._writer.begin(frame)
        if self._session.done:
            self._writer.hold(self._hold)
        return frame
