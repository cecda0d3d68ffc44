"""Drives more and more slowly the longer the lanes have not been seen, until it stands."""

from __future__ import annotations

from drive_stack.planning.caps import SpeedCap
from drive_stack.types import Behaviour, LaneEstimate

SEEN = 0.2  # confidence from which lanes count as seen
PATIENCE = 0.7  # [s]
SLOWING = 2.0  # [m/s²]


class LostLanes:
    """Counts for how long no lane was seen."""

    def __init__(self, dt: float) -> None:
        self._dt = dt
        self.reset()

    def reset(self) -> None:
        """Lanes count as seen."""
        self._unseen = 0.0
        self._speed = 0.0

    def caps(self, lanes: LaneEstimate, speed: float) -> tuple[SpeedCap, ...]:
        """None while lanes are seen; afterwards one that falls to a stop."""
        if lanes.confidence >= SEEN:
            self._unseen = 0.0
            return ()
        if self._unseen <= PATIENCE:
            self._speed = speed
        self._unseen += self._dt
        if self._unseen <= PATIENCE:
            return ()
        allowed = max(self._speed - SLOWING * (self._unseen - PATIENCE), 0.0)
        reason = f"no lane seen for {self._unseen:.1f} s, stopping in the lane as last known"
        return (SpeedCap(0.0, float("inf"), allowed, reason, Behaviour.STOP),)
