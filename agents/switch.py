"""When something in a driver is replaced during an episode."""

from __future__ import annotations

_ROUNDING = 1e-6  # of sums of time steps [s]


class Switch:
    """Counts the steps of an episode, and is on from a time on.

    Args:
        start: Time since the start of the episode from which it is on [s]; infinite for never.
        dt: Time between two steps [s].
    """

    def __init__(self, start: float, dt: float) -> None:
        self._start, self._dt, self._steps = start, dt, 0

    def reset(self) -> None:
        """Start an episode."""
        self._steps = 0

    def step(self) -> bool:
        """Count a step; returns whether the switch is on in it."""
        is_on = self._steps * self._dt >= self._start - _ROUNDING
        self._steps += 1
        return is_on
