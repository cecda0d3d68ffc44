"""A network on the images of recent moments: a trunk on each image, and a head on their features."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.errors import ConfigError
from drive_stack.policy.saliency import Saliency
from drive_stack.policy.state_vector import STATE_SIZE, state_of
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.runtime.sessions import open_session
from drive_stack.runtime.weights import Card, read_card
from drive_stack.types import Image, Observation


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


class ImageNetwork:
    """Computes the outputs of trunk and head for observations. Equal observations give equal outputs.

    Args:
        trunk: weights file of the trunk; that of the head is in the same folder.
        command: makes both files.
        dt: time between two observations [s].
        threads: of each computation.
        streams: computations at the same time.
        engine: that runs the networks.

    Raises:
        ConfigError: weights are missing, altered, or do not match each other.
    """

    def __init__(
        self,
        trunk: Path,
        command: str,
        dt: float,
        *,
        threads: int = 1,
        streams: int = 1,
        engine: str = "openvino",
    ) -> None:
        self.layout = read_card(trunk, command, _TrunkCard)["layout"]
        read_card(head_path(trunk), command, Card)
        self._trunk = open_session(trunk, engine=engine, threads=threads, streams=streams)
        self._head = open_session(head_path(trunk), engine=engine, threads=threads, streams=streams)
        _check(trunk, command, self._trunk.input_shape, (1, packed_size(self.layout.views)))
        _check(head_path(trunk), command, self._head.input_shape, (1, self.layout.head_size))
        self._path = trunk
        self._saliency: Saliency | None = None  # created at the first use
        self._ages = [round(age / dt) for age in self.layout.history]

    @property
    def streams(self) -> int:
        """Number of computations that run at the same time."""
        return self._trunk.streams

    def new_history(self) -> FeatureHistory:
        """An empty history for one car."""
        return FeatureHistory(self._ages)

    def run(self, observation: Observation, history: FeatureHistory) -> NDArray[np.float32]:
        """The head's outputs for a car in one step; its ``history`` receives the features of the image."""
        (features,) = self._trunk.run(pack(observation.image, self.layout.views)[None])
        features_by_age = history.push(features[0])
        (outputs,) = self._head.run(np.concatenate([*features_by_age, state_of(observation)])[None])
        return np.asarray(outputs[0], dtype=np.float32)

    def attention(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of the trunk on an image, for visualisation."""
        if self._saliency is None:
            self._saliency = Saliency(self._path, self.layout.views)
        return self._saliency.compute(image)


def _check(path: Path, command: str, actual: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if actual != expected:
        raise ConfigError(f"{path}: takes {actual}, but its card says {expected}; make it with: {command}")
