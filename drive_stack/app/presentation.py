"""Show a session in a window, record it as a video, or run it without either."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder
from drive_stack.viewer.frame import Renderer
from drive_stack.viewer.records import Frame, PreparedSession, Session
from drive_stack.viewer.video import FPS, OUTCOME_SECONDS, Between, FrameWriter, RecordedSession, Recorder
from drive_stack.viewer.window import Window, display_available

VIDEO_SIZE = (1600, 900)  # width and height [px]


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a session is shown."""

    agents: Sequence[str]
    scenario: str
    seed: int  # of the first episode
    headless: bool
    record: Path | None  # file of the video; None: no video where there is a display
    videos: Path  # folder for the videos of machines without a display
    hold: float = OUTCOME_SECONDS  # for which a video shows the outcome [s]


def present(
    options: Presentation,
    session: PreparedSession[Frame],
    make_renderer: Callable[[int, int], Renderer[Frame]],
    between: Between[Frame],
    progress: AbstractContextManager[Callable[[Frame], None]],
) -> None:
    """Run a session to its end.

    It is shown in a window unless it is headless or there is no display; without a display it is recorded.
    Without a window, ``progress`` receives the frame of every step. A video also shows frames ``between``
    them.

    Raises:
        ConfigError: Where a person is to drive and there is no window, and where the video cannot be written.
    """
    windowed = not options.headless and display_available()
    video = options.record
    if not windowed and "human" in options.agents:
        raise ConfigError("--agent human: needs a window, and there is no display")
    if not windowed and not options.headless:
        video = video or _default_video(options)
        make_folder(video.parent)
    window = Window(make_renderer(*VIDEO_SIZE), driving="human" in options.agents) if windowed else None
    if video is None:
        session.begin()
        _run(session, window, progress)
        return
    with Recorder(video, VIDEO_SIZE, 1.0 / FPS) as recorder:
        session.begin()
        if not windowed and not options.headless:
            print(
                f"no display: driving without a window; the video of it is written to {video}",
                file=sys.stderr,
            )
        writer = FrameWriter(recorder, make_renderer(*VIDEO_SIZE), between, session.dt)
        _run(RecordedSession(session, writer, options.hold), window, progress)
    print(f"video: {video}", file=sys.stderr)


def _default_video(options: Presentation) -> Path:
    agents = "-".join(map(unique_stem, options.agents))
    return options.videos / f"{agents}-{unique_stem(options.scenario)}-{options.seed}.mp4"


def _run(
    session: Session[Frame],
    window: Window[Frame] | None,
    progress: AbstractContextManager[Callable[[Frame], None]],
) -> None:
    """Let the window set the pace of the session, or run it as fast as possible."""
    if window is not None:
        window.run(session)
        return
    with progress as show:
        frame: Frame | None = session.reset()
        while frame is not None:
            show(frame)
            while not session.done:
                show(session.step())
            frame = session.next_episode()
