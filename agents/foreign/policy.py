"""What a policy from a file is given and gives: the environment's own observation and action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.support.observation_codec import encode_observation
from drive_stack.types import Observation

ObservationArrays = Mapping[str, NDArray[Any]]  # the environment's observation: key → array


class Policy(Protocol):
    """A policy that was read from a file."""

    def action(self, arrays: ObservationArrays) -> NDArray[np.floating]:
        """The normalised action, two numbers in any shape."""
        ...


def observation_arrays(observation: Observation) -> ObservationArrays:
    """An observation as the environment returns it, with every value as an array."""
    return {key: np.asarray(value) for key, value in encode_observation(observation).items()}


def check_inputs(path: Path, names: Sequence[str], example: ObservationArrays) -> None:
    """Raises `ConfigError` for inputs that are no keys of an observation."""
    for name in names:
        if name not in example:
            known = ", ".join(example)
            raise ConfigError(f"{path}: takes an input '{name}'; an observation has {known}")
