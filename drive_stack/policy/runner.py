"""Runs the policy's two networks: the trunk over each picture, the head over what it has lately seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, first_problem
from drive_stack.errors import ConfigError
from drive_stack.policy.numbers import STATE_SIZE, control_of, state_of
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.runtime.sessions import map_batch, open_session
from drive_stack.runtime.weights import MODELS, read_card
from drive_stack.types import Control, Image, Observation
from drive_stack.vehicle import VehicleParameters

if TYPE_CHECKING:
    from drive_stack.policy.saliency import Saliency

TRUNK = MODELS / "policy.trunk.onnx"
COMMAND = "python run_sim.py train policy"


class Layout(StrictModel):
    """What the networks take; it stands in the trunk's card."""

    views: tuple[View, ...]
    history: tuple[Annotated[float, Field(ge=0.0)], ...]  # ages of the pictures the head sees, 0 first [s]
    features: Annotated[int, Field(ge=1)]  # numbers the trunk makes of one picture

    @property
    def head_size(self) -> int:
        """Numbers the head takes."""
        return len(self.history) * self.features + STATE_SIZE


def head_path(trunk: Path) -> Path:
    """Where the head's weights lie."""
    return trunk.with_name(trunk.name.replace(".trunk.", ".head."))


class Memory:
    """Features (D,) of the pictures that one car has lately seen, the last one first."""

    def __init__(self, ages: Sequence[int]) -> None:
        """``ages`` of the pictures that are remembered [steps]."""
        self._ages = tuple(ages)
        self._seen: deque[NDArray[np.float32]] = deque(maxlen=max(ages) + 1)

    def clear(self) -> None:
        """Forget what was seen."""
        self._seen.clear()

    def take_in(self, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Those of each age, now that ``features`` are the last seen. What lies before the first picture is
        taken to have looked like it."""
        self._seen.appendleft(features)
        return [self._seen[min(age, len(self._seen) - 1)] for age in self._ages]


class PolicyRunner:
    """From observations to controls; the same observations give the same controls.

    Raises `ConfigError` where weights are missing, altered, or do not fit one another.
    """

    def __init__(
        self,
        trunk: Path,
        car: VehicleParameters,
        dt: float,
        *,
        threads: int = 1,
        streams: int = 1,
        engine: str = "openvino",
    ) -> None:
        """``streams`` cars of a batch are decided for at a time, on ``threads`` threads each."""
        card = read_card(trunk, COMMAND)
        read_card(head_path(trunk), COMMAND)
        try:
            self.layout = Layout.model_validate(card.get("layout"))
        except ValidationError as error:
            raise ConfigError(f"{trunk}: its card's layout is wrong: {first_problem(error)}") from None
        self._trunk = open_session(trunk, engine=engine, threads=threads, streams=streams)
        self._head = open_session(head_path(trunk), engine=engine, threads=threads, streams=streams)
        _check(trunk, self._trunk.input_shape, (1, packed_size(self.layout.views)))
        _check(head_path(trunk), self._head.input_shape, (1, self.layout.head_size))
        self._path = trunk
        self._saliency: Saliency | None = None  # made when first asked for
        self._car = car
        self._ages = [round(age / dt) for age in self.layout.history]
        self._memory = self.memory()

    def memory(self) -> Memory:
        """An empty one, for a car of a batch."""
        return Memory(self._ages)

    def reset(self) -> None:
        """Forget what was seen."""
        self._memory.clear()

    def drive(self, observation: Observation) -> Control:
        """One step of one car."""
        return self._decide(observation, self._memory)

    def drive_batch(
        self, observations: Iterable[Observation], memories: Iterable[Memory]
    ) -> tuple[Control, ...]:
        """One step of each of several cars, which have a `memory` each; as `drive` would, bit for bit."""
        cars = zip(observations, memories, strict=True)
        return map_batch(lambda car: self._decide(*car), cars, self._trunk.streams)

    def _decide(self, observation: Observation, memory: Memory) -> Control:
        (features,) = self._trunk.run(pack(observation.image, self.layout.views)[None])
        known = memory.take_in(features[0])
        (asked,) = self._head.run(np.concatenate([*known, state_of(observation)])[None])
        return control_of(float(asked[0, 0]), float(asked[0, 1]), observation.speed, self._car)

    def attention(self, image: Image) -> NDArray[np.float32]:
        """(H, W) of 0 … 1: where the trunk's layers fire on a picture; for onlookers."""
        if self._saliency is None:
            from drive_stack.policy.saliency import Saliency  # noqa: PLC0415 - onnx is slow to import

            self._saliency = Saliency(self._path, self.layout.views)
        return self._saliency.of(image)


def _check(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise ConfigError(f"{path}: takes {found}, but its card says {expected}; make it with: {COMMAND}")
