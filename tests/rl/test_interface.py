"""The options of the environment: observations, actions, camera, render modes and info."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.utils.env_checker import check_env

from drive_stack.driving_env import ENV_ID
from drive_stack.errors import ConfigError
from envs.highway import HighwayEnv
from envs.interface.actions import ACTIONS
from envs.interface.display import Display
from envs.interface.observations import OBSERVATIONS
from envs.render import HEIGHT

COAST = np.zeros(2, dtype=np.float32)
SENSORS = {"speed", "yaw_rate", "blind_spot", "speed_limit", "command", "rain"}


@pytest.mark.parametrize(
    ("observation", "action"), [("bev", "continuous"), *(("vector", name) for name in ACTIONS)]
)
def test_gymnasiums_checker_finds_nothing(observation: str, action: str) -> None:
    made = gym.make(ENV_ID, observation=observation, action=action, render_mode="rgb_array")
    check_env(made.unwrapped)
    made.close()


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_an_observation_is_a_member_of_its_space(observation: str) -> None:
    env = HighwayEnv("merge", observation=observation)
    seen, _ = env.reset(seed=1)
    assert env.observation_space.contains(seen)
    assert env.observation_space.contains(env.step(COAST)[0])
    env.close()


@pytest.mark.parametrize("observation", ["vector", "bev"])
def test_nothing_is_drawn_where_no_image_is_asked_for(
    observation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the camera was made")

    monkeypatch.setattr(Display, "_ready_camera", refuse)
    env = HighwayEnv(observation=observation)
    env.reset(seed=1)
    env.step(COAST)
    with pytest.raises(AssertionError, match="the camera was made"):
        HighwayEnv(observation="camera").reset(seed=1)


def test_without_a_camera_there_are_only_the_other_sensors() -> None:
    env = HighwayEnv(camera=False)
    assert set(env.reset(seed=1)[0]) == SENSORS
    assert set(HighwayEnv(observation="camera+vector", camera=False).reset(seed=1)[0]) == {*SENSORS, "vector"}


def test_the_camera_observation_may_be_extended_by_the_vector() -> None:
    both, vector = HighwayEnv(observation="camera+vector"), HighwayEnv(observation="vector")
    seen, _ = both.reset(seed=1)
    assert set(seen) == {"image", "image_age", *SENSORS, "vector"}
    assert seen["image"].any()
    assert np.array_equal(seen["vector"], vector.reset(seed=1)[0])
    both.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observation": "vectr"}, "unknown observation 'vectr': did you mean vector"),
        ({"observation": "lidar"}, "there are: bev, camera, camera\\+vector, vector"),
        ({"action": "discrete"}, "unknown action 'discrete': did you mean discrete_meta"),
        ({"action": "joystick"}, "there are: accelerations, continuous, discrete_meta"),
        ({"render_mode": "depth"}, "must be one of .*depth_array"),
        ({"observation": "vector", "labels": True}, "labels=True needs camera=True"),
    ],
)
def test_unknown_options_are_refused_with_the_valid_ones(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HighwayEnv(**options)


@pytest.mark.parametrize("action", [5, -1, 1.0, [1], np.array([1, 1]), "left", None, COAST])
def test_a_meta_action_that_does_not_exist_is_refused_with_the_valid_ones(action: object) -> None:
    env = HighwayEnv(observation="vector", action="discrete_meta")
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match="0 left, 1 idle, 2 right, 3 faster, 4 slower"):
        env.step(action)
    assert env.world.time == 0.0
    env.step(np.int64(1))


@pytest.mark.parametrize("action", ["continuous", "accelerations"])
def test_a_wrong_shape_is_refused_with_the_right_one(action: str) -> None:
    env = HighwayEnv(observation="vector", action=action)
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match=r"action of shape \(3,\): expected \(2,\)"):
        env.step(np.zeros(3, dtype=np.float32))


def test_info_says_how_the_episode_goes_and_ends() -> None:
    env = HighwayEnv("cruise[traffic.density=0; route_length=60]", observation="vector")
    _, info = env.reset(seed=1)
    assert (info["outcome"], info["is_success"], info["cost"]) == (None, False, 0.0)
    assert info["speed"] == env.world.ego.speed
    ended = False
    while not ended:
        _, _, terminated, truncated, info = env.step(COAST)
        ended = terminated or truncated
    assert (info["outcome"], info["is_success"], info["cost"]) == ("completed", True, 0.0)
    env.reset(seed=1)
    ended = False
    while not ended:
        _, _, terminated, truncated, info = env.step(np.array([0.5, 0.0], dtype=np.float32))
        ended = terminated or truncated
    assert (info["is_success"], info["cost"]) == (False, 1.0)


def test_depth_is_rendered_in_metres() -> None:
    env = HighwayEnv("cruise", observation="vector", render_mode="depth_array")
    env.reset(seed=1)
    depth = env.render()
    assert isinstance(depth, np.ndarray)
    assert (depth.shape, depth.dtype) == ((256, 640), np.float32)
    assert np.isinf(depth[0]).any()  # sky
    assert ((depth[-1] > 1.0) & (depth[-1] < 10.0)).all()  # the road before the bonnet
    assert depth[-1, 320] < depth[-40, 320]
    env.close()


def test_a_view_from_above_is_rendered_without_a_camera() -> None:
    env = HighwayEnv("cruise", observation="vector", render_mode="rgb_array")
    env.reset(seed=1)
    frame = env.render()
    assert isinstance(frame, np.ndarray)
    assert frame.shape == (HEIGHT, 640, 3)


@pytest.mark.parametrize("observation", ["camera", "vector"])
def test_a_pickled_environment_drives_on_in_the_same_way(observation: str) -> None:
    env = HighwayEnv("merge", observation=observation, action="discrete_meta", agent_hz=2)
    env.reset(seed=5)
    env.step(3)
    twin = pickle.loads(pickle.dumps(env))
    for action in (0, 1):
        (seen, reward, *_), (seen_again, reward_again, *_) = env.step(action), twin.step(action)
        assert reward == reward_again
        if observation == "vector":
            assert np.array_equal(seen, seen_again)
        else:
            difference = seen.pop("image").astype(int) - seen_again.pop("image")
            assert np.abs(difference).max() <= 2  # a new camera rounds some pixels at the horizon differently
            assert (difference == 0).mean() > 0.99
            assert all(np.array_equal(seen[key], seen_again[key]) for key in seen)
    env.close()
    twin.close()
