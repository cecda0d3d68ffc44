"""When the next step is due, by the clock on the wall; the simulation never sees that clock."""

from __future__ import annotations

from drive_stack.viewer.records import Playback

PACES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # × real time
_PICTURE = 1.0 / 25.0  # steps are made for at most this long between two pictures [s]
_WINDOW = 1.5  # over which the reached pace is measured [s]
_KEEPS_UP = 0.93  # of the pace asked for; above it nothing is said


class Pacer:
    """Steps of ``dt`` simulated seconds at a chosen pace. Times are of one wall clock [s]."""

    def __init__(self, dt: float, now: float) -> None:
        self._dt = dt
        self._index = PACES.index(1.0)
        self._paused = False
        self.restart(now)

    @property
    def paused(self) -> bool:
        """Whether steps are made only by key."""
        return self._paused

    @property
    def factor(self) -> float:
        """Simulated seconds a second, as asked for."""
        return PACES[self._index]

    @property
    def playback(self) -> Playback:
        """The pace for the screen."""
        behind = self._reached is not None and self._reached < _KEEPS_UP * self.factor
        return Playback(self._paused, self.factor, self._reached if behind else None)

    def restart(self, now: float) -> None:
        """Begin to count afresh, owing nothing."""
        self._next = now + self._dt / self.factor
        self._since, self._steps = now, 0
        self._reached: float | None = None
        self._picture_began: float | None = None

    def pause(self, paused: bool, now: float) -> None:
        """Stop, or go on."""
        self._paused = paused
        self.restart(now)

    def change(self, by: int, now: float) -> None:
        """Take the pace ``by`` places up or down the list."""
        self._index = min(max(self._index + by, 0), len(PACES) - 1)
        self.restart(now)

    def due(self, now: float) -> bool:
        """Whether to step now; after True the step counts as made.

        Says no once a picture's worth of time went into steps, and forgets what is owed then.
        """
        if self._paused or now < self._next:
            self._picture_began = None
            return False
        if self._picture_began is None:
            self._picture_began = now
        elif now - self._picture_began > _PICTURE:
            self._next, self._picture_began = now, None
            return False
        self._next += self._dt / self.factor
        self._steps += 1
        if now - self._since >= _WINDOW:
            self._reached = self._steps * self._dt / (now - self._since)
            self._since, self._steps = now, 0
        return True
