"""Progress of drives without a window: a bar on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from drive_stack.escaping import visible
from drive_stack.evaluation.batch.progress import format_duration
from drive_stack.viewer.records import RaceFrame, ViewFrame

INTERVAL = 5.0  # between two lines [s]
MIN_TIME = 1.0  # of driving, before the remaining time is estimated [s]

OnFrame = Callable[[ViewFrame | RaceFrame], None]


@dataclass(frozen=True, slots=True)
class DriveState:
    """What one frame says about the progress of a drive, or of the hindmost driver of a race."""

    title: str  # scenario and seed
    episode: int  # from 1
    episodes: int
    route: float  # completed fraction, 0 … 1
    speed: float  # [m/s]

    @property
    def work(self) -> float:
        """Episodes driven so far, the present one by its completed fraction."""
        return self.episode - 1 + self.route

    @property
    def text(self) -> str:
        """Route and speed, such as "42 % of the route, 97 km/h"."""
        return f"{100.0 * self.route:.0f} % of the route, {3.6 * self.speed:.0f} km/h"


def drive_state(frame: ViewFrame | RaceFrame) -> DriveState:
    """The progress that a frame shows; in a race that of the hindmost driver who still drives."""
    drivers = frame.drivers if isinstance(frame, RaceFrame) else (frame,)
    driving = [own for own in drivers if own.outcome is None]
    shown = min(driving, key=route_fraction) if driving else drivers[0]
    title = f"{visible(shown.scenario)}, seed {shown.seed}"
    if shown.episodes > 1:
        title += f" ({shown.episode} of {shown.episodes})"
    fraction = route_fraction(shown) if driving else 1.0  # an episode that is over counts as driven
    return DriveState(title, shown.episode, shown.episodes, fraction, shown.state.ego.speed)


def route_fraction(frame: ViewFrame) -> float:
    """The fraction of the route that the ego has completed, 0 … 1."""
    state = frame.state
    length = state.route_end - state.route_start
    return min(max((state.ego.station - state.route_start) / length, 0.0), 1.0)


class TimeLeft:
    """Estimates the remaining time of a drive from the wall-clock time that its driven part has taken."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start: float | None = None
        self._first_work = 0.0

    def seconds(self, state: DriveState) -> float | None:
        """Wall-clock time to the end of the last episode [s]; None while too little has been driven."""
        if self._start is None:  # what was loaded and compiled before the first frame does not count
            self._start, self._first_work = self._clock(), state.work
            return None
        elapsed, done = self._clock() - self._start, state.work - self._first_work
        if elapsed < MIN_TIME or done <= 0.0:
            return None
        return elapsed / done * (state.episodes - state.work)

    def text(self, state: DriveState) -> str:
        """The remaining time as text, such as "about 12 s left"; empty while it is unknown."""
        left = self.seconds(state)
        return "" if left is None else f"about {format_duration(left)} left"


@contextmanager
def show_drive_progress(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[OnFrame]:
    """Yield a function that shows the progress that each frame has made, on ``console``."""
    time_left = TimeLeft(clock)
    if not console.is_terminal:
        yield _Lines(time_left, console, clock).on_frame
        return
    columns = (
        TextColumn("{task.description}", markup=False),  # names of courses have brackets
        BarColumn(),
        TextColumn("{task.fields[status]}", markup=False),
    )
    # the standard streams stay as they are: results go to standard output, and the bar to standard error
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        task = progress.add_task("starting", total=1.0, status="")

        def on_frame(frame: ViewFrame | RaceFrame) -> None:
            state = drive_state(frame)
            status = ", ".join(filter(None, (state.text, time_left.text(state))))
            progress.update(task, description=state.title, completed=state.route, status=status)

        yield on_frame


class _Lines:
    def __init__(self, time_left: TimeLeft, console: Console, clock: Callable[[], float]) -> None:
        self._time_left, self._console, self._clock = time_left, console, clock
        self._next_time = clock() + INTERVAL

    def on_frame(self, frame: ViewFrame | RaceFrame) -> None:
        state = drive_state(frame)
        left = self._time_left.text(state)
        if self._clock() >= self._next_time:
            line = f"{state.title}: {', '.join(filter(None, (state.text, left)))}"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
            self._next_time = self._clock() + INTERVAL
