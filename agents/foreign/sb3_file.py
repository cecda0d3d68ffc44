"""A policy that Stable-Baselines3 saved."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from drive_stack.errors import ConfigError

from .policy import ObservationArrays, check_inputs

# the file does not name its algorithm; each algorithm has a setting that none of those below has
_ALGORITHM_SETTINGS = (
    ("clip_range", "PPO"),
    ("target_entropy", "SAC"),
    ("target_policy_noise", "TD3"),
    ("gae_lambda", "A2C"),
)


class Sb3Policy:
    """A PPO, A2C, SAC or TD3 policy on the environment's observation, some of its keys, or the image."""

    def __init__(self, path: Path, example: ObservationArrays) -> None:
        import stable_baselines3  # noqa: PLC0415 - needed only for such files

        algorithm = getattr(stable_baselines3, _algorithm(path))
        try:
            self._model: Any = algorithm.load(path, device="cpu")
        except Exception as error:  # unpickling may raise anything
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"{path}: cannot be loaded: {reason}") from None
        space = self._model.observation_space
        self._names = list(space.spaces) if isinstance(space, spaces.Dict) else None
        check_inputs(path, self._names or [], example)
        action = self._model.action_space
        if not isinstance(action, spaces.Box) or action.shape != (2,):
            raise ConfigError(f"{path}: its action space is {action}; expected Box(-1, 1, (2,))")

    def action(self, arrays: ObservationArrays) -> NDArray[np.floating]:
        """The mean action; nothing is sampled."""
        inputs = arrays["image"] if self._names is None else {name: arrays[name] for name in self._names}
        action, _ = self._model.predict(inputs, deterministic=True)
        return np.asarray(action)


def _algorithm(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            settings = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise ConfigError(f"{path}: is no file that Stable-Baselines3 saved") from None
    for key, name in _ALGORITHM_SETTINGS:
        if key in settings:
            return name
    raise ConfigError(
        f"{path}: is of no algorithm that can drive: {', '.join(name for _, name in _ALGORITHM_SETTINGS)}"
    )
