"""Makes mine.zip, next to this file: PPO after a few steps. It shows the way, and does not drive well."""

from pathlib import Path

import gymnasium
from gymnasium.wrappers import FilterObservation
from stable_baselines3 import PPO

env = gymnasium.make("drive_stack.gym:drive_stack/Highway-v0", scenario="cruise", camera=False)
env = FilterObservation(env, ["speed", "speed_limit", "yaw_rate"])
PPO("MultiInputPolicy", env, n_steps=64, device="cpu").learn(256).save(Path(__file__).with_name("mine.zip"))
