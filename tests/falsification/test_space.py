"""The keys that can be varied, and the spaces made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_stack.errors import ConfigError
from drive_stack.falsification.space import (
    Choices,
    Dimension,
    Interval,
    Variation,
    default_space,
    parse_variation,
    resolve_space,
)
from drive_stack.scenario_keys import ScenarioKey
from envs.scenario_keys.model_keys import scenario_keys
from envs.scenarios.scenario import load_scenario, scenario_names

KEYS = {key.key: key for key in scenario_keys("cut_in")}


def resolved(*options: str, scenario: str = "cut_in") -> tuple[Dimension, ...]:
    return resolve_space(
        scenario, dict(map(parse_variation, options)), scenario_keys(scenario), load_scenario
    )


def test_keys_have_the_bounds_of_the_model_and_what_the_scenario_draws() -> None:
    assert KEYS["actors.0.gap"] == ScenarioKey(
        "actors.0.gap", low=1.0, high=5000.0, drawn=(14.0, 32.0), ranged=True
    )
    assert KEYS["road.lanes"] == ScenarioKey(
        "road.lanes", low=2.0, high=4.0, whole=True, drawn=(2.0, 3.0, 4.0)
    )
    assert KEYS["actors.0.headway"] == ScenarioKey(
        "actors.0.headway", low=0.0, high=600.0
    )  # optional, not set
    assert KEYS["conditions.surface"] == ScenarioKey(
        "conditions.surface", names=("dry", "wet", "standing_water", "snow")
    )
    assert KEYS["conditions.light"].drawn == ("day", "dusk", "night")


def test_only_numbers_to_draw_and_weights_are_keys() -> None:
    assert not {"time_limit", "actors.0.kind", "actors.0.side", "name", "camera.body_motion"} & KEYS.keys()


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_of_the_catalogue_has_a_space_that_it_allows(name: str) -> None:
    keys = scenario_keys(name)
    space = default_space(name, keys)
    assert 4 <= len(space) <= 9
    assert {"conditions.light", "conditions.weather"} < space.keys()  # from the file in configs
    resolve_space(name, space, keys, load_scenario)


def test_a_scenario_without_a_file_varies_what_it_draws() -> None:
    path = str(Path(__file__).parents[2] / "examples" / "my_scenario.yaml")
    assert default_space(path, scenario_keys(path)) == {
        "speed_limit_kmh": Variation(choices=(80.0, 100.0)),
        "traffic.density": Variation(min=3.0, max=8.0),
        "actors.0.speed_kmh": Variation(min=30.0, max=50.0),
        "people.0.bonnet": Variation(choices=(0.25, 0.75)),
    }


def test_options_become_dimensions() -> None:
    assert resolved("actors.0.gap=6:30", "road.lanes=2:4", "road.lane_width=3.5,3.75") == (
        Interval("actors.0.gap", 6.0, 30.0),
        Interval("road.lanes", 2.0, 4.0, whole=True),
        Choices("road.lane_width", (3.5, 3.75)),
    )
    assert resolved("conditions.light=day,night") == (Choices("conditions.light", ("day", "night")),)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("actors.0.gapp=6:30", "--vary: unknown key 'actors.0.gapp': did you mean actors.0.gap"),
        ("actors.1.gap=6:30", "unknown key 'actors.1.gap'"),
        ("actors.0.gap=0.5:30", "--vary actors.0.gap: must lie within 1 … 5000 (found 0.5)"),
        ("actors.0.gap=30:6", "expected KEY=LOW:HIGH with LOW below HIGH"),
        ("actors.0.gap=30", "expected KEY=LOW:HIGH"),
        ("actors.0.gap=", "expected KEY=LOW:HIGH"),
        ("actors.0.gap=6:nan", "expected KEY=LOW:HIGH"),
        ("actors.0.gap=7,7", "expected KEY=LOW:HIGH"),
        ("=6:30", "expected KEY=LOW:HIGH"),
        ("road.lanes=2:3.5", "--vary road.lanes: must be whole numbers (found 3.5)"),
        ("conditions.light=day,moon", "must be among day, dusk, night (found moon)"),
        ("conditions.light=1:2", "must be among day, dusk, night"),
        ("actors.0.gap=near,far", "must be numbers (found near)"),
        # the model of the scenario as a whole refuses it for some value of the range
        ("actors.0.slower_kmh=5:100", "--vary actors.0.slower_kmh: must lie within 0 … 54.5"),
        ("actors.0.duration=0.5:3", "--vary actors.0.duration: must be at least"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(option: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        resolved(option)
    text = (
        str(error.value)
        .replace("actors.0.slower_kmh: actors.0", "actors.0")
        .replace("actors.0.duration: actors.0", "actors.0")
    )
    assert message in text
    assert "\n" not in text


def test_values_are_rounded_to_four_digits_within_the_interval() -> None:
    assert Interval("a", 0.0, 30.0).rounded(12.34567) == 12.35
    assert Interval("a", 0.0, 12.3456).rounded(12.3456) == 12.3456  # 12.35 would be outside
    assert Interval("a", 1.0, 5.0, whole=True).rounded(2.6) == 3.0
