"""Worlds stepped together by gymnasium's vector environments equal worlds stepped alone."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from drive_stack.driving_env import ENV_ID
from drive_stack.perception.detector import YoloDetector
from envs.highway import HighwayEnv

WORLDS, STEPS, SEED = 3, 12, 7

# ends within some steps: the route is done, or the time is up
SHORT_SCENARIO = """\
name: brief
description: A second or two of driving.
source: made for this test
road: {kind: straight}
speed_limit_kmh: 110
route_length: {min: 15, max: 35}
time_limit: 0.8
traffic: {density: 8}
"""


@pytest.fixture
def short_scenario(tmp_path: Path) -> Path:
    path = tmp_path / "brief.yaml"
    path.write_text(SHORT_SCENARIO)
    return path


def driven_alone(scenario: Path, actions: np.ndarray, world: int) -> tuple[list[dict[str, np.ndarray]], int]:
    """Observations of one environment that is reset in the step after each end, and the number of ends."""
    env = HighwayEnv(scenario)
    observations, done, ends = [env.reset(seed=SEED + world)[0]], False, 0
    for action in actions[:, world]:
        if done:
            observations.append(env.reset()[0])
            done = False
            continue
        observation, _, terminated, truncated, _ = env.step(action)
        observations.append(observation)
        done = terminated or truncated
        ends += done
    env.close()
    return observations, ends


def vector_env(mode: str, scenario: Path) -> VectorEnv:
    options = {"context": "spawn"} if mode == "async" else {}
    return gym.make_vec(
        ENV_ID, num_envs=WORLDS, vectorization_mode=mode, vector_kwargs=options, scenario=scenario
    )


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_worlds_of_a_batch_are_those_driven_alone(mode: str, short_scenario: Path) -> None:
    rng = np.random.default_rng(5)
    actions = rng.uniform(-1.0, 1.0, (STEPS, WORLDS, 2)).astype(np.float32) * np.float32((0.05, 1.0))
    env_batch = vector_env(mode, short_scenario)
    batches = [env_batch.reset(seed=SEED)[0]]
    batches += [env_batch.step(action)[0] for action in actions]
    env_batch.close()
    assert batches[0]["image"].shape == (WORLDS, 256, 640, 3)
    for world in range(WORLDS):
        observations, ends = driven_alone(short_scenario, actions, world)
        assert ends > 0
        for batch, single in zip(batches, observations, strict=True):
            for name, value in single.items():
                assert np.array_equal(batch[name][world], value), name


def test_images_of_all_worlds_go_to_the_detector_in_one_batch(short_scenario: Path) -> None:
    env_batch = vector_env("sync", short_scenario)
    images = env_batch.reset(seed=SEED)[0]["image"]
    env_batch.close()
    detector = YoloDetector(threads=1, streams=2)
    assert detector.detect_batch(images) == tuple(detector.detect(image) for image in images)
