"""Saliency: known activations give heat at their position, and computing it changes no control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.end_to_end import EndToEndAgent, EndToEndConfig
from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.interfaces import Platform
from drive_stack.learning.imitation.config import (
    Convolution,
    EncoderSettings,
    NetworkSettings,
    PolicyTraining,
)
from drive_stack.learning.imitation.network import PolicyNet, ResidualLayer, export
from drive_stack.policy.image_network import head_path
from drive_stack.policy.saliency import Saliency, visual_backprop
from drive_stack.policy.views import View, pack
from drive_stack.runtime.activations import Activations
from drive_stack.runtime.weights import write_card
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

PLATFORM = Platform(VehicleParameters(), CameraModel())


@pytest.fixture(scope="module")
def network() -> PolicyNet:
    torch.manual_seed(0)
    config = load_model(Path("configs/training/policy.yaml"), PolicyTraining)
    return PolicyNet(config.network).eval()


@pytest.fixture(scope="module")
def trunk(network: PolicyNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "policy.trunk.onnx"
    export(network, path)
    for weights in (path, head_path(path)):
        write_card(weights, "test", {"layout": network.layout.model_dump()})
    return path


def observation(seed: int = 0) -> Observation:
    image = np.random.default_rng(seed).integers(0, 255, (256, 640, 3), dtype=np.uint8)
    return Observation(image, 20.0, 0.0, False, False, 30.0, NavigationCommand.FOLLOW)


def test_heat_is_where_every_layer_is_active() -> None:
    first, second = np.zeros((4, 32, 80), np.float32), np.zeros((8, 16, 40), np.float32)
    first[:, 8:12, 20:30] = 1.0  # both layers are active here
    second[:, 4:6, 10:15] = 1.0
    first[:, 20:24, 60:70] = 1.0  # only the first layer is active here
    heat = visual_backprop([first, second], (64, 160))
    assert heat.shape == (64, 160) and heat.dtype == np.float32
    assert heat[16:24, 42:58].min() > 0.5
    assert heat[38:50, 118:142].max() == 0.0
    assert heat.min() == 0.0 and heat.max() == 1.0


def test_without_activations_there_is_no_heat() -> None:
    assert (
        visual_backprop([np.zeros((4, 8, 8), np.float32), np.zeros((4, 4, 4), np.float32)], (16, 16)).max()
        == 0.0
    )


def test_heat_is_highest_at_an_edge_in_a_uniform_image(trunk: Path, network: PolicyNet) -> None:
    image = np.full((256, 640, 3), 127, dtype=np.uint8)
    image[100:130, 400:430] = 255
    heat = Saliency(trunk, network.layout.views).compute(image)
    assert heat.shape == (256, 640) and heat.min() >= 0.0 and heat.max() <= 1.0
    inside = heat[92:140, 380:450].mean()
    assert inside > 2.0 * heat[92:140, 60:330].mean()


def test_computing_saliency_changes_no_control(trunk: Path) -> None:
    config = EndToEndConfig(kind="end_to_end", name="end_to_end", weights=trunk)
    explained, reference = EndToEndAgent(config, PLATFORM), EndToEndAgent(config, PLATFORM)
    before = trunk.read_bytes()
    for agent in (explained, reference):
        agent.reset(0)
    for step in range(4):
        first, second = explained.act(observation(step)), reference.act(observation(step))
        assert explained.trace is not None and explained.trace.attention is not None
        assert explained.trace.attention().shape == (256, 640)
        assert first == second
    assert trunk.read_bytes() == before


def test_activations_are_those_of_torch_with_residual_layers_too(tmp_path: Path) -> None:
    view = View(top=100, bottom=116, height=16, width=640)
    layers = (Convolution(channels=4, stride=(2, 4), residual_layers=2), Convolution(channels=6))
    settings = NetworkSettings(encoders=(EncoderSettings(view=view, layers=layers, column_features=3),))
    torch.manual_seed(0)
    network = PolicyNet(settings).train()
    image = observation().image
    planes = network.trunk.planes(torch.from_numpy(pack(image, (view,))[None]))[0]
    network.encode([planes.repeat(2, 1, 1, 1)])  # gives the normalisation statistics
    network.eval()
    export(network, tmp_path / "policy.trunk.onnx")
    expected, values = [], planes
    encoder = network.trunk.eyes[0]
    with torch.no_grad():
        for layer in [*encoder.layers, *encoder.out[:3]]:
            values = layer(values)
            if isinstance(layer, torch.nn.ReLU | ResidualLayer):
                expected.append(values[0].clone())
    (found,) = Activations(tmp_path / "policy.trunk.onnx", 1).compute(pack(image, (view,))[None])
    assert len(found) == len(expected) == 5
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs.numpy(), abs=1e-3)
