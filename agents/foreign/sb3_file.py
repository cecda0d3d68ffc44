"""A policy that Stable-Baselines3 saved."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.foreign.seen import Seen, unknown_inputs
from drive_stack.errors import ConfigError

# the file does not say which algorithm made it; each has a setting that none below it has
_TOLD_BY = (
    ("clip_range", "PPO"),
    ("target_entropy", "SAC"),
    ("target_policy_noise", "TD3"),
    ("gae_lambda", "A2C"),
)


class Sb3Policy:
    """PPO, A2C, SAC or TD3 on the environment's observation, on some of its keys, or on the image alone."""

    def __init__(self, path: Path, example: Seen) -> None:
        try:
            import stable_baselines3  # noqa: PLC0415 - only who brings such a file needs it
        except ImportError:
            raise ConfigError(f"{path}: needs the package stable-baselines3; install it with pip") from None
        algorithm = getattr(stable_baselines3, _algorithm(path))
        try:
            self._model: Any = algorithm.load(path, device="cpu")
        except Exception as error:  # whatever unpickling raises
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"{path}: cannot be loaded: {reason}") from None
        space = self._model.observation_space
        self._names = list(space.spaces) if isinstance(space, spaces.Dict) else None
        unknown_inputs(path, self._names or [], example)
        action = self._model.action_space
        if not isinstance(action, spaces.Box) or action.shape != (2,):
            raise ConfigError(f"{path}: its action space is {action}; expected Box(-1, 1, (2,))")

    def action(self, seen: Seen) -> NDArray[np.floating]:
        """The mean action."""
        given = seen["image"] if self._names is None else {name: seen[name] for name in self._names}
        action, _ = self._model.predict(given, deterministic=True)
        return np.asarray(action)


def _algorithm(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            settings = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise ConfigError(f"{path}: is no file that Stable-Baselines3 saved") from None
    for key, name in _TOLD_BY:
        if key in settings:
            return name
    raise ConfigError(f"{path}: is of no algorithm that can drive: {', '.join(name for _, name in _TOLD_BY)}")
