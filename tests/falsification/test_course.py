"""Scenario files of courses: the worlds of the scenario itself, apart from what varies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from drive_stack.falsification.course import Course, CourseFiles
from drive_stack.scenario_keys import Value
from envs.scenario_keys.model_keys import scenario_keys
from envs.scenarios.scenario import load_scenario
from envs.world import World

SEED = 3


def files(folder: Path, scenario: str) -> CourseFiles:
    loaded = load_scenario(scenario)
    keys = {key.key: key for key in scenario_keys(scenario)}
    content = loaded.model_dump_json(exclude_unset=True)
    return CourseFiles(folder, scenario, content, loaded.world_name, keys)


def course_file(folder: Path, scenario: str, **values: Value) -> str:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return str(files(folder, scenario).write(Course(named, SEED)))


def test_a_course_with_the_scenario_s_own_value_is_the_scenario_s_own_world(tmp_path: Path) -> None:
    """`stranded_people` has its car at 250 m ahead, fixed."""
    own = World(load_scenario("stranded_people"), SEED).state()
    same = World(load_scenario(course_file(tmp_path, "stranded_people", actors__0__at=250.0)), SEED).state()
    assert np.array_equal(own.vehicles.x, same.vehicles.x)
    assert np.array_equal(own.pedestrians.y, same.pedestrians.y)
    assert (own.ego, own.conditions) == (same.ego, same.conditions)


def test_a_value_changes_what_it_is_about_and_nothing_else(tmp_path: Path) -> None:
    own = World(load_scenario("stranded_people"), SEED).state()
    moved = World(load_scenario(course_file(tmp_path, "stranded_people", actors__0__at=262.5)), SEED).state()
    standing = own.vehicles.indicator == 2  # with hazard lights
    assert np.allclose((moved.vehicles.station - own.vehicles.station)[standing], 12.5)
    assert own.vehicles.length[standing] == moved.vehicles.length[standing]  # the same body
    assert np.array_equal(own.pedestrians.x, moved.pedestrians.x)
    assert (own.ego, own.conditions) == (moved.ego, moved.conditions)
    variant = World(load_scenario("stranded_people[actors.0.at=262.5]"), SEED).state()
    assert own.conditions != variant.conditions  # keys in brackets draw another world


def test_a_name_is_the_only_one_that_is_drawn(tmp_path: Path) -> None:
    path = course_file(tmp_path, "cut_in", conditions__light="night", actors__0__gap=8.125)
    scenario = load_scenario(path)
    assert {light.value: weight for light, weight in scenario.conditions.light.items()} == {"night": 1.0}
    assert scenario.actors[0].gap.bounds == (8.125, 8.125)  # type: ignore[union-attr]


def test_the_file_of_a_variant_and_a_shift_keeps_their_worlds(tmp_path: Path) -> None:
    name = "curves[traffic.density=2; shift=mounting/1]"
    path = course_file(tmp_path, name, ego__offset=0.5)
    assert load_scenario(path).world_name == load_scenario(name).world_name != "curves"
    shifted = load_scenario(name)
    assert load_scenario(path).camera == shifted.camera != load_scenario("curves").camera


def test_files_are_named_by_their_values_and_readable(tmp_path: Path) -> None:
    first = course_file(tmp_path, "cut_in", actors__0__gap=8.0)
    assert first == course_file(tmp_path, "cut_in", actors__0__gap=8.0)
    assert first != course_file(tmp_path, "cut_in", actors__0__gap=8.1)
    text = Path(first).read_text()
    assert text.startswith("# A course of `run_sim.py search`: cut_in with\n#   actors.0.gap: 8\n")
    assert yaml.safe_load(text)["actors"][0]["gap"] == 8.0
