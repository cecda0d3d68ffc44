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

Seen = Mapping[str, NDArray[Any]]  # the environment's observation, by its keys


class Policy(Protocol):
    """What a file was read as."""

    def action(self, seen: Seen) -> NDArray[np.floating]:
        """The normalised action, of any shape that holds two numbers."""
        ...


def seen_by(observation: Observation) -> Seen:
    """The environment's own form of an observation, all of it arrays."""
    return {key: np.asarray(value) for key, value in encode_observation(observation).items()}


def unknown_inputs(path: Path, names: Sequence[str], example: Seen) -> None:
    """Raises `ConfigError` for inputs that no observation has."""
    for name in names:
        if name not in example:
            known = ", ".join(example)
            raise ConfigError(f"{path}: takes an input '{name}'; an observation has {known}")
