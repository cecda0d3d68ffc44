"""Drives more and more slowly while a sense fails or no lane is seen, until it stands."""

from __future__ import annotations

from drive_stack.planning.caps import SpeedCap
from drive_stack.types import Behaviour, PlanningInput

SEEN = 0.2  # confidence from which lanes count as seen
PATIENCE = 0.7  # with lanes that are not seen [s]
SLOWING = 2.0  # without lanes, with all else seen [m/s²]
BLIND_SLOWING = 4.0  # with a sense that fails: the most UN R157 allows in its minimal-risk manoeuvre [m/s²]


class LostSenses:
    """Counts for how long something has been missing."""

    def __init__(self, dt: float) -> None:
        self._dt = dt
        self.reset()

    def reset(self) -> None:
        """All senses are there."""
        self._unseen = 0.0
        self._allowed: float | None = None  # None while nothing is wrong

    def caps(self, given: PlanningInput) -> tuple[SpeedCap, ...]:
        """None while all is seen; afterwards one that falls to a stop."""
        if given.lanes.confidence >= SEEN:
            self._unseen = 0.0
        else:
            self._unseen += self._dt
        if given.fault is None and self._unseen <= PATIENCE:
            self._allowed = None
            return ()
        slowing = SLOWING if given.fault is None else BLIND_SLOWING
        before = given.speed if self._allowed is None else self._allowed
        self._allowed = max(before - slowing * self._dt, 0.0)
        what = given.fault or f"no lane seen for {self._unseen:.1f} s"
        reason = f"{what}, stopping in the lane as last known"
        return (SpeedCap(0.0, float("inf"), self._allowed, reason, Behaviour.STOP),)
