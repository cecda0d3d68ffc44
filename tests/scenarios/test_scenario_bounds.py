"""Scenario files are checked against their road: each error is one line with the allowed values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import run_sim
from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.vehicle import VehicleParameters
from envs.scenarios.checks import EGO_FRONT, MIN_DISTANCE
from envs.scenarios.scenario import CATALOGUE, load_scenario, scenario_names
from envs.spawning.episode_setup import build_episode

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
name: mine
description: A test.
source: None.
speed_limit_kmh: 100
conditions: {weather: {clear: 1}}
"""
STRAIGHT = "road: {kind: straight, lanes: 3}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    head = HEAD if "conditions:" not in text else HEAD.replace("conditions: {weather: {clear: 1}}\n", "")
    head = head if "speed_limit_kmh:" not in text else head.replace("speed_limit_kmh: 100\n", "")
    path.write_text(head + ("" if "road:" in text else STRAIGHT) + text, encoding="utf-8")
    return path


def refusal(path: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_scenario(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert "Value error" not in message
    return message


# the entry, the key that is named, and a part of what is said to be allowed
ACTORS = [
    ("{kind: stopped, at: 2400}", "at", "within 5 … 2294.5 (the road ends 2300 m ahead of the ego's start)"),
    ("{kind: stopped, at: 0}", "at", "within 5 …"),
    ("{kind: stopped, at: {min: 100, max: 2299}}", "at", "within 5 … 2294.5"),
    ("{kind: stopped, at: 100, body: bus, offset: 9.5}", "offset", "between the guard rails"),
    ("{kind: stopped, at: 100, offset: -7}", "offset", "within -4 … "),
    ("{kind: stopped, at: 100, place: right_shoulder, offset: -3}", "offset", "between the guard rails"),
    ("{kind: stopped, at: 100, place: right_shoulder, lane: leftmost}", "lane", "goes with place: lane"),
    ("{kind: stopped, at: 100, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: lead}", "gap", "give a gap"),
    ("{kind: lead, gap: 0}", "gap", "within 1 …"),
    ("{kind: lead, gap: 2299}", "gap", "the road ends 2300 m ahead"),
    ("{kind: lead, headway: 0}", "headway", "at least 1 m"),
    ("{kind: lead, headway: 100}", "headway", "the road ends 2300 m ahead"),
    ("{kind: lead, gap: 50, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: lead, gap: 50, speed_kmh: 0}", "speed_kmh", "within 1 … 130"),
    ("{kind: lead, gap: 50, speed_kmh: 120}", "speed_kmh", "at most 100"),
    ("{kind: lead, gap: 50, brakes: {deceleration: 10}}", "brakes.deceleration", "within 0.5 … 9.81"),
    (
        "{kind: lead, gap: 50, speed_kmh: 40, brakes: {to_kmh: 50}}",
        "brakes.to_kmh",
        "its speed of up to 40",
    ),
    ("{kind: lead, gap: 50, brakes: {after: 120}}", "brakes.after", "below the time_limit of 120 s"),
    ("{kind: cut_in, side: right}", "side", "no lane right of the ego's"),
    ("{kind: cut_in, duration: 1.2}", "duration", "at least 1.65 (in less, the lateral acceleration exceeds"),
    ("{kind: cut_in, slower_kmh: 90}", "slower_kmh", "within 0 … 80 "),
    ("{kind: cut_in, gap: 0.5}", "gap", "within 1 …"),
    ("{kind: cut_in, gap: 2250, after: 10, slower_kmh: 20}", "gap", "the road ends"),
    ("{kind: cut_out, at: 100}", "at", "before the reveal"),
    ("{kind: cut_out, at: 2299}", "at", "the road ends"),
    ("{kind: cut_out, at: 400, headway: 0}", "headway", "at least 1 m"),
    ("{kind: cut_out, at: 400, duration: 1}", "duration", "at least 1.65"),
    ("{kind: queue, at: 2250}", "at", "the queue is up to"),
    ("{kind: queue, at: 0}", "at", "within 5 …"),
    ("{kind: queue, at: 100, spacing: 0}", "spacing", "within 1 …"),
    ("{kind: queue, at: 100, per_lane: 2.5}", "per_lane", "whole numbers"),
    ("{kind: queue, at: 100, dissolves: 120}", "dissolves", "below the time_limit"),
    ("{kind: queue, at: 100, to_kmh: 110}", "to_kmh", "at most 100"),
]
PEOPLE = [
    ("{kind: crosser, at: 4000}", "at", "within 5 … 2300"),
    ("{kind: crosser, at: 100, speed_kmh: 0}", "speed_kmh", "within 0.5 … 40"),
    ("{kind: crosser, at: 100, bonnet: 1.5}", "bonnet", "within 0 … 1"),
    ("{kind: crosser, at: 100, count: 1.5}", "count", "whole numbers"),
    ("{kind: crosser, at: 100, side: left, hidden_by: {}}", "side", "needs side: right"),
    ("{kind: crosser, at: 100, hidden_by: {clear: 3}}", "hidden_by.clear", "before the guard rail"),
    ("{kind: crosser, at: 100, hidden_by: {clear: -1}}", "hidden_by.clear", "within 0 … 20"),
    ("{kind: walker, at: 1}", "at", "within 5 … 2300"),
    ("{kind: walker, at: 50, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: walker, at: 50, speed_kmh: 60}", "speed_kmh", "within 0 … 40"),
    ("{kind: bystanders, at: 2299}", "at", "over up to 6 m of road"),
    ("{kind: bystanders, at: 50, place: shoulder, clear: 2.9}", "clear", "before the guard rail"),
    ("{kind: bystanders, at: 50, clear: -1}", "clear", "within 0 … 20"),
]
CLOSURES = [
    ("{kind: lane_closure, at: 4000}", "at", "with taper and length up to 210 m"),
    ("{kind: lane_closure, at: 2200}", "at", "within 5 … 2090"),
    ("{kind: lane_closure, at: 0}", "at", "within 5 …"),
    ("{kind: lane_closure, at: 50, taper: 0}", "taper", "within 10 … 500"),
    ("{kind: lane_closure, at: 50, spacing: 0}", "spacing", "within 1 … 50"),
    ("{kind: lane_closure, at: 50, taper: 20, spacing: 30}", "spacing", "within 1 … 20"),
]
ENTRIES = [
    *(("actors", *row) for row in ACTORS),
    *(("people", *row) for row in PEOPLE),
    *(("obstacles", *row) for row in CLOSURES),
]


@pytest.mark.parametrize("block", ["actors", "people", "obstacles"])
def test_the_minimum_position_of_entries_is_ahead_of_the_ego(block: str) -> None:
    car = VehicleParameters()
    assert pytest.approx(car.length - car.rear_overhang) == EGO_FRONT
    assert 1.0 <= MIN_DISTANCE - EGO_FRONT < 2.0


@pytest.mark.parametrize(("block", "entry", "key", "words"), ENTRIES)
def test_an_entry_that_does_not_fit_is_named_with_its_line_and_the_allowed_values(
    tmp_path: Path, block: str, entry: str, key: str, words: str
) -> None:
    # a first entry that is right, so that the index and the line must be those of the second
    right = {
        "actors": "{kind: stopped, at: 1500}",
        "people": "{kind: bystanders, at: 1500}",
        "obstacles": "{kind: lane_closure, at: 1500, lane: leftmost}",
    }[block]
    path = write(tmp_path, f"{block}:\n  - {right}\n  - {entry}\n")
    message = refusal(path)
    assert message.startswith(f"{path}:9: {block}.1.{key}: ")
    assert words in message


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
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
            10, "actors.0.brakes.deceleration", "at most 5.5 where rain is the only weather",
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
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(f"{path}:{line}: {key}: ")
    assert words in message


def test_a_number_that_is_not_finite_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "conditions:\n  weather: {rain: .nan}\n")
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
    scenario = load_scenario(write(tmp_path, text))
    for seed in (0, 200_000):
        build_episode(scenario, seed, VehicleParameters())


def test_an_override_is_named_in_place_of_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "actors:\n  - {kind: stopped, at: 1000}\n")
    assert refusal(path, "actors.0.at=2400").startswith("--set actors.0.at: actors.0.at: must lie within 5 …")
    whole = refusal(path, "actors.0={kind: stopped, at: 1}")
    assert whole.startswith("--set actors.0: actors.0.at: must lie within 5 …")
    # the value in the file was right until the override of another key
    assert refusal(path, "ego.station=2280", "route_length=15").startswith("--set ego.station: actors.0.at:")
    catalogue = "cut_in[actors.0.duration=1]"
    assert refusal(Path(catalogue)).startswith("--set actors.0.duration: actors.0.duration: must be at least")


