"""Scenario names with keys in brackets: parsed, loaded, refused, converted to file names."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.app.options import unique_names
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.scenario_name import ScenarioName, file_stem, split_names
from drive_stack.shifts import base_and_shift
from envs.scenarios.scenario import CATALOGUE, load_scenario, scenario_names
from envs.world import World

KEYS = st.lists(st.from_regex(r"[a-z.0-9]+=[a-z0-9{}: ,]*[a-z0-9}]", fullmatch=True), max_size=4)


@given(st.sampled_from(["cut_in", "roads/own.yaml"]), KEYS)
def test_a_name_is_read_back(scenario: str, keys: list[str]) -> None:
    name = ScenarioName(scenario, tuple(keys))
    assert ScenarioName.parse(str(name)) == name


@given(KEYS)
def test_a_file_stem_has_nothing_that_a_file_system_refuses(keys: list[str]) -> None:
    assert set(file_stem(str(ScenarioName("some/cut_in.yaml", tuple(keys))))) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789_.-"
    )


def test_commas_within_brackets_do_not_separate_names() -> None:
    name = "cruise[ego.offset={min: -1, max: 1}; ego.lane=any]"
    assert split_names(f"cut_in, {name},merge") == ["cut_in", name, "merge"]


def test_the_ego_may_start_off_the_lane_centre_at_an_angle() -> None:
    states = []
    for name in ("curves", "curves[ego.offset=0.8; ego.yaw_deg=-5; ego.lane=rightmost]"):
        env = DrivingEnv(EnvSpec(name, camera=False))
        env.reset(100_000)
        states.append(env.truth.world_state())
        env.close()
    for state, offset, yaw in zip(states, (0.0, 0.8), (0.0, -5.0), strict=True):
        lane = state.road.lanes[state.road.lane_at(state.ego.station, state.ego.lateral)]
        assert state.ego.lateral - lane.lateral_at(state.ego.station) == pytest.approx(offset, abs=1e-6)
        _, road_yaw = state.road.to_world(np.asarray(state.ego.station), np.asarray(state.ego.lateral))
        assert math.degrees(state.ego.yaw - float(road_yaw)) == pytest.approx(yaw, abs=1e-6)


# --- worlds --------------------------------------------------------------------------------------

# scenery seeds of earlier versions for seed 100003: names must keep seeding the same worlds
SCENERY = {"s_bend": 1770882315, "curves": 1696326931, "dense_traffic": 238330834}


@cache
def initial_world(name: str, seed: int) -> tuple[bytes, ...]:
    """The initial road, actors and ego of an episode, as bytes."""
    state = World(load_scenario(name), seed).state()
    road, cars, pedestrians, ego = state.road, state.vehicles, state.pedestrians, state.ego
    arrays = (
        *(road.piece_x, road.piece_y, road.piece_yaw, [lane.lateral_at(300.0) for lane in road.lanes]),
        *(
            cars.x,
            cars.y,
            cars.yaw,
            cars.speed,
            cars.length,
            pedestrians.x,
            pedestrians.y,
            pedestrians.yaw,
            pedestrians.speed,
        ),
        *(state.obstacles.x, state.obstacles.y, [ego.x, ego.y, ego.yaw, ego.speed, state.speed_limit]),
    )
    return tuple(np.round(np.asarray(array, dtype=np.float64), 9).tobytes() for array in arrays)


@pytest.mark.parametrize(("name", "scenery"), SCENERY.items())
def test_a_name_without_keys_keeps_its_worlds(name: str, scenery: int) -> None:
    assert World(load_scenario(name), 100_003).state().conditions.scenery_seed == scenery
    assert load_scenario(name).world_name == name


def test_a_variant_draws_separate_worlds() -> None:
    plain, night = (load_scenario(name) for name in ("curves", "curves[conditions.light={night: 1}]"))
    assert plain.world_name == plain.name == night.name != night.world_name
    for seed in (100_000, 100_001):
        base, variant = (
            initial_world("curves", seed),
            initial_world("curves[conditions.light={night: 1}]", seed),
        )
        assert base != variant and base[:3] != variant[:3]  # the road differs too


@pytest.mark.parametrize(
    "name",
    [
        "cut_in[conditions.weather={fog: 1}; actors.0.gap=10]",
        "cut_in[actors.0.gap=10.0; conditions.weather={fog: 1.0}]",
        "cut_in[actors.0.gap={choices: [10]}; conditions.weather={ 'fog': 1e0 }]",
        "cut_in[actors.0.gap=99; actors.0.gap=10; conditions.weather={fog: 1}]",
        "cut_in[actors.0.gap=10; conditions.weather={fog: 1}; ego.lane=LANE]",
    ],
)
def test_the_world_of_a_variant_depends_on_its_changes_and_not_on_their_spelling(name: str) -> None:
    name = name.replace("LANE", load_scenario("cut_in").ego.lane)
    expected = load_scenario("cut_in", ("actors.0.gap=10", "conditions.weather={fog: 1}"))
    assert load_scenario(name).world_name == expected.world_name
    assert initial_world(name, 7) == initial_world("cut_in[actors.0.gap=10; conditions.weather={fog: 1}]", 7)


def test_a_key_that_repeats_the_files_value_makes_no_variant() -> None:
    plain = load_scenario("cut_in")
    same = load_scenario(f"cut_in[ego.lane={plain.ego.lane}; time_limit={plain.time_limit:g}]")
    assert same == plain and same.world_name == "cut_in"


def test_a_variant_s_rows_are_of_another_configuration_than_the_scenario_s() -> None:
    content = load_scenario("cruise[conditions.light={night: 1}]").model_dump_json(exclude_unset=True)
    assert '"variant"' in content
    assert '"variant"' not in load_scenario("cruise").model_dump_json(exclude_unset=True)


def test_a_file_cannot_say_which_variant_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = (CATALOGUE / "cruise.yaml").read_text(encoding="utf-8")
    path.write_text(text + "\nvariant: ego.lane=any\n", encoding="utf-8")
    for name in (str(path), "cruise[variant=x]"):
        with pytest.raises(ConfigError, match=r"variant: .*derived from the keys") as caught:
            load_scenario(name)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_whole_only_with_a_key_can_be_driven(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    lines = (CATALOGUE / "cruise.yaml").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("speed_limit_kmh"))
    path.write_text(text.replace("name: cruise", "name: own"), encoding="utf-8")
    assert load_scenario(f"{path}[speed_limit_kmh=90]").speed_limit_kmh.bounds == (90.0, 90.0)


def episodes() -> set[tuple[str, int]]:
    """All courses of all shipped suites, each with its seeds; shifted ones have the worlds of their bases."""
    courses_and_seeds = set()
    for name in suites():
        suite = load_suite(name)
        courses = suite.scenarios(scenario_names(), lambda course: load_scenario(course).world_name)
        courses_and_seeds |= {
            (course, suite.first_seed + seed)
            for course in courses
            for seed in range(suite.seeds)
            if base_and_shift(course)[1] is None
        }
    return courses_and_seeds


def test_no_two_episodes_of_the_suites_start_in_the_same_world() -> None:
    worlds: dict[tuple[bytes, ...], tuple[str, int]] = {}
    for course, seed in sorted(episodes()):
        start = initial_world(course, seed)
        assert start not in worlds, f"{course} {seed} is {worlds[start]}"
        worlds[start] = course, seed


def test_standard_has_220_episodes_of_which_none_shares_a_road_with_traffic() -> None:
    standard = load_suite("standard")
    courses = standard.scenarios(scenario_names(), lambda course: load_scenario(course).world_name)
    seeds = range(standard.first_seed, standard.first_seed + standard.seeds)
    traffic = {initial_world(course, seed)[4:8] for course in courses for seed in seeds}
    assert len(courses) * len(seeds) == 220
    empty = sum(not initial_world(course, seed)[4] for course in courses for seed in seeds)
    assert len(traffic) == 220 - max(0, empty - 1)


def test_keys_are_set_on_the_catalogue_s_scenario() -> None:
    name = "cut_in[speed_limit_kmh=90; actors.0.gap=11; conditions.weather={fog: 1}]"
    variant, plain = load_scenario(name), load_scenario("cut_in")
    assert variant.speed_limit_kmh.bounds == (90.0, 90.0)
    assert variant.actors[0].gap.bounds == (11.0, 11.0)  # type: ignore[union-attr]
    assert list(variant.conditions.weather) == ["fog"]
    assert variant.traffic == plain.traffic and variant.name == "cut_in"
    assert file_stem(name) == "cut_in-speed_limit_kmh-90-actors.0.gap-11-conditions.weather-fog-1"


def test_an_episode_uses_the_keys_of_its_name() -> None:
    env = DrivingEnv(EnvSpec("cruise[speed_limit_kmh=70; ego.speed_share=1]", camera=False))
    try:
        observation = env.reset(100_000)
        assert observation.speed_limit == pytest.approx(70 / 3.6)
        assert observation.speed == pytest.approx(70 / 3.6)
    finally:
        env.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut_in[actors.3.gap=1]", "'3' is no place in a list of 1"),
        ("cut_in[speed_limit=90]", "speed_limit_kmh"),
        ("cut_in[speed_limit_kmh=300]", "30 … 130"),
        ("cutin[speed_limit_kmh=90]", "did you mean cut_in"),
        ("cut_in[gap]", "expected key=value"),
        ("cut_in[name.deeper=1]", "holds a value"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario(name)
    assert "\n" not in str(caught.value)


def test_lists_of_names_keep_commas_in_brackets_and_name_each_once() -> None:
    assert unique_names("cut_in[a=1, b=2],merge,merge") == ["cut_in[a=1, b=2]", "merge"]
    assert unique_names("all") == []
    with pytest.raises(ConfigError, match="expected names between commas, or all"):
        unique_names("merge,,cruise")
