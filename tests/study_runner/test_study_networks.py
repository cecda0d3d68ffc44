"""The networks and arms of the study: what the plan names exists, and labels are counted as it is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")

from small_shards import ACTOR, IMAGE, columns, write_listed, write_shard

from agents.registry import config_of
from drive_stack.config import load_model
from drive_stack.datasets.frames.row import FRAMES, BoxColumns, FrameRow
from drive_stack.errors import ConfigError
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.study.config import DEFAULT_PLAN, StudyPlan, load_plan
from drive_stack.study_runner.networks.protocol import EpisodeFiles, Labels, OfflineErrors
from drive_stack.study_runner.networks.registry import ARMS, KINDS, REFERENCES, read_networks, with_inputs
from drive_stack.support.layout import CONFIGS

BOX = BoxColumns(1.0, 2.0, 3.0, 6.0, "car", 0.5, 30.0)
LOW = BoxColumns(1.0, 2.0, 9.0, 5.5, "car", 0.5, 90.0)  # too low in the image to be labelled

# x [m] and height [m] of actors: one is seen, one is too low in the image to be labelled, one is behind
SEEN = ((20.0, 1.5), (180.0, 1.0), (-20.0, 1.5))


def no_perception(overrides: Sequence[str]) -> PerceptionSource:
    raise AssertionError(overrides)


def test_every_arm_of_the_plan_can_be_trained() -> None:
    plan = load_plan()
    networks = read_networks(plan, CONFIGS / "training", no_perception)
    assert ARMS.keys() == plan.arms.keys() and REFERENCES.keys() >= set(plan.references)
    of_arms = {name for arm in ARMS.values() for name in arm.networks}
    assert of_arms | {"student"} == networks.keys() == KINDS.keys()
    assert len({network.settings for network in networks.values()}) == len(networks)
    for network in networks.values():
        assert str(CONFIGS) not in network.settings


@pytest.mark.parametrize("name", ARMS)
def test_the_agent_of_an_arm_takes_the_files_of_its_networks(name: str) -> None:
    networks = read_networks(load_plan(), CONFIGS / "training", no_perception)
    arm = ARMS[name]
    folders = {network: Path("folder") / network for network in arm.networks}
    driver = arm.driver(folders)
    config = config_of(driver.agent, driver.overrides)
    assert config is not None
    content = config.model_dump_json()
    for network in arm.networks:
        loaded = [file for own, file in arm.weights.values() if own == network]
        assert set(loaded) <= set(networks[network].files)
        assert all(f"folder/{network}/{file}" in content for file in loaded)


def test_inputs_are_trained_first_and_once() -> None:
    assert with_inputs(("mid_to_end", "detector")) == ("detector", "lanes", "mid_to_end")
    assert with_inputs(ARMS["modular"].networks) == ("detector", "lanes")


def test_a_rule_changes_the_settings_and_a_seed_does_not() -> None:
    def settings(*overrides: str) -> str:
        plan = load_model(DEFAULT_PLAN, StudyPlan, overrides)
        return read_networks(plan, CONFIGS / "training", no_perception)["lanes"].settings

    assert settings("networks.lanes.updates=7") != settings()
    assert settings("networks.lanes.overrides=[batch=3]") != settings()
    assert settings("networks.lanes.overrides=[seed=3]") == settings()


def test_an_unknown_network_is_named() -> None:
    rule = "{config: lanes.yaml, updates: 1, measure_every: 1, patience: 1}"
    rates = "{step: 1.0, read: 0.0, evaluate: 0.0, finish: 0.0}"
    overrides = [f"networks.sonar={rule}", f"rates.networks.sonar={rates}"]
    plan = load_model(DEFAULT_PLAN, StudyPlan, overrides)
    with pytest.raises(ConfigError, match="there is no network 'sonar'; there are: detector, lanes"):
        read_networks(plan, CONFIGS / "training", no_perception)


def test_labels_by_hand(tmp_path: Path) -> None:
    """In 6 frames there are 1 + 2 + 1 + 2 and 2 + 3 boxes, and in 30 rows an actor 20 m ahead each."""
    drives, frames = tmp_path / "drives", tmp_path / "frames"
    for folder in (drives, frames):
        folder.mkdir()
    names, entries = ("cruise-000001.parquet", "cruise-000002.parquet"), []
    for seed, (name, rows) in enumerate(zip(names, (20, 10), strict=True), start=1):
        actors = [ACTOR | {"x_m": x, "height_m": height} for x, height in SEEN]
        data = columns("cruise", seed, rows) | {"other_actors": [actors] * rows}
        entries.append(write_shard(drives / name, data))
        labelled = [
            FrameRow(
                "cruise",
                seed,
                float(number),
                "clear",
                "day",
                IMAGE,
                (LOW,) + (BOX,) * (seed + number % 2),
                (),
            )
            for number in range(rows // 5)
        ]
        FRAMES.write(frames / name, labelled)
    write_listed(drives, *entries)
    files = EpisodeFiles(tuple(drives / name for name in names), tuple(frames / name for name in names))
    networks = read_networks(load_plan(), CONFIGS / "training", no_perception)
    counted = {name: network.count_labels(files) for name, network in networks.items()}
    assert counted["detector"] == Labels(boxes=11)
    assert counted["lanes"] == Labels(lane_frames=6)
    assert counted["policy_plain"] == counted["mid_to_end"] == Labels(controls=30)
    assert counted["policy"] == Labels(boxes=30, lane_frames=30, distances=30, controls=30)
    assert counted["affordances"] == Labels(boxes=30, lane_frames=30, distances=30)


def test_errors_of_several_networks_are_put_together() -> None:
    detector, lanes = OfflineErrors(detector_ap50=0.5), OfflineErrors(lane_error_m=0.0)
    assert detector | lanes | OfflineErrors() == OfflineErrors(detector_ap50=0.5, lane_error_m=0.0)