def test_every_shipped_suite_and_scene_fits() -> None:
    names = [*scenario_names(), *map(str, (CATALOGUE.parent / "training" / "scenes").glob("*.yaml"))]
    for name in suites():
        load_suite(name).scenarios(scenario_names(), lambda course: load_scenario(course).world_name)
    for name in names:
        load_scenario(name)


SCENES = [str(path) for path in sorted((CATALOGUE.parent / "training" / "scenes").glob("*.yaml"))]


@pytest.mark.parametrize("name", [*scenario_names(), *SCENES])
def test_no_draw_of_the_catalogue_overlaps(name: str) -> None:
    scenario = load_scenario(name)
    for seed in (*range(50), *range(200_000, 200_050)):
        build_episode(scenario, seed, VehicleParameters())


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        (
            "actors:\n  - {kind: lead, gap: {min: 40, max: 60}}\n  - {kind: lead, gap: {min: 40, max: 60}}\n",
            "actors.0", "actors.1",
        ),
        (
            "actors: [{kind: stopped, at: {min: 90, max: 110}}]\n"
            "people: [{kind: walker, at: {min: 90, max: 110}}]\n",
            "actors.0", "people.0",
        ),
        (
            "actors: [{kind: lead, gap: {min: 60, max: 260}}]\n"
            "obstacles: [{kind: lane_closure, at: 100, taper: 50, length: 50}]\n",
            "actors.0", "obstacles.0",
        ),
        (
            # behind the barriers of a closed lane there is room for a small car, but not for a start
            "actors: [{kind: lead, lane: rightmost, gap: {min: 180, max: 400}, body: hatchback}]\n"
            "obstacles: [{kind: lane_closure, at: 100, taper: 60, length: 200}]\n",
            "actors.0", "obstacles.0",
        ),
        (
            "obstacles: [{kind: lane_closure, at: 100, taper: 20, length: 50},"
            " {kind: lane_closure, at: {min: 100, max: 300}, taper: 20, length: 50}]\n",
            "obstacles.0", "obstacles.1",
        ),
        (
            "actors: [{kind: stopped, at: {min: 90, max: 110}, place: right_shoulder}]\n"
            "people: [{kind: crosser, at: {min: 90, max: 110}, hidden_by: {}}]\n",
            "actors.0", "people.0",
        ),
    ],
)  # fmt: skip
def test_drawn_places_that_overlap_are_refused_with_their_entries_and_the_seed(
    tmp_path: Path, text: str, one: str, other: str
) -> None:
    scenario = load_scenario(write(tmp_path, text))
    refused, drawn = [], 0
    for seed in range(40):
        try:
            build_episode(scenario, seed, VehicleParameters())
            drawn += 1
        except ConfigError as error:
            refused.append(str(error))
            assert str(error).startswith(f"mine, seed {seed}: {one} and {other} overlap ")
            assert "\n" not in str(error)
    assert refused and drawn


