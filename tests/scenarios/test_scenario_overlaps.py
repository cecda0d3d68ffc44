"""Actors that are drawn in overlapping positions are refused, and the catalogue draws none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from scenario_worlds import write_scenario

from drive_stack.errors import ConfigError
from drive_stack.vehicle import VehicleParameters
from envs.scenarios.scenario import CATALOGUE, load_scenario, scenario_names
from envs.spawning.episode_setup import build_episode

ROOT = Path(__file__).resolve().parents[2]
SCENES = [str(path) for path in sorted((CATALOGUE.parent / "training" / "scenes").glob("*.yaml"))]


@pytest.mark.parametrize("name", [*scenario_names(), *SCENES])
def test_no_draw_of_the_catalogue_overlaps(name: str) -> None:
    scenario = load_scenario(name)
    for seed in (*range(50), *range(200_000, 200_050)):
        build_episode(scenario, seed, VehicleParameters())


@pytest.mark.parametrize(
    ("text", "first", "second"),
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
            # behind the barriers of a closed lane a small car fits, but must not start there
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
def test_drawn_positions_that_overlap_are_refused_with_their_entries_and_the_seed(
    tmp_path: Path, text: str, first: str, second: str
) -> None:
    scenario = load_scenario(write_scenario(tmp_path, text))
    refused, drawn = [], 0
    for seed in range(40):
        try:
            build_episode(scenario, seed, VehicleParameters())
            drawn += 1
        except ConfigError as error:
            refused.append(str(error))
            assert str(error).startswith(f"own, seed {seed}: {first} and {second} overlap ")
            assert "\n" not in str(error)
    assert refused and drawn


def test_a_cut_in_whose_speed_dense_traffic_does_not_allow_is_refused_when_it_is_drawn(
    tmp_path: Path,
) -> None:
    path = write_scenario(tmp_path, "traffic: {density: 60}\nactors: [{kind: cut_in, slower_kmh: 60}]\n")
    scenario = load_scenario(path)
    with pytest.raises(ConfigError, match=r"^own, seed 0: actors\.0\.slower_kmh: at most \d") as caught:
        build_episode(scenario, 0, VehicleParameters())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("actors: [{kind: stopped, at: 2400}]\n", "own.yaml:7: actors.0.at: must lie within"),
        ("people: [{kind: crosser, at: 4000}]\n", "own.yaml:7: people.0.at: must lie within"),
        # an overlap that depends on the draw
        (
            "actors: [{kind: lead, gap: {min: 49, max: 53}}, {kind: lead, gap: {min: 50, max: 54.5}}]\n",
            "own, seed 100000: actors.0 and actors.1 overlap",
        ),
    ],
)
def test_the_command_line_answers_in_one_line_and_with_status_2(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write_scenario(tmp_path, text)
    command = [sys.executable, "run_sim.py", "--scenario", str(path), "--agent", "constant", "--headless"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 2, process.stderr
    assert message in process.stderr
    assert "Traceback" not in process.stderr
    assert len([line for line in process.stderr.splitlines() if line.startswith("run_sim.py:")]) == 1
