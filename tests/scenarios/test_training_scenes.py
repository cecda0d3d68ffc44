"""The scenes that only training drives: every seed that the study may record has a world."""

from __future__ import annotations

import pytest

from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.study.config import load_plan
from drive_stack.support.layout import CONFIGS

PART = load_plan().pool.parts["scenes"]
SEEDS = 40  # three times as many as the part's rows need


@pytest.mark.parametrize("scene", PART.scenarios or ())
def test_no_seed_puts_two_bodies_in_one_place(scene: str) -> None:
    env = DrivingEnv(EnvSpec(str(CONFIGS / scene), camera=False))
    try:
        for seed in range(PART.first_seed, PART.first_seed + SEEDS):
            env.reset(seed=seed)  # raises ConfigError where two overlap
    finally:
        env.close()
