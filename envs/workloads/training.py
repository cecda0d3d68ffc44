"""Training by PPO of Stable-Baselines3: highway-env's own example, and this project's environment.

highway-env's example (its ``scripts/sb3_highway_ppo.py``) runs six processes of `highway-fast-v0`. This
project's runs its worlds in one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from ..highway import HighwayEnv

if TYPE_CHECKING:
    from stable_baselines3 import PPO

WORLDS, STEPS = 16, 128  # of this project's training: worlds, steps of each between two updates
SCENARIO = "dense_traffic"
_STOCK_WORLDS, _STOCK_BATCH = 6, 64


@dataclass(slots=True)
class Training:
    """Trains a policy, one rollout and update after the other."""

    model: PPO
    steps: int  # of one rollout

    def prepare(self) -> None:
        """Do nothing: training continues."""

    def work(self) -> int:
        """Collect one rollout and learn from it; returns the number of steps."""
        self.model.learn(self.steps, reset_num_timesteps=False)
        return self.steps


@contextmanager
def training() -> Iterator[tuple[Training, Training]]:
    """Training in this project's environment, and highway-env's own example.

    Raises:
        ModuleNotFoundError: Stable-Baselines3 is not installed.
    """
    own, stock = _own_training(), _stock_training()
    try:
        yield own, stock
    finally:
        for each in (own, stock):
            worlds = each.model.get_env()
            if worlds is not None:
                worlds.close()


def _own_training() -> Training:
    from stable_baselines3 import PPO  # noqa: PLC0415 - of an extra
    from stable_baselines3.common.vec_env import DummyVecEnv  # noqa: PLC0415

    worlds = DummyVecEnv([_own_world] * WORLDS)
    model = PPO(
        "MlpPolicy", worlds, n_steps=STEPS, batch_size=512, n_epochs=6, gamma=0.99, device="cpu",
        policy_kwargs={"net_arch": [128, 128]},
    )  # fmt: skip
    return Training(model, WORLDS * STEPS)


def _stock_training() -> Training:
    from stable_baselines3 import PPO  # noqa: PLC0415 - of an extra
    from stable_baselines3.common.vec_env import SubprocVecEnv  # noqa: PLC0415

    steps = _STOCK_BATCH * 12 // _STOCK_WORLDS
    model = PPO(
        "MlpPolicy", SubprocVecEnv([_stock_world] * _STOCK_WORLDS), n_steps=steps,
        batch_size=_STOCK_BATCH, n_epochs=10, learning_rate=5e-4, gamma=0.8, device="cpu",
        policy_kwargs={"net_arch": {"pi": [256, 256], "vf": [256, 256]}},
    )  # fmt: skip
    return Training(model, _STOCK_WORLDS * steps)


def _own_world() -> gym.Env[Any, Any]:
    return HighwayEnv(SCENARIO, observation="vector", action="accelerations")


def _stock_world() -> gym.Env[Any, Any]:
    import highway_env  # noqa: F401, PLC0415 - registers highway-fast-v0 in the process of the world

    return gym.make("highway-fast-v0")
