"""Plans compared with the car's position and speed a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from drive_stack.geometry import to_world
from drive_stack.types import Plan
from drive_stack.world_state import WorldState

DELAYS = (0.5, 1.0)  # how long after a plan the car is compared with it [s]


@dataclass(frozen=True, slots=True)
class ControlSample:
    """Difference between the car and a plan made ``delay`` before."""

    delay: float  # since the plan was made [s]
    lateral: float  # of the car from the planned position, positive to the left [m]
    speed: float  # of the car minus the planned one [m/s]


@dataclass(frozen=True, slots=True)
class _PlannedState:
    due: float  # [s]
    delay: float  # [s]
    x: float  # world [m]
    y: float
    yaw: float  # world [rad]
    speed: float  # [m/s]


@dataclass(slots=True)
class PendingPlans:
    """Planned states of one episode whose time has not come yet."""

    pending: list[_PlannedState] = field(default_factory=list)

    def add(self, plan: Plan, state: WorldState) -> None:
        """Store what a plan made at ``state`` intends for each of `DELAYS`."""
        ego = state.ego
        world = to_world(plan.positions, np.array([ego.x, ego.y]), ego.yaw)
        for delay in DELAYS:
            if plan.times[-1] >= delay:
                x, y, yaw, speed = (
                    float(np.interp(delay, plan.times, values))
                    for values in (world[:, 0], world[:, 1], np.unwrap(plan.headings) + ego.yaw, plan.speeds)
                )
                self.pending.append(_PlannedState(state.time + delay, delay, x, y, yaw, speed))

    def pop_due(self, state: WorldState) -> Iterator[ControlSample]:
        """Remove the planned states that are due and compare them with ``state``."""
        ego = state.ego
        due = [planned for planned in self.pending if planned.due <= state.time + 1e-6]
        self.pending = [planned for planned in self.pending if planned.due > state.time + 1e-6]
        for planned in due:
            lateral = np.cos(planned.yaw) * (ego.y - planned.y) - np.sin(planned.yaw) * (ego.x - planned.x)
            yield ControlSample(planned.delay, float(lateral), ego.speed - planned.speed)
