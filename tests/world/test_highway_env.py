"""The gymnasium environment: its interface, determinism and handling of invalid input."""

import gc
import re
import warnings
import weakref
from collections.abc import Iterator
from typing import Any, cast

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env

import envs
from drive_stack.errors import ConfigError
from envs.highway import HighwayEnv
from envs.render import draw_birds_eye_view
from envs.scenarios.scenario import load_scenario

assert envs.__doc__  # importing the package registers the environment

COAST = np.zeros(2, dtype=np.float32)


def make(**options: object) -> gym.Env:
    return gym.make("drive_stack/Highway-v0", camera=False, **options)


@pytest.fixture
def env() -> Iterator[HighwayEnv]:
    made = make()
    yield made.unwrapped
    made.close()


@pytest.mark.parametrize("camera", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_gymnasiums_checker_finds_nothing(camera: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    made = gym.make("drive_stack/Highway-v0", camera=camera, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(made.unwrapped)
    made.close()


def documented_observations() -> dict[str, list[str]]:
    """Rows of the docstring's table of observations by key: shape, dtype, unit, range and meaning."""
    rows = [line.strip().strip("|").split("|") for line in (HighwayEnv.__doc__ or "").splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows if len(row) == 6 and "`" in row[0]]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_docstring_lists_every_observation_with_its_shape_dtype_and_range() -> None:
    documented = documented_observations()
    spaces = cast("gym.spaces.Dict", HighwayEnv().observation_space).spaces
    assert set(documented) == set(spaces)
    for key, space in spaces.items():
        shape, dtype, _, bounds, _ = documented[key]
        assert (shape, dtype) == (str(space.shape), str(space.dtype))
        limits = [float(bound) for bound in re.findall(r"-?\d+", bounds)]
        if isinstance(space, gym.spaces.Box):
            assert limits == [space.low.min(), space.high.max()]
        else:
            count = space.n if isinstance(space, gym.spaces.Discrete) else 2
            assert limits == [0, count - 1]


def test_equal_seeds_give_equal_observations_and_an_unseeded_reset_draws_a_training_seed(
    env: HighwayEnv,
) -> None:
    twin = make().unwrapped
    for seed in (4, None):
        first, second = env.reset(seed=seed)[0], twin.reset(seed=seed)[0]
        for _ in range(20):
            assert all(np.array_equal(first[key], second[key]) for key in first)
            action = env.action_space.sample()
            (first, *_, terminated, truncated, _), (second, *_) = env.step(action), twin.step(action)
            if terminated or truncated:
                break
    twin.close()


def test_an_observation_holds_the_documented_keys_and_shapes(env: HighwayEnv) -> None:
    observation, info = env.reset(seed=1)
    shapes = {key: np.shape(value) for key, value in observation.items()}
    assert shapes == {
        "speed": (1,), "yaw_rate": (1,),
        "blind_spot": (2,), "speed_limit": (1,), "command": (), "rain": (),
    }  # fmt: skip
    assert (info["outcome"], info["clamped_actions"]) == (None, 0)
    record = env.observation()
    assert (record.image.shape, record.image.any()) == ((256, 640, 3), False)
    assert record.speed == pytest.approx(float(observation["speed"][0]))
    assert record.speed_limit == pytest.approx(float(observation["speed_limit"][0]))


@pytest.mark.parametrize(("weather", "rain", "metres"), [("clear", 0, 54.9), ("rain", 1, 73.4)])
def test_rain_is_reported_and_lengthens_the_braking_distance(weather: str, rain: int, metres: float) -> None:
    made = make(scenario=f"cruise[conditions.weather={{{weather}: 1}}; traffic.density=0; road.grades=[]]")
    env = made.unwrapped
    observation, _ = made.reset(seed=0)
    assert int(observation["rain"]) == rain
    world = env.world
    speed, start = world.ego.speed, world.ego.station
    while world.ego.speed > 0.0:
        made.step(np.array([0.0, -1.0], dtype=np.float32))
    # the braking distance grows with the square of the speed, except for the distance of the 0.25 s lag
    lag = 0.25 * speed
    expected = lag + (metres - 0.25 * 100.0 / 3.6) * (speed * 3.6 / 100.0) ** 2
    assert world.ego.station - start == pytest.approx(expected, rel=0.02)
    made.close()


def test_nan_and_out_of_range_actions_are_counted_and_the_world_stays_finite(env: HighwayEnv) -> None:
    env.reset(seed=1)
    for action in ([np.nan, np.nan], [np.inf, 0.0], [50.0, -7.0]):
        observation, _, _, _, info = env.step(np.array(action, dtype=np.float32))
        assert all(np.isfinite(value).all() for value in observation.values())
    assert info["clamped_actions"] == 3


@pytest.mark.parametrize("physics, agent, ticks", [(20, 10, 2), (40, 20, 2), (60, 10, 6), (10, 10, 1)])
def test_rates_are_configurable(physics: int, agent: int, ticks: int) -> None:
    made = make(physics_hz=physics, agent_hz=agent).unwrapped
    made.reset(seed=1)
    made.step(COAST)
    assert made.world.time == pytest.approx(1.0 / agent)
    assert made.world.physics_dt * ticks == pytest.approx(made.platform.dt)
    made.close()


def test_rates_that_do_not_divide_and_unknown_names_are_refused() -> None:
    for options, message in (
        ({"physics_hz": 20, "agent_hz": 7}, "must divide"),
        ({"scenario": "cruse"}, "did you mean cruise"),
        ({"labels": True}, "camera"),
    ):
        with pytest.raises(ConfigError, match=message):
            HighwayEnv(camera=False, **options)  # type: ignore[arg-type]


def test_a_reset_may_change_the_scenario(env: HighwayEnv) -> None:
    env.reset(seed=1, options={"scenario": "merge"})
    assert env.world.scenario.name == "merge"
    assert env.observation().command == 1


def test_a_reused_environment_draws_the_pictures_of_a_new_one() -> None:
    """Nothing of episodes with a dirty lens or late frames is left in the next one."""
    used, new = HighwayEnv("slow_lead[shift=lens/3]"), HighwayEnv("cut_in")
    for scenario in ("slow_lead[shift=lens/3]", "curves[shift=latency/3]"):
        used.reset(seed=3, options={"scenario": scenario})
        used.step(np.array([0.3, -1.0], dtype=np.float32))
    first = [made.reset(seed=7, options={"scenario": "cut_in"})[0] for made in (used, new)]
    second = [made.step(COAST)[0] for made in (used, new)]
    for one, other in (first, second):
        np.testing.assert_array_equal(one["image"], other["image"])
        assert one["image_age"] == other["image_age"] == 0.0
    assert (first[0]["image"] != second[0]["image"]).any()
    used.close()
    new.close()


def test_timeouts_truncate_and_crashes_terminate() -> None:
    for overrides, action, expected in (
        (("time_limit=2",), COAST, (False, True, "timeout")),
        ((), np.array([-1.0, 0.5], dtype=np.float32), (True, False, "collision")),
    ):
        made = HighwayEnv(load_scenario("cruise", overrides), camera=False)
        made.reset(seed=1)
        ended = (False, False, None)
        for _ in range(400):
            _, _, terminated, truncated, info = made.step(action)
            ended = (terminated, truncated, info["outcome"])
            if terminated or truncated:
                break
        assert ended == expected
        made.close()


def test_environments_share_nothing() -> None:
    slow, fast = make(agent_hz=10).unwrapped, make(physics_hz=20, agent_hz=20).unwrapped
    assert (slow.metadata["render_fps"], fast.metadata["render_fps"]) == (10, 20)
    slow.reset(seed=1)
    fast.reset(seed=2)
    before = slow.world.state()
    fast.step(COAST)
    assert slow.world.state().ego == before.ego
    slow.close()
    fast.close()


def test_the_birds_eye_view_shows_the_ego_at_its_place(env: HighwayEnv) -> None:
    env.reset(seed=1)
    image = draw_birds_eye_view(env.world.state())
    assert image.shape == (200, 640, 3)
    blue = np.argwhere((image == (64, 160, 255)).all(axis=2))
    assert np.abs(blue.mean(axis=0) - [100.0, (30.0 + 1.4) * 4.5]).max() < 3.0


def test_oracles_and_ground_truth_are_available(env: HighwayEnv) -> None:
    env.reset(seed=1)
    assert env.truth.world_state().ego.speed == env.world.ego.speed
    assert env.oracles.lanes() is not None
    with pytest.raises(RuntimeError, match="camera=True"):
        env.truth.labels()


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["PPO", "A2C"])
def test_stable_baselines3_learns_from_it_as_it_is(algorithm: str) -> None:
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    made = make()
    model = getattr(stable_baselines3, algorithm)("MultiInputPolicy", made, n_steps=16, device="cpu")
    model.learn(32)
    made.close()


@pytest.mark.parametrize("camera", [False, True])
def test_an_environment_is_freed_when_it_is_no_longer_referenced(camera: bool) -> None:
    """Its memory is freed at once, not only by the cycle collector."""
    env = HighwayEnv("cruise", camera=camera)
    env.reset(seed=0)
    env.step(np.zeros(2, dtype=np.float32))
    env.truth.world_state()
    references = weakref.ref(env), weakref.ref(env.world)
    gc.disable()
    try:
        env.close()
        del env
        assert [reference() for reference in references] == [None, None]
    finally:
        gc.enable()


def test_step_needs_a_running_episode() -> None:
    env = HighwayEnv("cruise[time_limit=1; traffic.density=0]", camera=False)
    with pytest.raises(ResetNeeded, match="there is no episode"):
        env.step(COAST)
    for _ in range(2):
        env.reset(seed=1)
        ended = False
        while not ended:
            _, _, terminated, truncated, info = env.step(COAST)
            ended = terminated or truncated
        time = env.world.time
        with pytest.raises(ResetNeeded, match=f"has ended \\({info['outcome']}\\)"):
            env.step(COAST)
        assert env.world.time == time
    env.reset(seed=1)
    env.close()
    env.close()
    with pytest.raises(ResetNeeded, match="there is no episode"):
        env.step(COAST)
    env.reset(seed=1)
    env.step(COAST)


@pytest.mark.parametrize(
    "action", [0.0, [0.0], [0.0, 0.0, 0.0], [[0.0, 0.0]], [[0.0], [0.0]], [], "left", None, {}]
)
def test_an_action_that_is_no_array_of_two_numbers_is_refused(env: HighwayEnv, action: object) -> None:
    env.reset(seed=1)
    time = env.world.time
    with pytest.raises(InvalidAction, match="action"):
        env.step(cast("Any", action))
    assert env.world.time == time
