"""Wrappers and tools of gymnasium and Stable-Baselines3 with the environment."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers

from drive_stack.driving_env import ENV_ID
from envs.interface.wrappers import SelectObservation

COAST = np.zeros(2, dtype=np.float32)
SHORT = "cruise[traffic.density=0; route_length=40; people=[]]"


def make(**options: Any) -> gym.Env[Any, Any]:
    return gym.make(ENV_ID, **{"scenario": SHORT, "observation": "vector", **options})


def finish(env: gym.Env[Any, Any], action: Any = COAST) -> dict[str, Any]:
    """Drive one episode and return its last info."""
    env.reset(seed=1)
    while True:
        _, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            return info


def test_record_video(tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    env = wrappers.RecordVideo(make(render_mode="rgb_array"), str(tmp_path), disable_logger=True)
    finish(env)
    env.close()
    (video,) = tmp_path.glob("*.mp4")
    assert video.stat().st_size > 1000


def test_record_episode_statistics() -> None:
    info = finish(wrappers.RecordEpisodeStatistics(make()))
    assert info["episode"]["l"] > 5
    assert info["episode"]["r"] == pytest.approx(148.5, abs=2.0)  # 100 + 50 - 50 · 1.3 s / 90 s


@pytest.mark.parametrize("observation", ["vector", "bev"])
def test_frame_stack(observation: str) -> None:
    env = wrappers.FrameStackObservation(make(observation=observation), 3)
    seen, _ = env.reset(seed=1)
    assert seen.shape == (3, *make(observation=observation).observation_space.shape)
    after = env.step(np.array([0.2, 0.0], dtype=np.float32))[0]
    assert np.array_equal(after[1], seen[2])
    later = [env.step(np.array([0.2, 0.0], dtype=np.float32))[0] for _ in range(4)][-1]
    assert not np.array_equal(later[0], later[2])


def test_grayscale_of_the_camera_by_its_key() -> None:
    env = wrappers.GrayscaleObservation(SelectObservation(make(observation="camera"), "image"))
    seen, _ = env.reset(seed=1)
    assert seen.shape == (256, 640)
    assert env.observation_space.contains(seen)
    env.close()


def test_an_unknown_key_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown key .picture.*blind_spot, command, image"):
        SelectObservation(make(observation="camera"), "picture")
    with pytest.raises(ValueError, match="no dictionary"):
        SelectObservation(make(), "image")


def test_transform_reward() -> None:
    plain, scaled = make(), wrappers.TransformReward(make(), lambda reward: reward / 100.0)
    plain.reset(seed=1)
    scaled.reset(seed=1)
    assert scaled.step(COAST)[1] == pytest.approx(float(plain.step(COAST)[1]) / 100.0)


def test_discretize_action() -> None:
    env = wrappers.DiscretizeAction(make(), 5)
    assert env.action_space == gym.spaces.Discrete(25)
    assert finish(env, 12)["is_success"]  # the middle of both ranges: straight on


def test_flatten_observation() -> None:
    env = wrappers.FlattenObservation(make(observation="camera+vector", camera=False))
    seen, _ = env.reset(seed=1)
    assert env.observation_space.contains(seen)
    assert seen.shape == (1 + 1 + 2 + 1 + 3 + 2 + 106,)  # command and rain are one-hot


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_worlds_together(mode: str) -> None:
    options = {"context": "spawn"} if mode == "async" else {}
    worlds = gym.make_vec(
        ENV_ID, 2, vectorization_mode=mode, vector_kwargs=options, scenario=SHORT, observation="vector",
        action="discrete_meta", agent_hz=2,
    )  # fmt: skip
    seen, _ = worlds.reset(seed=1)
    assert seen.shape == (2, 106)
    for _ in range(4):
        seen, rewards, ended, _, infos = worlds.step(np.ones(2, dtype=np.int64))
        if ended.any():
            break
    world = int(np.argmax(ended))
    assert ended[world]
    assert infos["is_success"][world]
    assert infos["outcome"][world] == "completed"
    assert infos["reward_terms"]["success"][world] == 50.0
    assert rewards[world] > 50.0
    worlds.close()


@pytest.mark.parametrize("action", ["continuous", "discrete_meta"])
def test_play_with_the_keyboard(action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame  # noqa: PLC0415
    from gymnasium.utils.play import play  # noqa: PLC0415

    steps = []

    def after_step(*values: Any) -> None:
        steps.append(values[2])
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_d))
        if len(steps) == 3:
            pygame.event.post(pygame.event.Event(pygame.QUIT))

    env = make(action=action, render_mode="rgb_array")
    idle, right = (1, 2) if action == "discrete_meta" else (COAST, np.array([-0.05, 0.0], dtype=np.float32))
    play(env, fps=1000, callback=after_step, noop=idle, seed=1)
    assert np.array_equal(steps[0], idle)
    assert np.array_equal(steps[1], right)


@pytest.mark.parametrize(
    "options", [{"action": "discrete_meta"}, {"action": "accelerations"}, {"observation": "bev"}]
)
def test_the_checker_of_stable_baselines3_finds_nothing(options: dict[str, str]) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env = make(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(env.unwrapped)


def test_monitor_and_evaluation_of_stable_baselines3_read_info(tmp_path: Path) -> None:
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.callbacks import EvalCallback  # noqa: PLC0415
    from stable_baselines3.common.monitor import Monitor  # noqa: PLC0415

    keywords = ("is_success", "cost", "outcome", "speed")
    options = {"action": "discrete_meta", "agent_hz": 2}
    env = Monitor(make(**options), str(tmp_path / "monitor"), info_keywords=keywords)
    callback = EvalCallback(
        Monitor(make(**options)), n_eval_episodes=1, eval_freq=8, log_path=str(tmp_path), verbose=0
    )
    model = stable_baselines3.PPO("MlpPolicy", env, n_steps=8, batch_size=8, n_epochs=1, device="cpu")
    model.learn(16, callback=callback)
    assert callback.evaluations_successes[0] in ([True], [False])
    assert "completed" in (tmp_path / "monitor.monitor.csv").read_text()
