"""Runs the two networks of the policy: the trunk on each image, the head on the features of recent images."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.errors import ConfigError
from drive_stack.policy.saliency import Saliency
from drive_stack.policy.state_vector import STATE_SIZE, control_of, state_of
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.runtime.sessions import map_batch, open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.support.layout import MODELS
from drive_stack.types import Control, Image, Observation
from drive_stack.vehicle import VehicleParameters

TRUNK = MODELS / "policy.trunk.onnx"
COMMAND = "python run_sim.py train policy"


class Layout(StrictModel):
    """Format of the inputs of the networks, from the card of the trunk."""

    views: tuple[View, ...]
    history: tuple[Annotated[float, Field(ge=0.0)], ...]  # ages of the images that the head uses, 0 first [s]
    features: Annotated[int, Field(ge=1)]  # per image

    @property
    def head_size(self) -> int:
        """Number of inputs of the head."""
        return len(self.history) * self.features + STATE_SIZE


class _TrunkCard(Card):
    layout: Layout


def head_path(trunk: Path) -> Path:
    """Path of the weights of the head."""
    return trunk.with_name(trunk.name.replace(".trunk.", ".head."))


class FeatureHistory:
    """Features (D,) of the recent images of one car."""

    def __init__(self, ages: Sequence[int]) -> None:
        """``ages`` of the images that the head uses [steps]."""
        self._ages = tuple(ages)
        self._features: deque[NDArray[np.float32]] = deque(maxlen=max(ages) + 1)

    def clear(self) -> None:
        """Discard all features."""
        self._features.clear()

    def push(self, features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Add the features of the present image; returns those of each age.

        The first image stands for all images before it.
        """
        self._features.appendleft(features)
        return [self._features[min(age, len(self._features) - 1)] for age in self._ages]


class PolicyRunner:
    """Computes controls from observations. Equal observations give equal controls.

    Raises:
        ConfigError: weights are missing, altered, or do not match each other.
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
        """Load the networks; a batch computes ``streams`` cars at a time on ``threads`` threads each."""
        self.layout = read_card(trunk, COMMAND, _TrunkCard)["layout"]
        read_card(head_path(trunk), COMMAND, Card)
        self._trunk = open_session(trunk, engine=engine, threads=threads, streams=streams)
        self._head = open_session(head_path(trunk), engine=engine, threads=threads, streams=streams)
        _check(trunk, self._trunk.input_shape, (1, packed_size(self.layout.views)))
        _check(head_path(trunk), self._head.input_shape, (1, self.layout.head_size))
        self._path = trunk
        self._saliency: Saliency | None = None  # created at the first use
        self._car = car
        self._ages = [round(age / dt) for age in self.layout.history]
        self._history = self.new_history()

    def new_history(self) -> FeatureHistory:
        """An empty history for a car of a batch."""
        return FeatureHistory(self._ages)

    def reset(self) -> None:
        """Discard all features."""
        self._history.clear()

    def drive(self, observation: Observation) -> Control:
        """Compute the control of one car in one step."""
        return self._decide(observation, self._history)

    def drive_batch(
        self, observations: Iterable[Observation], histories: Iterable[FeatureHistory]
    ) -> tuple[Control, ...]:
        """Compute the controls of several cars in one step, each with its `new_history`.

        The results are bitwise equal to those of `drive`.
        """
        cars = zip(observations, histories, strict=True)
        return map_batch(lambda car: self._decide(*car), cars, self._trunk.streams)

    def _decide(self, observation: Observation, history: FeatureHistory) -> Control:
        (features,) = self._trunk.run(pack(observation.image, self.layout.views)[None])
        features_by_age = history.push(features[0])
        (outputs,) = self._head.run(np.concatenate([*features_by_age, state_of(observation)])[None])
        return control_of(float(outputs[0, 0]), float(outputs[0, 1]), observation.speed, self._car)

    def attention(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of the trunk on an image, for visualisation."""
        if self._saliency is None:
            self._saliency = Saliency(self._path, self.layout.views)
        return self._saliency.compute(image)


def _check(path: Path, actual: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if actual != expected:
        raise ConfigError(f"{path}: takes {actual}, but its card says {expected}; make it with: {COMMAND}")
