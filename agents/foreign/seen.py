"""What a policy from a file is given and gives: the environment's own observation and action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from drive_stack.errors import ConfigError
from drive_stack.types import Observation

Seen = Mapping[str, NDArray[Any]]  # the environment's observation, by its keys


class Policy(Protocol):
    """What a file was read as."""

    def action(self, seen: Seen) -> NDArray[np.floating]:
        """The normalised action, of any shape that holds two numbers."""
        ...


def seen_by(observation: Observation) -> Seen:
    """The environment's own form of an observation."""
    seen = observation
    return {
        "image": seen.image,
        "speed": np.array([seen.speed], dtype=np.float32),
        "yaw_rate": np.array([seen.yaw_rate], dtype=np.float32),
        "blind_spot": np.array([seen.blind_spot_left, seen.blind_spot_right], dtype=np.int8),
        "speed_limit": np.array([seen.speed_limit], dtype=np.float32),
        "command": np.array(int(seen.command), dtype=np.int64),
        "rain": np.array(int(seen.rain), dtype=np.int64),
    }


def unknown_inputs(path: Path, names: Sequence[str], example: Seen) -> None:
    """Raises `ConfigError` for inputs that no observation has."""
    for name in names:
        if name not in example:
            known = ", ".join(example)
            raise ConfigError(f"{path}: takes an input '{name}'; an observation has {known}")
