"""Scenario files are checked against their road: each error is one line with the allowed values."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_worlds import refusal, write_scenario

import run_sim
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.vehicle import VehicleParameters
from envs.scenarios.scenario import CATALOGUE, load_scenario, scenario_names
from envs.spawning.episode_setup import build_episode


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("ego: {offset: 15}\n", 7, "ego.offset", "the ego's centre stays in its lane"),
        ("ego:\n  lane: leftmost\n  offset: 1.7\n", 9, "ego.offset", "within -1.75 … 1.57"),
        ("ego: {lane: leftmost, offset: 1.5, yaw_deg: -20}\n", 7, "ego.offset", "its body on the pavement"),
        ("ego: {station: 0}\n", 7, "ego.station", "within 10 … 2290"),
        ("ego: {station: 1600}\n", 7, "ego.station", "at most 1400 where no route_length is given"),
        ("ego:\n  station: 1600\nroute_length: 800\n", 9, "route_length", "at most 700 m"),
        ("route_length: 0\n", 7, "route_length", "at least 10 m"),
        ("ego: {lane: ramp}\n", 7, "ego.lane", "on_ramp"),
        ("road: {kind: on_ramp}\nego:\n  lane: ramp\n  station: 760\n", 9, "ego.station", "at most 745"),
        ("road: {kind: lane_drop}\nego:\n  station: 700\n", 8, "ego.station", "at most 675"),
        ("road: {kind: curve, begins: 5000}\n", 6, "road.begins", "within 50 … 2500"),
        ("road: {kind: curve, begins: 2300}\n", 6, "road.begins", "at most 1950"),
        ("road: {kind: s_bend, begins: 2000}\n", 6, "road.begins", "at most 1770"),
        ("road: {kind: on_ramp, opens: 0}\n", 6, "road.opens", "within 50 … 2500"),
        ("road: {kind: on_ramp, opens: 2400}\n", 6, "road.opens", "at most 2250"),
        ("road: {kind: lane_drop, drops: 2600}\n", 6, "road.drops", "within 50 … 2500"),
        ("road: {kind: straight, lanes: 2.5}\n", 6, "road.lanes", "whole numbers"),
        ("speed_zones: [{begin: 200, end: 100, limit_kmh: 60}]\n", 7, "speed_zones.0.end", "greater than"),
        ("speed_zones: [{begin: 2400, end: 2500, limit_kmh: 60}]\n", 7, "speed_zones.0.begin", "… 2300"),
        ("speed_zones: [{begin: 20, end: 99, limit_kmh: 120}]\n", 7, "speed_zones.0.limit_kmh", "below 100"),
        ("navigation: [{command: follow, begin: 9, end: 9}]\n", 7, "navigation.0.end", "greater than"),
        ("navigation:\n  - {command: change_left, where: ramp}\n", 8, "navigation.0.where", "on_ramp"),
        ("traffic:\n  density: 130\n", 8, "traffic.density", "fit on a kilometre of lane"),
        ("time_limit: 0\n", 7, "time_limit", "greater than 0"),
        (
            "road: {kind: lane_drop}\nactors:\n  - {kind: stopped, at: 700}\n",
            8, "actors.0.lane", "the ego's lane may end before",
        ),
        (
            "road: {kind: lane_drop}\nactors:\n  - {kind: queue, at: 300}\n",
            8, "actors.0.at", "a lane may end within it, 680 to 800 m",
        ),
        (
            "road: {kind: lane_drop}\nobstacles:\n  - {kind: lane_closure, at: 300}\n",
            8, "obstacles.0.at", "a lane may end within it",
        ),
        (
            "ego: {lane: any}\nactors:\n  - {kind: stopped, at: 99, lane: left_of_ego}\n",
            9, "actors.0.lane", "where it starts in lane 1 of 3",
        ),
        (
            "road: {kind: straight}\nego: {lane: middle}\nactors:\n  - {kind: cut_in, side: right}\n",
            9, "actors.0.side", "where it starts in lane 2 of 2",
        ),
        (
            "ego: {lane: leftmost}\npeople:\n  - {kind: crosser, at: 100, hidden_by: {}}\n",
            9, "people.0.hidden_by", "next to the right shoulder",
        ),
        (
            "road: {kind: on_ramp}\npeople:\n  - {kind: crosser, at: 100, hidden_by: {}}\n",
            8, "people.0.hidden_by", "next to the right shoulder",
        ),
        (
            "conditions: {weather: {rain: 1}}\nactors:\n  - kind: lead\n    gap: 50\n"
            "    brakes: {deceleration: 6}\n",
            10, "actors.0.brakes.deceleration", "at most 5.5, the grip of the road, which is never dry",
        ),
        (
            "conditions: {weather: {rain: 1, clear: 0}}\nactors:\n  - {kind: cut_in, duration: 1.8}\n",
            8, "actors.0.duration", "at least 1.99",
        ),
        (
            "actors:\n  - {kind: lead, gap: 50}\n  - {kind: lead, gap: 52}\n",
            9, "actors.1.gap", "overlaps actors.0: both are in one lane",
        ),
        (
            "actors:\n  - {kind: lead, headway: 2}\n  - {kind: lead, headway: 2, lane: rightmost}\n",
            9, "actors.1.headway", "overlaps actors.0",
        ),
        (
            "actors:\n  - {kind: queue, at: 100, per_lane: 6}\n  - {kind: stopped, at: 115}\n",
            9, "actors.1.at", "overlaps actors.0",
        ),
        (
            "actors: [{kind: stopped, at: 200}]\nobstacles:\n  - {kind: lane_closure, at: 150}\n",
            9, "obstacles.0.at", "overlaps actors.0",
        ),
        (
            "obstacles:\n  - {kind: lane_closure, at: 150}\n  - {kind: lane_closure, at: 180}\n",
            9, "obstacles.1.at", "overlaps obstacles.0",
        ),
        (
            "actors:\n" + 3 * "  - {kind: queue, at: 100, per_lane: 30}\n",
            9, "actors.1", "at most 160 scripted vehicles",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_its_road_is_refused(
    tmp_path: Path, text: str, line: int, key: str, message: str
) -> None:
    path = write_scenario(tmp_path, text)
    error = refusal(path)
    assert error.startswith(f"{path}:{line}: {key}: ")
    assert message in error


def test_a_number_that_is_not_finite_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_scenario(tmp_path, "conditions:\n  weather: {rain: .nan}\n")
    assert refusal(path) == f"{path}:7: expected a finite number (found .nan)"


@pytest.mark.parametrize(
    "text",
    [
        "actors:\n  - {kind: stopped, at: 5}\n",
        "actors:\n  - {kind: stopped, at: 2294}\n",
        "actors:\n  - {kind: lead, gap: 1}\n",
        "actors:\n  - {kind: lead, gap: 12, headway: 0}\n",
        "actors:\n  - {kind: lead, gap: 50}\n  - {kind: lead, gap: 56}\n",
        "actors:\n  - {kind: lead, gap: 50}\n  - {kind: lead, gap: 50, lane: left_of_ego}\n",
        "actors:\n  - {kind: lead, gap: 50, brakes: {deceleration: 9.81}}\n",
        "actors:\n  - {kind: cut_in, duration: 1.65}\n",
        "actors:\n  - {kind: queue, at: 100, per_lane: 40}\n",
        "conditions: {weather: {rain: 1, clear: 1}}\n"
        "actors:\n  - {kind: lead, gap: 50, brakes: {deceleration: 9.81}}\n",
        "people:\n  - {kind: walker, at: 5, lane: leftmost}\n",
        "people:\n  - {kind: crosser, at: 2300}\n",
        "obstacles:\n  - {kind: lane_closure, at: 2090}\n",
        "road: {kind: lane_drop}\nactors:\n  - {kind: stopped, at: 700, lane: leftmost}\n",
        "road: {kind: on_ramp}\nego: {lane: ramp}\nactors: [{kind: stopped, at: 300, lane: left_of_ego}]\n",
        "speed_zones:\n  - {begin: 20, end: 5000, limit_kmh: 60}\n",
        "ego: {station: 2290}\nroute_length: 10\n",
        "ego: {offset: 1.75}\n",
    ],
)
def test_entries_that_just_fit_are_accepted(tmp_path: Path, text: str) -> None:
    scenario = load_scenario(write_scenario(tmp_path, text))
    for seed in (0, 200_000):
        build_episode(scenario, seed, VehicleParameters())


def test_an_override_is_named_in_place_of_the_line(tmp_path: Path) -> None:
    path = write_scenario(tmp_path, "actors:\n  - {kind: stopped, at: 1000}\n")
    assert refusal(path, "actors.0.at=2400").startswith("--set actors.0.at: actors.0.at: must lie within 5 …")
    whole_entry = refusal(path, "actors.0={kind: stopped, at: 1}")
    assert whole_entry.startswith("--set actors.0: actors.0.at: must lie within 5 …")
    # the value in the file is valid until another key is overridden
    assert refusal(path, "ego.station=2280", "route_length=15").startswith("--set ego.station: actors.0.at:")
    catalogue = "cut_in[actors.0.duration=1]"
    assert refusal(Path(catalogue)).startswith("--set actors.0.duration: actors.0.duration: must be at least")


def test_every_shipped_suite_and_scene_fits() -> None:
    names = [*scenario_names(), *map(str, (CATALOGUE.parent / "training" / "scenes").glob("*.yaml"))]
    for name in suites():
        load_suite(name).scenarios(scenario_names(), lambda course: load_scenario(course).world_name)
    for name in names:
        load_scenario(name)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("set: {actors.0.at: 2400}", "own.yaml"),
        ("set: {actors.0.at: 2400}", "actors.0.at: must lie within 5 … 2294.5"),
        ("grid: {actors.0.offset: [0, 12]}", "actors.0.offset=12"),
        ("grid: {ego.offset: [0, 4]}", "--set ego.offset: ego.offset: must lie within"),
    ],
)
def test_the_keys_of_a_suite_are_checked_against_the_road_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: str, message: str
) -> None:
    path = write_scenario(tmp_path, "actors:\n  - {kind: stopped, at: 100}\n")
    suite = tmp_path / "suite.yaml"
    courses = f"courses: [{{scenario: {path}, {keys}}}]"
    suite.write_text(f"name: own\ndescription: x\nseeds: 1\n{courses}\n", encoding="utf-8")
    arguments = ["evaluate", "--suite", str(suite), "--agent", "constant", "--out", str(tmp_path / "out")]
    assert run_sim.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("run_sim.py: suite own: ")
    assert message in error
    assert len(error.splitlines()) == 1
