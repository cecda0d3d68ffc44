"""Videos of drives: H.264 in MP4, playable everywhere, in real time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Generic, Self

import av

from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import new_part, put_in_place, unwritable
from drive_stack.types import Image
from drive_stack.viewer.frame import Renderer
from drive_stack.viewer.records import Frame, Session

QUALITY = 23  # x264's constant rate factor
OUTCOME_SECONDS = 2.5  # how long a film stays on how an episode ended
_SHORT_SIDE = 16  # no codec takes less [px]


class Recorder:
    """Writes pictures to ``path``, one every ``dt`` seconds; use it in a ``with`` statement.

    The file appears under its name only when it is complete, see `drive_stack.support.atomic_files`.
    Pictures lose their last row or column where that makes their size even, as H.264 needs.
    Raises `ConfigError` at once where the file cannot be written.
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

    def write(self, picture: Image) -> None:
        """Add a picture ``(H, W, 3)`` of the size given at the start."""
        even = picture[: self._stream.height, : self._stream.width]
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        self._container.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        """Finish the file; without a single picture there is none."""
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
        self.close()  # what was driven up to an error or Ctrl-C is worth watching too


class RecordedSession(Generic[Frame]):
    """A session that films itself: every frame it hands on is drawn off-screen and written."""

    def __init__(self, session: Session[Frame], recorder: Recorder, renderer: Renderer[Frame]) -> None:
        self._session, self._recorder, self._renderer = session, recorder, renderer

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        return self._session.dt

    @property
    def done(self) -> bool:
        """Whether the present episode is over."""
        return self._session.done

    def reset(self) -> Frame:
        """Begin the present episode, from its start, again."""
        return self._film(self._session.reset())

    def step(self) -> Frame:
        """One agent step; the film stays on the last one of an episode for a while."""
        frame = self._session.step()
        stay = round(OUTCOME_SECONDS / self.dt) if self._session.done else 0
        return self._film(frame, times=1 + stay)

    def next_episode(self) -> Frame | None:
        """Begin the next episode that was asked for; None where none is left."""
        frame = self._session.next_episode()
        return None if frame is None else self._film(frame)

    def next_scenario(self) -> Frame:
        """Begin an episode of the next scenario of the catalogue."""
        return self._film(self._session.next_scenario())

    def _film(self, frame: Frame, times: int = 1) -> Frame:
        picture = self._renderer.draw(frame)
        for _ in range(times):
            self._recorder.write(picture)
        return frame
