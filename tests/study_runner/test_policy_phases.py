"""A policy's second phase in the study: the trunk stays as it is, and the head learns on."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file
from toy_recording import tiny_training, toy_recording

from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.study.config import DEFAULT_PLAN, StudyPlan
from drive_stack.study.running_plan import NetworkRule
from drive_stack.study_runner.networks.policy import PolicyNetwork
from drive_stack.study_runner.networks.protocol import EpisodeFiles, NetworkData
from drive_stack.study_runner.networks.registry import read_networks
from drive_stack.support.layout import CONFIGS

JOINT = NetworkRule(config="policy.yaml", updates=40, measure_every=4, patience=50)
BOTH = JOINT.model_copy(update={"head_updates": 200})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> NetworkData:
    folder = toy_recording(tmp_path_factory.mktemp("pool"))
    first, second, third = (EpisodeFiles((path,), ()) for path in sorted(folder.glob("*.parquet")))
    return NetworkData(first, second, third, tmp_path_factory.mktemp("cache"))


def fit(folder: Path, rule: NetworkRule, data: NetworkData) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The weights of a training in ``folder``, and what it reported."""
    folder.mkdir(exist_ok=True)
    lines = list[str]()
    PolicyNetwork(tiny_training(folder), rule).fit(data, 0, folder, {}, lines.append)
    return load_file(folder / "policy.safetensors"), lines


def test_the_head_learns_on_and_the_trunk_stays(data: NetworkData, tmp_path: Path) -> None:
    joint, _ = fit(tmp_path / "joint", JOINT, data)
    both, lines = fit(tmp_path / "both", BOTH, data)
    trunk = {name for name in joint if name.startswith("trunk.")}
    assert trunk and all((joint[name] == both[name]).all() for name in trunk)
    assert any((joint[name] != both[name]).any() for name in joint.keys() - trunk)
    assert any(line.startswith("head epoch 1/") for line in lines)
    assert not (tmp_path / "both" / "features").exists()


def test_a_training_that_was_killed_in_its_second_phase_goes_on(data: NetworkData, tmp_path: Path) -> None:
    whole, _ = fit(tmp_path / "whole", BOTH, data)
    fit(tmp_path / "parts", JOINT, data)  # as far as the first phase
    parts, lines = fit(tmp_path / "parts", BOTH, data)
    assert not any(line.startswith("study epoch") for line in lines)
    assert all((whole[name] == parts[name]).all() for name in whole)


def test_the_rule_of_the_second_phase() -> None:
    assert JOINT.of_head is None and "head" not in JOINT.content
    head = BOTH.of_head
    assert head is not None and (head.updates, head.head_updates, head.patience) == (200, None, 50)
    assert BOTH.content != JOINT.content


def test_only_policies_have_a_second_phase() -> None:
    overrides = ["networks.lanes.head_updates=7", "rates.networks.lanes.head_step=0.1"]
    plan = load_model(DEFAULT_PLAN, StudyPlan, overrides)
    with pytest.raises(ConfigError, match=r"networks\.lanes\.head_updates: only a policy has a head"):
        read_networks(plan, CONFIGS / "training", lambda _: pytest.fail("no perception is needed"))
    with pytest.raises(ConfigError, match=r"head_step: an update of the head has no rate"):
        load_model(DEFAULT_PLAN, StudyPlan, overrides[:1])
