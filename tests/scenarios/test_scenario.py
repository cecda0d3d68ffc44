"""Scenario files: the catalogue loads, errors are precise, draws stay within their bounds."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.world_state import Weather
from envs.scenarios.conditions import ConditionsSpec, visibility_speed_limit
from envs.scenarios.quantity import Quantity, between, fixed
from envs.scenarios.scenario import CATALOGUE, load_scenario, scenario_names

REQUIRED = {
    "cruise", "dense_traffic", "curves", "s_bend", "lane_drop", "stalled_car", "construction", "slow_lead",
    "braking_lead", "stationary_lead", "cut_in", "cut_out", "merge", "jam_tail", "pedestrian_crossing",
    "running_pedestrian", "occluded_child", "walker_along", "stranded_people",
}  # fmt: skip

VALID = """\
name: own
description: A test.
source: None.
road: {kind: straight}
speed_limit_kmh: 100
actors:
  - kind: lead
    gap: 50
    brakes: {after: 3}
people:
  - kind: crosser
    at: 100
traffic:
  density: {min: 1, max: 2}
"""


def refusal(tmp_path: Path, old: str, new: str) -> str:
    """The error message for the valid file with one change."""
    assert old in VALID
    path = tmp_path / "own.yaml"
    path.write_text(VALID.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    return str(error.value)


def test_the_catalogue_contains_the_required_scenarios_and_all_of_them_load() -> None:
    assert set(scenario_names()) >= REQUIRED
    for name in scenario_names():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert len(scenario.source) > 10


@pytest.mark.parametrize("folder", [CATALOGUE, CATALOGUE.parent / "training" / "scenes"])
def test_every_scenario_has_what_ordinary_roads_have(folder: Path) -> None:
    for path in sorted(folder.glob("*.yaml")):
        scenario = load_scenario(path)
        assert scenario.camera.body_motion and scenario.road.grades and scenario.scenery.variety, path.stem


def test_ordinary_roads_have_mild_grades_and_nothing_that_is_held_out(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"extends: ordinary\n{VALID}", encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.traffic.density == between(1.0, 2.0)  # its own
    assert all(-3.0 <= bound <= 3.0 for change in scenario.road.grades for bound in change.percent.bounds)
    assert scenario.camera.body_motion and not scenario.scenery.held_out
    # uniform within ± a has a standard deviation of a / √3
    for error, sigma in ((scenario.camera.pitch_error_deg, 0.3), (scenario.camera.height_error, 0.02)):
        assert error.bounds[1] / 3.0**0.5 == pytest.approx(sigma, rel=0.02)


def test_a_users_own_file_loads(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(VALID, encoding="utf-8")
    assert load_scenario(path).name == "own"


def test_an_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean stalled_car"):
        load_scenario("staled_car")


@pytest.mark.parametrize(
    "old, new, line, hint",
    [
        ("speed_limit_kmh", "speed_limt_kmh", 5, "speed_limit_kmh"),
        ("description:", "descripton:", 2, "description"),
        ("    gap:", "    gpa:", 8, "gap"),
        ("after:", "aftr:", 9, "after"),
        ("    at: 100", "    att: 100", 12, "at"),
        ("{min: 1, max: 2}", "{min: 1, mxa: 2}", 14, "did you mean max"),
        ("  density:", "  denisty:", 14, "density"),
        ("kind: straight", "kind: straigt", 4, "straight"),
        ("kind: lead", "kind: leed", 7, "lead"),
        ("kind: crosser", "kind: croser", 11, "crosser"),
    ],
)
def test_an_error_names_its_line_and_the_allowed_values(
    tmp_path: Path, old: str, new: str, line: int, hint: str
) -> None:
    message = refusal(tmp_path, old, new)
    assert f"own.yaml:{line}:" in message
    assert hint in message


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("speed_limit_kmh: 100", "speed_limit_kmh: 300", "within 30 … 130"),
        ("speed_limit_kmh: 100", "speed_limit_kmh: fast", "expected a number"),
        ("{min: 1, max: 2}", "{min: 3, max: 2}", "min is greater than max"),
        ("{min: 1, max: 2}", "{min: 3}", "both min and max"),
        ("gap: 50", "gap: 50\n    body: hatchbak", "hatchback"),
        ("gap: 50", "gap: .nan", "finite"),
    ],
)
def test_a_value_out_of_bounds_names_the_allowed_range(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert message in refusal(tmp_path, old, new)


def test_a_route_must_fit_on_the_road(tmp_path: Path) -> None:
    assert "at most 2000 m" in refusal(tmp_path, "traffic:", "route_length: 2001\ntraffic:")


def test_a_ramp_start_needs_a_ramp(tmp_path: Path) -> None:
    assert "on_ramp" in refusal(tmp_path, "traffic:", "ego: {lane: ramp}\ntraffic:")


@given(st.floats(-100, 100), st.floats(0, 50), st.integers(0, 1000))
def test_draws_stay_within_bounds(low: float, width: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert low <= between(low, low + width).draw(rng) <= low + width
    assert fixed(low).draw(rng) == low
    assert Quantity(choices=(1.0, low)).draw(rng) in (1.0, low)


def test_conditions_follow_their_weights_and_ranges() -> None:
    spec = ConditionsSpec(weather={Weather.FOG: 1.0, Weather.CLEAR: 3.0}, fog_visibility=between(100, 200))
    drawn = [spec.draw(np.random.default_rng(seed), seed) for seed in range(400)]
    fog = [conditions for conditions in drawn if conditions.weather is Weather.FOG]
    assert 60 < len(fog) < 140
    assert all(100 <= conditions.visibility <= 200 for conditions in fog)
    assert all(conditions.visibility >= 1500 for conditions in drawn if conditions.weather is Weather.CLEAR)
    assert not any(conditions.held_out_appearance for conditions in drawn)
    assert spec.draw(np.random.default_rng(0), 100_000).held_out_appearance


def test_the_visibility_limit_is_the_speed_that_stops_within_the_visible_distance() -> None:
    for visibility in (60.0, 120.0, 300.0):
        v = visibility_speed_limit(visibility)
        assert v * 1.2 + v * v / 8.0 == pytest.approx(0.7 * visibility)


def _keys(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths of all keys of mappings in a file."""
    if isinstance(data, dict):
        paths = [(*path, key) for key in data]
        return paths + [deep for key, inner in data.items() for deep in _keys(inner, (*path, key))]
    if isinstance(data, list):
        return [deep for index, inner in enumerate(data) for deep in _keys(inner, (*path, index))]
    return []


@pytest.mark.parametrize("name", ["braking_lead", "occluded_child", "construction", "merge"])
def test_any_misspelt_key_of_a_catalogue_file_names_the_right_one(name: str, tmp_path: Path) -> None:
    text = (CATALOGUE / f"{name}.yaml").read_text(encoding="utf-8")
    paths = _keys(yaml.safe_load(text))
    assert len(paths) > 20
    for path in paths:
        data = yaml.safe_load(text)
        inner = data
        for step in path[:-1]:
            inner = inner[step]
        key = str(path[-1])
        inner[f"{key}x"] = inner.pop(key)
        broken_file = tmp_path / "broken.yaml"
        broken_file.write_text(yaml.safe_dump(data), encoding="utf-8")
        with pytest.raises(ConfigError, match=rf"broken\.yaml:\d+: .*\b{key}\b"):
            load_scenario(broken_file)


def test_the_example_of_the_manual_loads(tmp_path: Path) -> None:
    manual = (CATALOGUE.parents[1] / "docs" / "guides" / "scenarios.md").read_text(encoding="utf-8")
    example = tmp_path / "example.yaml"
    example.write_text(manual.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert load_scenario(example).actors[0].kind == "lead"
