"""Decides tick by tick whether an episode ends, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drive_stack.road_map import RoadMap
from drive_stack.world_state import EgoState

from ..contacts import RoadPosition
from ..ego import STATIONARY_SPEED

OFF_ROAD_MARGIN = 0.3  # distance of the ego's centre from the drivable area that ends an episode [m]


@dataclass(slots=True)
class OutcomeMonitor:
    """Finds the outcome of an episode; the first one is final."""

    route_end: float  # station [m]
    stuck_after: float  # stationary time that ends the episode [s]
    time_limit: float  # [s]
    outcome: str | None = None  # "collision", "off_road", "completed", "stuck", "timeout"; None: it goes on
    _stationary_time: float = 0.0  # [s]

    def update(
        self,
        time: float,
        dt: float,
        ego: EgoState,
        road: RoadMap,
        position: RoadPosition,
        *,
        has_contact: bool,
        waits: Callable[[], bool],
    ) -> None:
        """Set the outcome if the episode ends at this tick.

        Args:
            time: Time at the end of the tick [s].
            dt: Duration of the tick [s].
            ego: The ego.
            road: The road.
            position: Position of the centre of the ego's body.
            has_contact: Whether the ego has touched anything since the start of the episode.
            waits: Whether the ego waits for traffic or pedestrians; asked only of a stationary ego, because
                the answer costs computing time.
        """
        self._update_stationary_time(dt, ego, waits)
        if self.outcome is not None:
            return
        if has_contact:
            self.outcome = "collision"
        elif road.distance_off_drivable(position.station, position.lateral) > OFF_ROAD_MARGIN:
            self.outcome = "off_road"
        elif ego.station >= self.route_end:
            self.outcome = "completed"
        elif self._stationary_time >= self.stuck_after:
            self.outcome = "stuck"
        elif time >= self.time_limit - dt / 2.0:
            self.outcome = "timeout"

    def _update_stationary_time(self, dt: float, ego: EgoState, waits: Callable[[], bool]) -> None:
        """Measure for how long the ego has been stationary; time spent waiting in traffic does not count."""
        if ego.speed >= STATIONARY_SPEED:
            self._stationary_time = 0.0
        elif not waits():
            self._stationary_time += dt
