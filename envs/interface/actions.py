"""The kinds of actions of the environment, by name: `ACTIONS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction
from numpy.typing import NDArray

from drive_stack.rl.accelerations import control_of_accelerations
from drive_stack.rl.meta_actions import MetaAction, MetaController
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters, action_to_control

from ..world import World


class Actions(Protocol):
    """Converts the actions of an episode into controls."""

    @property
    def space(self) -> spaces.Space[object]:
        """The action space."""
        ...

    def reset(self, world: World) -> None:
        """Start an episode."""
        ...

    def choose(self, action: object, world: World) -> None:
        """Take the action of the next step.

        Raises:
            InvalidAction: It is no action of the space; a message says what is expected.
        """
        ...

    def control(self, world: World) -> Control:
        """Return the control of the next physics tick."""
        ...


class ContinuousActions:
    """Steering and pedals, see `drive_stack.vehicle.action_to_control`."""

    def __init__(self, car: VehicleParameters) -> None:
        self.space: spaces.Space[object] = _box()
        self._car = car
        self._control = Control(0.0, 0.0)

    def reset(self, world: World) -> None:
        """See `Actions`."""

    def choose(self, action: object, world: World) -> None:  # noqa: ARG002 - required by the protocol
        """See `Actions`."""
        self._control = action_to_control(_two_numbers(action, "steering and pedals"), self._car)

    def control(self, world: World) -> Control:  # noqa: ARG002 - required by the protocol
        """See `Actions`."""
        return self._control


class AccelerationActions:
    """Lateral and longitudinal acceleration, see `drive_stack.rl.accelerations`."""

    def __init__(self, car: VehicleParameters) -> None:
        self.space: spaces.Space[object] = _box()
        self._car = car
        self._control = Control(0.0, 0.0)

    def reset(self, world: World) -> None:
        """See `Actions`."""

    def choose(self, action: object, world: World) -> None:
        """See `Actions`."""
        values = _two_numbers(action, "lateral and longitudinal acceleration")
        self._control = control_of_accelerations(values, world.ego.speed, self._car)

    def control(self, world: World) -> Control:  # noqa: ARG002 - required by the protocol
        """See `Actions`."""
        return self._control


class MetaActions:
    """Meta-actions, see `drive_stack.rl.meta_actions`. The controllers beneath act at every tick."""

    def __init__(self, car: VehicleParameters) -> None:
        self.space: spaces.Space[object] = spaces.Discrete(len(MetaAction))
        self._controller = MetaController(car)

    def reset(self, world: World) -> None:
        """See `Actions`."""
        self._controller.reset(world.ego, world.road, world.speed_limit)

    def choose(self, action: object, world: World) -> None:
        """See `Actions`."""
        self._controller.choose(_meta_action(action), world.ego, world.road, world.speed_limit)

    def control(self, world: World) -> Control:
        """See `Actions`."""
        return self._controller.control(world.ego, world.road, world.speed_limit)


ACTIONS: dict[str, type[ContinuousActions | AccelerationActions | MetaActions]] = {
    "continuous": ContinuousActions,
    "accelerations": AccelerationActions,
    "discrete_meta": MetaActions,
}
_FORWARD, _BACK, _LEFT, _RIGHT = ("w",), ("s",), ("a",), ("d",)
_TWO_NUMBERS = {
    _FORWARD: (0.0, 0.6), _BACK: (0.0, -0.5), _LEFT: (0.05, 0.0), _RIGHT: (-0.05, 0.0),
    ("a", "w"): (0.05, 0.6), ("d", "w"): (-0.05, 0.6), ("a", "s"): (0.05, -0.5), ("d", "s"): (-0.05, -0.5),
}  # fmt: skip
_META = {
    _FORWARD: MetaAction.FASTER, _BACK: MetaAction.SLOWER,
    _LEFT: MetaAction.LEFT, _RIGHT: MetaAction.RIGHT,
}  # fmt: skip
_ARRAYS = {keys: np.array(values, dtype=np.float32) for keys, values in _TWO_NUMBERS.items()}
KEYS: dict[str, Mapping[tuple[str, ...], object]] = {  # actions of keyboard keys, for `gymnasium.utils.play`
    "continuous": _ARRAYS,
    "accelerations": _ARRAYS,
    "discrete_meta": {keys: int(action) for keys, action in _META.items()},
}


def _box() -> spaces.Space[object]:
    return spaces.Box(-1.0, 1.0, (2,), np.float32)


def _two_numbers(action: object, meaning: str) -> NDArray[np.float32]:
    try:
        values = np.asarray(action, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidAction(f"action {action!r}: expected two numbers, {meaning}") from None
    if values.shape != (2,):
        raise InvalidAction(f"action of shape {values.shape}: expected (2,), {meaning}")
    return values


def _meta_action(action: object) -> MetaAction:
    values = np.asarray(action)
    if values.shape == () and np.issubdtype(values.dtype, np.integer) and int(values) in set(MetaAction):
        return MetaAction(int(values))
    allowed = ", ".join(f"{choice.value} {choice.name.lower()}" for choice in MetaAction)
    raise InvalidAction(f"action {action!r}: expected one of {allowed}")
