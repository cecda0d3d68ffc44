"""Nothing that is held out of training can be recorded with training or validation seeds."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from scenario_worlds import world, write_scenario

from drive_stack.datasets.frames.recording import ENVIRONMENT, FrameTask, record_episode
from drive_stack.datasets.held_out import check_scenarios, held_out_content, require_taught
from drive_stack.errors import ConfigError
from drive_stack.support.layout import CONFIGS
from envs.scenarios.scenario import load_scenario, scenario_names
from envs.world import World

HELD_OUT = {
    "obstacles: [{kind: cargo, at: 90, what: tyre}]": "cargo",
    "animals: [{kind: standing, species: boar, at: 90}]": "animal",
    "animals: [{kind: crossing, species: deer, at: 90}]": "animal",
    "people: [{kind: cyclist, at: 90}]": "cyclist",
    "people: [{kind: crosser, at: 90, wheelchair: true}]": "wheelchair user",
    "people: [{kind: walker, at: 90, wheelchair: true}]": "wheelchair user",
    "actors: [{kind: stopped, at: 90, body: police_car}]": "emergency vehicle",
    "actors: [{kind: stopped, at: 90, body: overturned_car}]": "overturned car",
    "actors: [{kind: stopped, at: 90, unlit: true}]": "unlit vehicle",
    "actors: [{kind: stopped, at: 90, yaw_deg: 90}]": "vehicle across the road",
}
TAUGHT = (
    "actors: [{kind: lead, gap: 40, body: motorcycle}]",
    "traffic: {density: 12, motorcycle_share: 0.5}",
    "actors: [{kind: blind_merge}]",
    "people: [{kind: crosser, at: 90, both_sides: true}]",
    "obstacles: [{kind: lane_closure, at: 120}]",
)
VARIETY = "scenery: {variety: true}"
SCENES = sorted((CONFIGS / "training" / "scenes").glob("*.yaml"))


@pytest.mark.parametrize("text", HELD_OUT)
@pytest.mark.parametrize("seed", [0, 99_999, 100_000, 199_999])
def test_it_is_refused_in_one_line_that_names_it(text: str, seed: int) -> None:
    state = world(text, seed).state()
    assert held_out_content(state) == (HELD_OUT[text],)
    expected = f"own, seed {seed}: has {HELD_OUT[text]}, held out of training; record it with test seeds"
    with pytest.raises(ConfigError) as caught:
        require_taught(state, "own", seed)
    assert str(caught.value).startswith(expected) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", HELD_OUT)
def test_it_may_be_recorded_with_test_seeds(text: str) -> None:
    require_taught(world(text, 200_000).state(), "own", 200_000)


def test_held_out_scenery_is_refused_with_training_and_validation_seeds() -> None:
    kinds = ("church", "green bridge", "red noise barrier")
    state = world("scenery: {variety: true, held_out: true}", 0).state()
    assert held_out_content(state) == kinds
    for seed in (0, 100_000):
        with pytest.raises(ConfigError, match="has church and green bridge and red noise barrier, held out"):
            require_taught(state, "own", seed)
    require_taught(state, "own", 200_000)


def test_variety_has_held_out_kinds_with_test_seeds_only() -> None:
    found = {
        first: {
            kind
            for seed in range(first, first + 12)
            for kind in held_out_content(world(VARIETY, seed).state())
        }
        for first in (0, 100_000, 200_000)
    }
    assert found[0] == found[100_000] == set()
    assert found[200_000] == {"church", "green bridge", "red noise barrier"}


@pytest.mark.parametrize("text", TAUGHT)
def test_what_networks_are_taught_is_not_refused(text: str) -> None:
    for seed in range(3):
        assert held_out_content(world(text, seed).state()) == ()


@pytest.mark.parametrize("name", [*scenario_names(), *map(str, SCENES)], ids=lambda name: Path(name).stem)
def test_scenarios_of_the_catalogue_and_of_training_have_none(name: str) -> None:
    for seed in (0, 1, 100_000):
        assert held_out_content(World(load_scenario(name), seed).state()) == ()


def test_drives_are_checked_before_the_first_is_recorded(tmp_path: Path) -> None:
    file = write_scenario(tmp_path, "obstacles:\n  - {kind: cargo, at: 90, what: box}\n")
    check_scenarios({str(file): 200_000, "cruise": 0})
    with pytest.raises(ConfigError, match="seed 7: has cargo, held out of training"):
        check_scenarios({str(file): 7})


def test_an_episode_of_frames_is_checked_before_it_is_driven(tmp_path: Path) -> None:
    file = write_scenario(tmp_path, "animals:\n  - {kind: standing, species: dog, at: 90}\n")
    env = gym.make(ENVIRONMENT, scenario=str(file), disable_env_checker=True)
    task = FrameTask(str(file), 100_000, 4, (0.1, 0.2), tmp_path / "shard")
    try:
        with pytest.raises(ConfigError, match="has animal, held out of training"):
            record_episode(env, task, lambda state, camera: {"x": np.zeros(0)})  # type: ignore[arg-type]
    finally:
        env.close()
    assert not task.path.exists()


def test_late_frames_are_not_recorded_because_their_labels_are_of_another_time(tmp_path: Path) -> None:
    name = "cruise[camera.delay=0.3]"
    env = gym.make(ENVIRONMENT, scenario=name, disable_env_checker=True)
    task = FrameTask(name, 200_000, 4, (0.1, 0.2), tmp_path / "shard")
    try:
        with pytest.raises(ConfigError, match="frames arrive late or are lost, so they have no labels"):
            record_episode(env, task, lambda state, camera: {"x": np.zeros(1)})  # type: ignore[arg-type]
    finally:
        env.close()
