"""What became of a plan: where the car was, and how fast, a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from drive_stack.geometry import to_world
from drive_stack.types import Plan
from drive_stack.world_state import WorldState

LATER = (0.5, 1.0)  # [s]


@dataclass(frozen=True, slots=True)
class ControlSample:
    """The car against a plan made a moment before."""

    after: float  # since the plan was made [s]
    lateral: float  # the car left of the plan [m]
    speed: float  # the car faster than the plan [m/s]


@dataclass(frozen=True, slots=True)
class _Promise:
    due: float  # [s]
    after: float  # [s]
    x: float  # world [m]
    y: float
    yaw: float  # world [rad]
    speed: float  # [m/s]


@dataclass(slots=True)
class Promises:
    """Plans of one episode that wait for their time."""

    waiting: list[_Promise] = field(default_factory=list)

    def add(self, plan: Plan, state: WorldState) -> None:
        """A plan made now. What is planned is planned anew each step: the errors hold both."""
        ego = state.ego
        world = to_world(plan.positions, np.array([ego.x, ego.y]), ego.yaw)
        for after in LATER:
            if plan.times[-1] >= after:
                x, y, yaw, speed = (
                    float(np.interp(after, plan.times, values))
                    for values in (world[:, 0], world[:, 1], np.unwrap(plan.headings) + ego.yaw, plan.speeds)
                )
                self.waiting.append(_Promise(state.time + after, after, x, y, yaw, speed))

    def due(self, state: WorldState) -> Iterator[ControlSample]:
        """What can be judged now."""
        ego = state.ego
        ripe = [one for one in self.waiting if one.due <= state.time + 1e-6]
        self.waiting = [one for one in self.waiting if one.due > state.time + 1e-6]
        for one in ripe:
            left = np.cos(one.yaw) * (ego.y - one.y) - np.sin(one.yaw) * (ego.x - one.x)
            yield ControlSample(one.after, float(left), ego.speed - one.speed)
