"""Scenario names with keys in brackets: read back, loaded, refused, fit for a file's name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.config import ConfigError
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.scenario_name import file_stem, split_names, with_keys, without_keys
from envs.scenario import load_scenario

KEYS = st.lists(st.from_regex(r"[a-z.0-9]+=[a-z0-9{}: ,]*[a-z0-9}]", fullmatch=True), max_size=4)


@given(st.sampled_from(["cut_in", "roads/own.yaml"]), KEYS)
def test_a_name_is_read_back(scenario: str, keys: list[str]) -> None:
    assert without_keys(with_keys(scenario, keys)) == (scenario, tuple(keys))


@given(KEYS)
def test_a_file_stem_has_nothing_that_a_file_system_refuses(keys: list[str]) -> None:
    assert set(file_stem(with_keys("some/cut_in.yaml", keys))) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789_.-"
    )


def test_commas_within_brackets_part_no_names() -> None:
    name = "cruise[ego.offset={min: -1, max: 1}; ego.lane=any]"
    assert split_names(f"cut_in, {name},merge") == ["cut_in", name, "merge"]


def test_the_ego_may_begin_off_the_middle_and_askew_and_nothing_else_changes() -> None:
    states = []
    for name in ("curves", "curves[ego.offset=0.8; ego.yaw_deg=-5]"):
        env = DrivingEnv(EnvSpec(name, camera=False))
        env.reset(100_000)
        states.append(env.truth.world_state())
        env.close()
    plain, askew = states
    assert askew.ego.lateral - plain.ego.lateral == pytest.approx(0.8, abs=1e-6)
    assert math.degrees(askew.ego.yaw - plain.ego.yaw) == pytest.approx(-5.0, abs=1e-6)
    assert askew.ego.speed == plain.ego.speed and askew.ego.station == pytest.approx(plain.ego.station)
    assert np.array_equal(askew.vehicles.x, plain.vehicles.x)


def test_keys_are_set_on_the_catalogue_s_scenario() -> None:
    name = "cut_in[speed_limit_kmh=90; actors.0.gap=11; conditions.weather={fog: 1}]"
    found, plain = load_scenario(name), load_scenario("cut_in")
    assert found.speed_limit_kmh.bounds == (90.0, 90.0)
    assert found.actors[0].gap.bounds == (11.0, 11.0)  # type: ignore[union-attr]
    assert list(found.conditions.weather) == ["fog"]
    assert found.traffic == plain.traffic and found.name == "cut_in"
    assert file_stem(name) == "cut_in-speed_limit_kmh-90-actors.0.gap-11-conditions.weather-fog-1"


def test_an_episode_of_such_a_scenario_is_drawn_from_it() -> None:
    env = DrivingEnv(EnvSpec("cruise[speed_limit_kmh=70; ego.speed_share=1]", camera=False))
    try:
        seen = env.reset(100_000)
        assert seen.speed_limit == pytest.approx(70 / 3.6)
        assert seen.speed == pytest.approx(70 / 3.6)
    finally:
        env.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cut_in[actors.3.gap=1]", "'3' is no place in a list of 1"),
        ("cut_in[speed_limit=90]", "speed_limit_kmh"),
        ("cut_in[speed_limit_kmh=300]", "30 … 130"),
        ("cutin[speed_limit_kmh=90]", "did you mean cut_in"),
        ("cut_in[gap]", "expected key=value"),
        ("cut_in[name.deeper=1]", "holds a value"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load_scenario(name)
    assert "\n" not in str(caught.value)
