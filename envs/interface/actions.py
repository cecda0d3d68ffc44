"""The kinds of actions of the environment, by name: `ACTIONS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction
from numpy.typing import NDArray

from drive_stack.rl.accelerations import control_of_accelerations
from drive_stack.rl.meta_actions import MetaAction, MetaController
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters, action_to_control

from ..world import World

Convert: TypeAlias = Callable[[NDArray[np.float32], float, VehicleParameters], Control]


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


class HeldActions:
    """Two numbers from -1 to 1, converted into a control that is held for the step.

    Args:
        car: Limits of the ego.
        meaning: What the two numbers are, for messages.
        convert: Returns the control of the numbers, shape (2,), at a speed [m/s].
    """

    def __init__(self, car: VehicleParameters, meaning: str, convert: Convert) -> None:
        self.space: spaces.Space[object] = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._car, self._meaning, self._convert = car, meaning, convert
        self._control = Control(0.0, 0.0)

    def reset(self, world: World) -> None:
        """See `Actions`."""

    def choose(self, action: object, world: World) -> None:
        """See `Actions`."""
        self._control = self._convert(_two_numbers(action, self._meaning), world.ego.speed, self._car)

    def control(self, world: World) -> Control:  # noqa: ARG002 - required by the protocol
        """See `Actions`."""
        return self._control


def continuous(car: VehicleParameters) -> HeldActions:
    """Steering and pedals, see `drive_stack.vehicle.action_to_control`."""
    return HeldActions(car, "steering and pedals", _steering_and_pedals)


def accelerations(car: VehicleParameters) -> HeldActions:
    """Lateral and longitudinal acceleration, see `drive_stack.rl.accelerations`."""
    return HeldActions(car, "lateral and longitudinal acceleration", control_of_accelerations)


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


ACTIONS: dict[str, Callable[[VehicleParameters], Actions]] = {
    "continuous": continuous,
    "accelerations": accelerations,
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


def _steering_and_pedals(values: NDArray[np.float32], _speed: float, car: VehicleParameters) -> Control:
    return action_to_control(values, car)


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