def test_a_cut_in_that_dense_traffic_leaves_no_speed_for_is_refused_as_it_is_drawn(tmp_path: Path) -> None:
    path = write(tmp_path, "traffic: {density: 60}\nactors: [{kind: cut_in, slower_kmh: 60}]\n")
    scenario = load_scenario(path)
    with pytest.raises(ConfigError, match=r"^mine, seed 0: actors\.0\.slower_kmh: at most \d") as caught:
        build_episode(scenario, 0, VehicleParameters())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("actors: [{kind: stopped, at: 2400}]\n", "mine.yaml:7: actors.0.at: must lie within"),
        ("people: [{kind: crosser, at: 4000}]\n", "mine.yaml:7: people.0.at: must lie within"),
        # an overlap that only the drawing shows
        (
            "actors: [{kind: lead, gap: {min: 49, max: 53}}, {kind: lead, gap: {min: 50, max: 54.5}}]\n",
            "mine, seed 100000: actors.0 and actors.1 overlap",
        ),
    ],
)
def test_the_command_line_answers_in_one_line_and_with_status_2(
    tmp_path: Path, text: str, words: str
) -> None:
    path = write(tmp_path, text)
    command = [sys.executable, "run_sim.py", "--scenario", str(path), "--agent", "constant", "--headless"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("run_sim.py:")]) == 1


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("set: {actors.0.at: 2400}", "mine.yaml"),
        ("set: {actors.0.at: 2400}", "actors.0.at: must lie within 5 … 2294.5"),
        ("grid: {actors.0.offset: [0, 12]}", "actors.0.offset=12"),
        ("grid: {ego.offset: [0, 4]}", "--set ego.offset: ego.offset: must lie within"),
    ],
)
def test_a_suite_s_keys_are_held_against_the_road_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: str, words: str
) -> None:
    path = write(tmp_path, "actors:\n  - {kind: stopped, at: 100}\n")
    suite = tmp_path / "own.yaml"
    courses = f"courses: [{{scenario: {path}, {keys}}}]"
    suite.write_text(f"name: own\ndescription: x\nseeds: 1\n{courses}\n", encoding="utf-8")
    arguments = ["evaluate", "--suite", str(suite), "--agent", "constant", "--out", str(tmp_path / "out")]
    assert run_sim.main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("run_sim.py: suite own: ")
    assert words in told
    assert len(told.splitlines()) == 1
