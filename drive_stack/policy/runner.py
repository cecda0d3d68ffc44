"""Runs the two networks of the policy: the trunk on each image, the head on the features of recent images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.policy.image_network import FeatureHistory, ImageNetwork, Layout
from drive_stack.policy.state_vector import control_of
from drive_stack.runtime.sessions import map_batch
from drive_stack.support.layout import MODELS
from drive_stack.types import Control, Image, Observation
from drive_stack.vehicle import VehicleParameters

TRUNK = MODELS / "policy.trunk.onnx"
PLAIN_TRUNK = MODELS / "plain" / TRUNK.name  # learnt without auxiliary targets
COMMAND = "python run_sim.py train policy"
PLAIN_COMMAND = (
    f"{COMMAND} --config configs/training/policy_plain.yaml --recordings runs/data_scaling/pool "
    "--out drive_stack/models/plain"
)


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
        command = PLAIN_COMMAND if trunk == PLAIN_TRUNK else COMMAND
        self._network = ImageNetwork(trunk, command, dt, threads=threads, streams=streams, engine=engine)
        self._car = car
        self._history = self.new_history()

    @property
    def layout(self) -> Layout:
        """Format of the inputs of the networks."""
        return self._network.layout

    def new_history(self) -> FeatureHistory:
        """An empty history for a car of a batch."""
        return self._network.new_history()

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
        return map_batch(lambda car: self._decide(*car), cars, self._network.streams)

    def _decide(self, observation: Observation, history: FeatureHistory) -> Control:
        lateral, longitudinal = self._network.run(observation, history).tolist()
        return control_of(lateral, longitudinal, observation.speed, self._car)

    def attention(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of the trunk on an image, for visualisation."""
        return self._network.attention(image)
