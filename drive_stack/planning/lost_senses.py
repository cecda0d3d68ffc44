"""Drives more and more slowly while a sense fails or no lane is seen, until it stands."""

from __future__ import annotations

from drive_stack.planning.caps import SpeedCap
from drive_stack.types import Behaviour, PlanningInput

SEEN = 0.2  # confidence from which lanes count as seen
PATIENCE = 0.7  # with lanes that are not seen [s]
SLOWING = 2.0  # without lanes, with all else seen, at first [m/s²]
HOPE = 3.0  # for so long; afterwards too little is known of the lane to take one's time [s]
BLIND_SLOWING = 4.0  # with a sense that fails: the most UN R157 allows in its minimal-risk manoeuvre [m/s²]
AHEAD = 1.0  # what is allowed so much later is asked for now, as the car takes its time to slow [s]


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
        gently = given.fault is None and self._unseen <= HOPE
        slowing = SLOWING if gently else BLIND_SLOWING
        before = given.speed if self._allowed is None else min(self._allowed, given.speed)
        self._allowed = max(before - slowing * self._dt, 0.0)
        what = given.fault or f"no lane seen for {self._unseen:.1f} s"
        reason = f"{what}, stopping in the lane as last known"
        soon = max(self._allowed - slowing * AHEAD, 0.0)
        return (SpeedCap(0.0, float("inf"), soon, reason, Behaviour.STOP),)
