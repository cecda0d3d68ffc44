"""The exported policy: it agrees with the trained network, and weights that do not fit are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_recording import random_observation, tiny_training

from agents.registry import build_agent
from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.learning.affordances.config import AffordanceTraining
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.learning.imitation.network import PolicyNet, export
from drive_stack.learning.mid_to_end.config import MidToEndTraining
from drive_stack.policy.image_network import head_path
from drive_stack.policy.runner import PolicyRunner
from drive_stack.policy.state_vector import (
    STATE_SIZE,
    control_of,
    state_of,
)
from drive_stack.policy.views import pack, packed_size
from drive_stack.runtime.weights import write_card
from drive_stack.study.config import load_plan
from drive_stack.study.records import FULL_MIXTURE
from drive_stack.study_runner.folder import HELD_OUT
from drive_stack.vehicle import VehicleParameters

CAR = VehicleParameters()
PLATFORM = Platform(CAR, CameraModel())
CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PolicyTraining:
    return tiny_training(tmp_path_factory.mktemp("config"))


def export_policy(config: PolicyTraining, folder: Path) -> tuple[PolicyNet, Path]:
    torch.manual_seed(3)
    network, trunk = PolicyNet(config.network).eval(), folder / "policy.trunk.onnx"
    export(network, trunk)
    for path in (trunk, head_path(trunk)):
        write_card(path, "make it", {"layout": network.layout.model_dump()})
    return network, trunk


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_exported_policy_agrees_with_torch_and_uses_its_history(
    config: PolicyTraining, tmp_path: Path, engine: str
) -> None:
    network, trunk = export_policy(config, tmp_path)
    runner, rng = PolicyRunner(trunk, CAR, 0.1, engine=engine), np.random.default_rng(5)
    inputs = [random_observation(rng, speed) for speed in (20.0, 21.0, 22.0, 23.0, 24.0, 25.0)]
    controls = [runner.drive(observed) for observed in inputs]
    packed = torch.from_numpy(np.stack([pack(observed.image, network.layout.views) for observed in inputs]))
    rows = torch.tensor([[max(row - age, 0) for age in (0, 2, 4)] for row in range(6)])
    with torch.no_grad():
        state = torch.from_numpy(np.stack([state_of(observed) for observed in inputs]))
        predicted = network.decide(network.trunk(packed), rows, state).numpy()
    for control, (lateral, longitudinal), observed in zip(controls, predicted, inputs, strict=True):
        expected = control_of(float(lateral), float(longitudinal), observed.speed, CAR)
        assert control.steering == pytest.approx(expected.steering, abs=1e-5)
        assert control.acceleration == pytest.approx(expected.acceleration, abs=1e-3)
    runner.reset()
    assert [runner.drive(observed) for observed in inputs] == controls


def test_the_agent_loads_the_weights_of_its_configuration(config: PolicyTraining, tmp_path: Path) -> None:
    _, trunk = export_policy(config, tmp_path)
    agent = build_agent("end_to_end", PLATFORM, overrides=(f"weights={trunk}",))
    assert agent.name == "end_to_end" and not agent.privileged
    agent.reset(0)
    first = agent.act(random_observation(np.random.default_rng(2)))
    agent.reset(0)
    assert agent.act(random_observation(np.random.default_rng(2))) == first


def with_trunk_as_head(trunk: Path) -> str:
    shutil.copyfile(trunk, head_path(trunk))
    write_card(head_path(trunk), "make it", {})
    return r"policy\.head\.onnx: takes"


def without_layout(trunk: Path) -> str:
    write_card(trunk, "make it", {})
    return "layout: Field required"


def without_head(trunk: Path) -> str:
    head_path(trunk).unlink()
    return r"policy\.head\.onnx: no such file"


def changed(trunk: Path) -> str:
    trunk.write_bytes(trunk.read_bytes() + b"x")
    return "SHA-256 is"


@pytest.mark.parametrize("corrupt", [with_trunk_as_head, without_layout, without_head, changed])
def test_weights_that_do_not_fit_are_named_in_one_line(
    config: PolicyTraining, tmp_path: Path, corrupt: object
) -> None:
    _, trunk = export_policy(config, tmp_path)
    assert callable(corrupt)
    message = corrupt(trunk)
    with pytest.raises(ConfigError, match=message) as caught:
        PolicyRunner(trunk, CAR, 0.1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["policy", "policy_medium", "policy_large", "policy_plain", "policy_pilotnet"]
)
def test_the_shipped_configurations_can_be_built(name: str) -> None:
    settings = load_model(CONFIGS / f"{name}.yaml", PolicyTraining)
    network = PolicyNet(settings.network).eval()
    assert network.layout.head_size == len(settings.network.history) * network.layout.features + STATE_SIZE
    with torch.no_grad():
        features = network.trunk(torch.zeros((1, packed_size(network.layout.views)), dtype=torch.uint8))
    assert features.shape == (1, network.layout.features)


def test_the_plain_policy_differs_in_targets_and_drives_alone() -> None:
    """It learns from the parts of the study's pool from which every arm learns."""
    full, plain = (
        load_model(CONFIGS / f"{name}.yaml", PolicyTraining) for name in ("policy", "policy_plain")
    )
    assert full.auxiliary_weight > 0.0 and plain.auxiliary_weight == 0.0
    parts = load_plan().provenance.mixtures[FULL_MIXTURE].parts
    assert [(item.recordings, item.frozen) for item in plain.rounds] == [(parts, False), ((), True)]
    labelled = {"people": 1.0, "sharp_bend": 1.0, "curve": 1.0, "turning": 1.0}  # road and people are labels
    assert plain.balance == full.balance.model_copy(update=labelled)
    same = {"rounds": full.rounds, "auxiliary_weight": full.auxiliary_weight, "balance": full.balance}
    assert plain.model_copy(update=same) == full


