"""Worlds stepped together: what gymnasium's own vector environment returns, whatever the threads."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space

from drive_stack.config import ConfigError
from envs.highway import HighwayEnv
from envs.vector import HighwayVectorEnv

WORLDS = 3
ID = "envs:drive_stack/Highway-v0"

# ends within some steps in several ways: the route is done, or the time is up
BRIEF = """\
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
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.yaml"
    path.write_text(BRIEF)
    return path


@pytest.fixture
def worlds() -> Iterator[HighwayVectorEnv]:
    made = HighwayVectorEnv(WORLDS, camera=False)
    yield made
    made.close()


def same(first: Any, second: Any) -> bool:
    """Whether two observations, infos or arrays are equal in value, type and shape, to the last bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if first.dtype == object:
        return len(first) == len(second) and all(same_item(*pair) for pair in zip(first, second, strict=True))
    return bool(first.dtype == second.dtype and np.array_equal(first, second))


def same_item(first: Any, second: Any) -> bool:
    return same(first, second) if isinstance(first, dict | np.ndarray) else first == second


def drive_both(ours: VectorEnv, theirs: VectorEnv, steps: int) -> int:
    """Step both with the same actions and compare all that comes back; how many episodes ended."""
    rng, ended = np.random.default_rng(5), 0
    assert same(ours.reset(seed=7), theirs.reset(seed=7))
    for _ in range(steps):
        actions = rng.uniform(-1.0, 1.0, (WORLDS, 2)).astype(np.float32) * np.float32((0.05, 1.0))
        given, expected = ours.step(actions), theirs.step(actions)
        assert same(given, expected)
        ended += int((given[2] | given[3]).sum())
    return ended


def both(mode: AutoresetMode, scenario: Path, **options: Any) -> tuple[HighwayVectorEnv, SyncVectorEnv]:
    ours = HighwayVectorEnv(WORLDS, scenario, autoreset_mode=mode, **options)
    options.pop("threads", None)
    makers = [lambda: HighwayEnv(scenario, **options)] * WORLDS
    return ours, SyncVectorEnv(makers, autoreset_mode=mode)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_steps_and_autoresets_as_gymnasiums_own_does(brief: Path, mode: AutoresetMode) -> None:
    ours, theirs = both(mode, brief, camera=False)
    assert drive_both(ours, theirs, 25) >= 2 * WORLDS
    ours.close()
    theirs.close()


def test_pictures_drawn_by_threads_are_those_drawn_one_after_another(brief: Path) -> None:
    ours, theirs = both(AutoresetMode.NEXT_STEP, brief, camera=True, threads=4)
    assert drive_both(ours, theirs, 10) >= WORLDS
    assert ours.reset(seed=1)[0]["image"].std() > 10.0
    ours.close()
    theirs.close()


def test_labels_come_with_the_pictures(brief: Path) -> None:
    ours = HighwayVectorEnv(2, brief, labels=True)
    alone = HighwayEnv(brief, labels=True)
    ours.reset(seed=[3, 4])
    alone.reset(seed=4)
    info, expected = ours.step(np.zeros((2, 2), np.float32))[4], alone.step(np.zeros(2, np.float32))[4]
    assert info["_labels"].all()
    assert np.array_equal(info["labels"][1].instance, expected["labels"].instance)
    ours.close()
    alone.close()


def test_without_autoreset_worlds_are_reset_by_a_mask(brief: Path) -> None:
    ours, theirs = both(AutoresetMode.DISABLED, brief, camera=False)
    coast = np.zeros((WORLDS, 2), np.float32)
    assert same(ours.reset(seed=7), theirs.reset(seed=7))
    ended = np.zeros(WORLDS, np.bool_)
    while not ended.any():
        given = ours.step(coast)
        assert same(given, theirs.step(coast))
        ended = given[2] | given[3]
    with pytest.raises(ResetNeeded, match="reset them first"):
        ours.step(coast)
    seeds: list[int | None] = [11, 12, 13]
    given = ours.reset(seed=seeds, options={"reset_mask": ended})
    assert same(given, theirs.reset(seed=seeds, options={"reset_mask": ended}))
    assert same(ours.step(coast), theirs.step(coast))
    ours.close()
    theirs.close()


def test_gymnasium_makes_it_and_has_nothing_to_complain_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = gym.make_vec(ID, num_envs=2, vectorization_mode="vector_entry_point", camera=False)
    assert isinstance(made, HighwayVectorEnv)
    assert made.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert made.spec is not None and made.spec.kwargs["num_envs"] == 2
    single = HighwayEnv(camera=False)
    assert made.single_observation_space == single.observation_space
    assert made.observation_space == batch_space(single.observation_space, 2)
    assert made.action_space == batch_space(single.action_space, 2)
    made.close()


def test_what_comes_back_lies_in_the_spaces_and_is_the_callers_own(worlds: HighwayVectorEnv) -> None:
    first, info = worlds.reset(seed=2)
    assert first in worlds.observation_space and first["image"].shape == (WORLDS, 256, 640, 3)
    assert info["outcome"].tolist() == [None] * WORLDS and info["_outcome"].all()
    kept = first["speed"].copy()
    worlds.action_space.seed(0)
    seen, rewards, terminated, truncated, _ = worlds.step(worlds.action_space.sample())
    assert seen in worlds.observation_space
    assert [array.shape for array in (rewards, terminated, truncated)] == [(WORLDS,)] * 3
    assert np.array_equal(first["speed"], kept)


def test_a_seed_counts_up_and_a_list_names_each(worlds: HighwayVectorEnv) -> None:
    counted = worlds.reset(seed=40)[0]
    assert same(counted, worlds.reset(seed=[40, 41, 42])[0])
    assert not same(counted, worlds.reset(seed=[40, 41, 43])[0])
    alone = HighwayEnv(camera=False)
    assert np.array_equal(counted["speed"][1], alone.reset(seed=41)[0]["speed"])


def test_worlds_may_differ_in_their_scenarios() -> None:
    made = HighwayVectorEnv(2, ["curves", "jam_tail"], camera=False)
    made.reset(seed=1, options={"scenario": "cruise"})
    assert [env.scenario.name for env in made.envs] == ["cruise", "cruise"]
    made.close()


def test_rendering_gives_a_picture_of_each() -> None:
    made = HighwayVectorEnv(2, camera=False, render_mode="rgb_array")
    made.reset(seed=1)
    pictures = made.render()
    assert pictures is not None and len(pictures) == 2 and np.ndim(pictures[0]) == 3
    made.close()


def test_closing_ends_the_threads_and_frees_the_cameras(brief: Path) -> None:
    before = threading.active_count()
    made = HighwayVectorEnv(2, brief)
    made.reset(seed=1)
    made.step(np.zeros((2, 2), np.float32))
    assert threading.active_count() > before
    cameras = [weakref.ref(env._camera) for env in made.envs]
    made.close()
    made.close()
    gc.collect()
    assert threading.active_count() == before
    assert [camera() for camera in cameras] == [None, None]
    with pytest.raises(ClosedEnvironmentError):
        made.step(np.zeros((2, 2), np.float32))
    with pytest.raises(ClosedEnvironmentError):
        made.reset()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"num_envs": 0}, "num_envs must be at least 1, not 0"),
        ({"num_envs": 2, "threads": 0}, "threads must be at least 1, not 0"),
        ({"num_envs": 2, "scenario": ["cruise"]}, "1 scenarios for 2 worlds"),
        ({"num_envs": 2, "scenario": "crusie"}, "cruise"),
        ({"num_envs": 2, "autoreset_mode": "Never"}, "autoreset_mode 'Never': there are NextStep"),
        ({"num_envs": 2, "render_mode": "human"}, "render_mode 'human'"),
        ({"num_envs": 2, "agent_hz": 7}, "agent_hz"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        HighwayVectorEnv(**arguments)
    assert "\n" not in str(caught.value)


def test_wrong_calls_are_refused(worlds: HighwayVectorEnv) -> None:
    with pytest.raises(ResetNeeded, match="reset"):
        worlds.step(np.zeros((WORLDS, 2), np.float32))
    with pytest.raises(ConfigError, match="2 seeds for 3 worlds"):
        worlds.reset(seed=[1, 2])
    with pytest.raises(ConfigError, match="reset_mask"):
        worlds.reset(options={"reset_mask": np.zeros(WORLDS, np.bool_)})
    with pytest.raises(ResetNeeded, match="first reset"):
        worlds.reset(options={"reset_mask": np.array([True, False, False])})
    worlds.reset(seed=1)
    with pytest.raises(ConfigError, match=r"\(2,\), not \(3, 2\)"):
        worlds.step(np.zeros(2, np.float32))
