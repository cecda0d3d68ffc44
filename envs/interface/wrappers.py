"""Wrappers for this environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium import spaces


class SelectObservation(gym.ObservationWrapper[Any, Any, Any]):
    """Keeps one key of a dictionary observation, so that wrappers for images and arrays can follow.

    Args:
        env: Environment whose observation space is a `Dict`.
        key: The key to keep, such as ``"image"``.

    Raises:
        ValueError: If the observation is no dictionary or has no such key.
    """

    def __init__(self, env: gym.Env[Any, Any], key: str) -> None:
        super().__init__(env)
        if not isinstance(env.observation_space, spaces.Dict):
            raise ValueError(f"the observation is no dictionary, but {env.observation_space}")
        if key not in env.observation_space.spaces:
            keys = ", ".join(sorted(env.observation_space.spaces))
            raise ValueError(f"unknown key '{key}' of the observation; there are: {keys}")
        self.observation_space = env.observation_space[key]
        self._key = key

    def observation(self, observation: dict[str, Any]) -> Any:
        """Return the value of the key."""
        return observation[self._key]
