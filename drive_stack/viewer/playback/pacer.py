"""Timing of the steps by the wall clock, which the simulation never reads."""

from __future__ import annotations

from drive_stack.viewer.records import Playback

PLAYBACK_SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # × real time
_MAX_STEP_TIME = 1.0 / 25.0  # at most this long without drawing a frame [s]
_WINDOW = 1.5  # over which the reached speed is measured [s]
_MIN_SPEED_FRACTION = 0.93  # fraction of the requested speed; below it the reached speed is shown


class Pacer:
    """Schedules steps of ``dt`` simulated seconds at a playback speed. Times are of one wall clock [s]."""

    def __init__(self, dt: float, now: float) -> None:
        self._dt = dt
        self._index = PLAYBACK_SPEEDS.index(1.0)
        self._paused = False
        self.restart(now)

    @property
    def paused(self) -> bool:
        """Whether steps are made only by a key press."""
        return self._paused

    @property
    def factor(self) -> float:
        """Requested playback speed [simulated s / s]."""
        return PLAYBACK_SPEEDS[self._index]

    @property
    def playback(self) -> Playback:
        """The playback state for the screen."""
        behind = self._reached is not None and self._reached < _MIN_SPEED_FRACTION * self.factor
        return Playback(self._paused, self.factor, self._reached if behind else None)

    def restart(self, now: float) -> None:
        """Restart the schedule; no step is overdue."""
        self._next = now + self._dt / self.factor
        self._since, self._steps = now, 0
        self._reached: float | None = None
        self._burst_start: float | None = None

    def pause(self, paused: bool, now: float) -> None:
        """Pause or continue."""
        self._paused = paused
        self.restart(now)

    def change(self, by: int, now: float) -> None:
        """Move ``by`` positions in the list of playback speeds."""
        self._index = min(max(self._index + by, 0), len(PLAYBACK_SPEEDS) - 1)
        self.restart(now)

    def due(self, now: float) -> bool:
        """Whether a step is due now; after True, the step counts as made.

        Returns False when steps have taken `_MAX_STEP_TIME` without a frame, and drops overdue steps.
        """
        if self._paused or now < self._next:
            self._burst_start = None
            return False
        if self._burst_start is None:
            self._burst_start = now
        elif now - self._burst_start > _MAX_STEP_TIME:
            self._next, self._burst_start = now, None
            return False
        self._next += self._dt / self.factor
        self._steps += 1
        if now - self._since >= _WINDOW:
            self._reached = self._steps * self._dt / (now - self._since)
            self._since, self._steps = now, 0
        return True
