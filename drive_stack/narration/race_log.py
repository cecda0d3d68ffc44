"""What is kept of a race while it is driven, so that it can be narrated afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.types import Track
from drive_stack.viewer.headline import Headline
from drive_stack.viewer.records import RaceFrame, ViewFrame
from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one driver."""

    elapsed: float  # since the start of the race [s]
    state: WorldState
    headline: Headline | None
    tracks: tuple[Track, ...]
    outcome: str | None  # how the drive ended; None while it lasts


class RaceLog:
    """Keeps the steps of each driver of a race, without the images."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._steps: list[list[Step]] = []

    def observe(self, frame: RaceFrame) -> None:
        """Add one frame; drivers that have ended are left out from then on."""
        if self._start is None:
            self._start = frame.time
            self._steps = [[] for _ in frame.drivers]
        for driver, steps in zip(frame.drivers, self._steps, strict=True):
            if not steps or steps[-1].outcome is None:
                steps.append(_step(driver, driver.state.time - self._start))

    @property
    def drivers(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each driver, in the order of the race."""
        return tuple(map(tuple, self._steps))


def _step(frame: ViewFrame, elapsed: float) -> Step:
    tracks = () if frame.trace is None else frame.trace.tracks
    return Step(elapsed, frame.state, frame.headline, tracks, frame.outcome)
