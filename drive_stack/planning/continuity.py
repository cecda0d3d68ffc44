"""The lateral state at which a plan starts, transferred from one plan to the next.

A plan starts at the present point of the last plan, not at the measured position of the car. The controller
corrects the difference, so measurement noise does not disturb the plan (Werling 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.paths import LateralState, Paths
from drive_stack.types import LaneEstimate

DRIFT_CORRECTION = 0.03  # fraction of the difference that is corrected in each step, against drift
MAX_DEVIATION = 0.6  # lateral deviation of the car from the plan, from which planning restarts [m]


@dataclass(frozen=True, slots=True)
class Start:
    """The start of the paths of one step."""

    state: LateralState
    continuation: tuple[float, float] | None  # target and remaining length of the last path [m]
    crossed: int  # number of lanes to the left by which the ego lane has changed since the last plan


class Continuity:
    """Stores the selected path of the last step."""

    def __init__(self, *, plan_is_executed: bool) -> None:
        """Without ``plan_is_executed``, plans start at the measured position, with the last one's curvature.

        The demanded steering then remains constant and does not grow while nobody executes it.
        """
        self._plan_is_executed = plan_is_executed
        self._path: Paths | None = None

    def reset(self) -> None:
        """Discard the last path."""
        self._path = None

    def keep(self, path: Paths) -> None:
        """Store the path selected in this step."""
        self._path = path

    def start(self, lanes: LaneEstimate, travelled: float) -> Start:
        """The start of the paths of this step, ``travelled`` [m] along the last path."""
        measured = LateralState(lanes.offset, float(np.tan(np.clip(lanes.heading, -0.7, 0.7))), 0.0)
        if self._path is None:
            return Start(measured, None, 0)
        at = np.array([[travelled]])
        offset, slope, bend = (float(value[0, 0]) for value in self._path.lateral(at))
        crossed = self._crossed(offset - lanes.offset, lanes)
        moved = -crossed * self._lane_distance(lanes, -crossed)
        offset += moved
        if not self._plan_is_executed:
            return Start(LateralState(measured.offset, measured.slope, bend), None, crossed)
        if abs(offset - lanes.offset) > MAX_DEVIATION:
            return Start(measured, None, crossed)
        target = float(self._path.target[0]) + moved
        remaining = float(self._path.length[0]) - travelled
        offset += DRIFT_CORRECTION * (lanes.offset - offset)
        return Start(LateralState(offset, slope, bend), (target, remaining), crossed)

    @staticmethod
    def _crossed(difference: float, lanes: LaneEstimate) -> int:
        """+1 where the estimated ego lane is now the one left of the former one, −1 right of it, else 0."""
        if abs(difference) < 0.6 * lanes.width:
            return 0
        return 1 if difference > 0.0 else -1

    @staticmethod
    def _lane_distance(lanes: LaneEstimate, side: int) -> float:
        """Distance from the ego lane's centre to that of the lane on its left (side 1) or right [m]."""
        adjacent = lanes.left if side > 0 else lanes.right
        return (
            (lanes.width + adjacent.width) / 2.0 if adjacent.exists and adjacent.width > 0.0 else lanes.width
        )
