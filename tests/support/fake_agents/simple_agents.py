"""Simple agents for tests. The agents' processes import this module, so it imports little."""

from __future__ import annotations

from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation


class Careless:
    """Full throttle, straight on."""

    name, privileged, trace = "careless", False, None

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> Control:
        return Control(0.0, 3.0)


class Broken(Careless):
    """Fails after five steps."""

    name = "broken"
    steps = 0

    def act(self, observation: Observation) -> Control:
        self.steps += 1
        if self.steps > 5:
            raise RuntimeError("out of ideas")
        return Control(0.0, 0.0)


class NotANumber(Careless):
    """Returns NaN after two steps."""

    name = "nan"
    steps = 0

    def act(self, observation: Observation) -> Control:
        self.steps += 1
        return Control(0.0, float("nan") if self.steps > 2 else 0.0)


class TooStrong(Careless):
    """Requests more deceleration than the car has."""

    name = "too strong"

    def act(self, observation: Observation) -> Control:
        return Control(0.0, -80.0)