def test_the_networks_between_learn_from_the_studys_pool() -> None:
    parts = load_plan().provenance.mixtures[FULL_MIXTURE].parts
    between = (
        load_model(CONFIGS / "mid_to_end.yaml", MidToEndTraining),
        load_model(CONFIGS / "affordances.yaml", AffordanceTraining),
    )
    for config in between:
        assert (config.recordings, config.validation) == (parts, HELD_OUT)


@pytest.mark.parametrize("name", ["policy_medium", "policy_large"])
def test_the_larger_policies_differ_in_their_networks_alone(name: str) -> None:
    small, larger = (load_model(CONFIGS / f"{file}.yaml", PolicyTraining) for file in ("policy", name))
    for ours, theirs in zip(larger.rounds, small.rounds, strict=True):
        assert (ours.name != theirs.name) == ours.dagger
        assert ours.model_copy(update={"name": theirs.name}) == theirs
    assert larger.model_copy(update={"rounds": small.rounds, "network": small.network}) == small
    weights = [
        sum(value.numel() for value in PolicyNet(settings.network).trunk.parameters())
        for settings in (small, larger)
    ]
    assert weights[1] > 2.0 * weights[0]


def test_residual_layers_keep_the_size_of_their_layer(config: PolicyTraining) -> None:
    encoder = PolicyNet(config.network).eval().trunk.eyes[0]
    convolution, norm, relu, residual = list(encoder.layers)[3:]
    inputs = torch.randn(2, 8, 8, 20)
    first = relu(norm(convolution(inputs)))
    assert residual(first).shape == first.shape == (2, 8, 4, 10)
    with torch.no_grad():
        residual.norm.weight.zero_()
        residual.norm.bias.zero_()
        assert torch.equal(residual(first), first)  # the shortcut alone: what is positive stays as it is


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("network.normalised=false", "residual_layers: only with normalised: true"),
        ("network.encoders.0.layers.0.residual_layers=-1", "greater than or equal to 0"),
    ],
)
def test_residual_layers_that_cannot_be_built_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_model(CONFIGS / "policy_medium.yaml", PolicyTraining, [override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rounds=[{name: a, first_seed: 0, seeds: 1, epochs: 1, dagger: true}]", "no policy yet"),
        ("rounds=[{name: a, first_seed: 0, seeds: 1, epochs: 1, frozen: true}]", "no trunk yet"),
        ("network.history=[0.2]", "first age must be 0"),
        ("network.encoders=[]", "at least 1 item"),
        (
            "rounds=[{name: a, first_seed: 0, seeds: 1, epochs: 1},"
            " {name: b, first_seed: 9, seeds: 1, epochs: 1, dagger: true, driver: constant}]",
            "policy drives where dagger is true",
        ),
        (
            "rounds=[{name: a, recordings: [x], epochs: 1}, {name: b, recordings: [x], epochs: 1}]",
            "a recording is there twice",
        ),
        ("rounds=[{name: a, recordings: [], epochs: 1}]", "the first has nothing to learn from"),
        ("rounds=[{name: a, first_seed: 100000, seeds: 1, epochs: 1}]", "less than 100000"),
    ],
)
def test_inconsistent_configurations_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_model(CONFIGS / "policy.yaml", PolicyTraining, [override])
