"""Where the plan has the ego beside its lane, carried from one plan to the next.

A plan starts where the last one is by now, not where the car is measured to be: feedback on the
difference is the controller's task, and measurement noise does not shake the plan (Werling 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.paths import LateralState, Paths
from drive_stack.types import LaneEstimate

LEAK = 0.03  # share of the difference taken over each step, so that drift cannot build up
FARTHEST = 0.6  # a plan that far to the side of the car is given up, and begun anew [m]


@dataclass(frozen=True, slots=True)
class Start:
    """Where this step's paths begin."""

    state: LateralState
    going_on: tuple[float, float] | None  # target and remaining length of the path under way
    crossed: int  # lanes to the left by which the ego's lane has changed since the last plan


class Continuity:
    """Remembers the chosen path."""

    def __init__(self, *, followed: bool) -> None:
        """Where plans are not ``followed``, the next begins where the car is, bent as the last one is by
        now: what is asked for then lasts, and grows no further, for as long as nobody does it."""
        self._followed = followed
        self._path: Paths | None = None

    def reset(self) -> None:
        """Forget the last path."""
        self._path = None

    def keep(self, path: Paths) -> None:
        """Remember the path chosen in this step."""
        self._path = path

    def start(self, lanes: LaneEstimate, travelled: float) -> Start:
        """The start of this step's paths, ``travelled`` [m] along the last one."""
        measured = LateralState(lanes.offset, float(np.tan(np.clip(lanes.heading, -0.7, 0.7))), 0.0)
        if self._path is None:
            return Start(measured, None, 0)
        at = np.array([[travelled]])
        offset, slope, bend = (float(value[0, 0]) for value in self._path.lateral(at))
        crossed = self._crossed(offset - lanes.offset, lanes)
        moved = -crossed * self._lane_distance(lanes, -crossed)
        offset += moved
        if not self._followed:
            return Start(LateralState(measured.offset, measured.slope, bend), None, crossed)
        if abs(offset - lanes.offset) > FARTHEST:
            return Start(measured, None, crossed)
        target = float(self._path.target[0]) + moved
        left = float(self._path.length[0]) - travelled
        offset += LEAK * (lanes.offset - offset)
        return Start(LateralState(offset, slope, bend), (target, left), crossed)

    @staticmethod
    def _crossed(difference: float, lanes: LaneEstimate) -> int:
        """+1 where the lane estimate now speaks of the lane to the left of the one before, −1 right."""
        if abs(difference) < 0.6 * lanes.width:
            return 0
        return 1 if difference > 0.0 else -1

    @staticmethod
    def _lane_distance(lanes: LaneEstimate, side: int) -> float:
        """Between the centres of the present lane and the one left (side 1) or right of it [m]."""
        beside = lanes.left if side > 0 else lanes.right
        return (lanes.width + beside.width) / 2.0 if beside.exists and beside.width > 0.0 else lanes.width
