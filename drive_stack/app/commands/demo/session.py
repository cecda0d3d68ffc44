"""A race whose frames carry the captions of its story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drive_stack.app.race import RaceSession
from drive_stack.narration.telling import Narration
from drive_stack.viewer.records import RaceFrame


class NarratedSession:
    """Implements the viewer's `Session` over a race that was driven before and is now shown.

    Drives repeat bit for bit, so the captions of the first drive fit the second.
    """

    def __init__(self, prepare: Callable[[], tuple[RaceSession, Narration]]) -> None:
        """``prepare`` chooses the race; it is called once, before the first frame."""
        self._prepare = prepare
        self._prepared: tuple[RaceSession, Narration] | None = None
        self._is_narrated = True  # the present race is the one that was driven before
        self._start = 0.0  # [s]

    def begin(self) -> None:
        """Choose the race, so that errors appear before a window opens."""
        if self._prepared is None:
            self._prepared = self._prepare()
            self._prepared[0].begin()

    @property
    def dt(self) -> float:
        """Simulated time of one step [s]."""
        return self._session.dt

    @property
    def done(self) -> bool:
        """Whether the race is over and its end was shown."""
        return self._session.done

    def reset(self) -> RaceFrame:
        """Start the race again."""
        frame = self._session.reset()
        self._start = frame.time
        return self._with_captions(frame)

    def step(self) -> RaceFrame:
        """Do one step of every driver."""
        return self._with_captions(self._session.step())

    def next_episode(self) -> RaceFrame | None:
        """There is one race only."""
        return None

    def next_scenario(self) -> RaceFrame:
        """Start a race with the same seed in the next scenario; it has no captions."""
        self._is_narrated = False
        return self._session.next_scenario()

    def close(self) -> None:
        """Free the worlds and the agents."""
        if self._prepared is not None:
            self._session.close()

    @property
    def narration(self) -> Narration:
        """The story of the race."""
        self.begin()
        assert self._prepared is not None
        return self._prepared[1]

    @property
    def _session(self) -> RaceSession:
        self.begin()
        assert self._prepared is not None
        return self._prepared[0]

    def _with_captions(self, frame: RaceFrame) -> RaceFrame:
        if not self._is_narrated:
            return frame
        return replace(
            frame,
            captions=self.narration.until(frame.time - self._start),
            verdict_details=self.narration.details if frame.verdict is not None else (),
        )
