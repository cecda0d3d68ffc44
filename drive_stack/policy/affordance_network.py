"""Affordances from the camera image, by a network with the trunk and the views of the end-to-end policy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drive_stack.direct_perception.affordances import VALUES, Affordances, AffordanceVector, affordances_of
from drive_stack.policy.image_network import ImageNetwork
from drive_stack.support.layout import MODELS
from drive_stack.types import Image, Observation

WEIGHTS = MODELS / "affordances.trunk.onnx"
COMMAND = "python run_sim.py train affordances"


class AffordanceNetwork:
    """Estimates affordances from observations. Equal observations give equal affordances.

    Raises:
        ConfigError: weights are missing, altered, or do not match each other.
    """

    def __init__(self, trunk: Path, dt: float, *, threads: int = 1, engine: str = "openvino") -> None:
        self._network = ImageNetwork(trunk, COMMAND, dt, threads=threads, engine=engine)
        self._history = self._network.new_history()

    def reset(self) -> None:
        """Discard the features of the previous episode."""
        self._history.clear()

    def estimate(self, observation: Observation) -> Affordances:
        """The affordances of the present step."""
        return affordances_of(vector_of_outputs(self._network.run(observation, self._history)))

    def attention(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of the trunk on an image, for visualisation."""
        return self._network.attention(image)


def vector_of_outputs(outputs: NDArray[np.float32]) -> AffordanceVector:
    """Values and flags from a network's outputs (`SIZE`,): values first, then the logits of the flags."""
    values, logits = outputs[: len(VALUES)], outputs[len(VALUES) :]
    probabilities = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return AffordanceVector(values, probabilities.astype(np.float32))
