"""The end-to-end policy: its inputs and outputs, its training, and the export of the trained weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toy_recording import TINY, toy_recording

from agents.registry import build_agent
from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.learning.imitation.config import BalanceSettings, PolicyTraining, Round
from drive_stack.learning.imitation.data import Clips, PolicyData, history_rows, load_policy_data
from drive_stack.learning.imitation.features import trunk_features
from drive_stack.learning.imitation.losses import policy_loss
from drive_stack.learning.imitation.network import PolicyNet, export
from drive_stack.learning.imitation.training import Errors, PolicyTrainer
from drive_stack.policy.runner import PolicyRunner, head_path
from drive_stack.policy.state_vector import (
    STATE_NAMES,
    STATE_SIZE,
    control_of,
    lateral_acceleration_of,
    state_of,
)
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.runtime.weights import write_card
from drive_stack.types import Control, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

CAR = VehicleParameters()
PLATFORM = Platform(CAR, CameraModel())
CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PolicyTraining:
    path = tmp_path_factory.mktemp("config") / "policy.yaml"
    path.write_text(TINY)
    return load_model(path, PolicyTraining)


def observation(rng: np.random.Generator, speed: float = 20.0) -> Observation:
    image = rng.integers(0, 256, (256, 640, 3), dtype=np.uint8)
    return Observation(image, speed, 0.01, False, True, 30.0, NavigationCommand.CHANGE_LEFT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_recording(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def data(folder: Path, config: PolicyTraining, tmp_path_factory: pytest.TempPathFactory) -> PolicyData:
    views = tuple(encoder.view for encoder in config.network.encoders)
    return load_policy_data([folder], views, BalanceSettings(), tmp_path_factory.mktemp("views"))


# --- inputs and outputs -------------------------------------------------------------


@given(steering=st.floats(-0.4, 0.4), speed=st.floats(0.0, 45.0))
def test_steering_is_recovered_from_its_lateral_acceleration(steering: float, speed: float) -> None:
    sideways = float(lateral_acceleration_of(np.array([steering]), np.array([speed]), CAR)[0])
    found = control_of(sideways, -1.0, speed, CAR)
    assert found.steering == pytest.approx(steering, abs=1e-5)
    assert found.acceleration == -1.0


def test_controls_are_limited_to_those_of_the_car() -> None:
    found = control_of(1e6, -1e6, 10.0, CAR)
    assert found == Control(CAR.max_steering, CAR.min_acceleration)


def test_the_state_has_the_observed_values() -> None:
    numbers = dict(zip(STATE_NAMES, state_of(observation(np.random.default_rng(0))).tolist(), strict=True))
    assert numbers["speed"] == pytest.approx(20.0 / 30.0) and numbers["below the limit"] == pytest.approx(
        1.0 / 3.0
    )
    assert (numbers["blind left"], numbers["blind right"]) == (0.0, 1.0)
    assert [numbers[name] for name in NavigationCommand.__members__] == [0.0, 1.0, 0.0]


def test_views_are_cropped_and_native_rows_are_unchanged() -> None:
    image = np.random.default_rng(1).integers(0, 256, (256, 640, 3), dtype=np.uint8)
    small, strip = (
        View(top=0, bottom=256, height=64, width=160),
        View(top=92, bottom=140, height=48, width=640),
    )
    packed = pack(image, (small, strip))
    assert packed.shape == (packed_size((small, strip)),)
    assert np.array_equal(packed[small.size :].reshape(48, 640, 3), image[92:140])
    shrunk = packed[: small.size].reshape(64, 160, 3)
    assert abs(float(shrunk.mean()) - float(image.mean())) < 1.0


# --- data ----------------------------------------------------------------------------------------


def test_history_reaches_no_farther_than_the_episode(data: PolicyData) -> None:
    ages = [0, 1, 5]
    needed, place = history_rows(np.array([40, 60]), 4, ages, data.episode_start)
    rows = np.array([40, 41, 42, 43, 60, 61, 62, 63])
    found = needed[place]
    assert np.array_equal(found[:, 0], rows)
    assert np.array_equal(found[:, 1], [40, 40, 41, 42, 59, 60, 61, 62])
    assert np.array_equal(found[:, 2], [40, 40, 40, 40, 55, 56, 57, 58])


def test_clips_lie_in_one_episode_and_are_drawn_by_weight(data: PolicyData) -> None:
    clips = Clips.of(data, 4)
    assert np.array_equal(data.episode_start[clips.first], data.episode_start[clips.first + 3])
    assert len(clips.first) == 3 * 19
    heavy = replace(data, weight=np.where(np.arange(data.rows) < 20, 5.0, 1.0))
    drawn = Clips.of(heavy, 4).draw(4000, np.random.default_rng(0))
    assert 0.4 < float((drawn < 18).mean()) < 0.6  # 9 of 57 clips, five times as often


def test_views_are_packed_once_and_again_when_a_view_changes(folder: Path, tmp_path: Path) -> None:
    view = View(top=0, bottom=256, height=8, width=20)
    first = load_policy_data([folder], (view,), BalanceSettings(), tmp_path)
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    again = load_policy_data([folder], (view,), BalanceSettings(), tmp_path)
    every = np.arange(first.rows)
    assert kept.stat().st_mtime_ns == written and np.array_equal(first.packed[every], again.packed[every])
    load_policy_data([folder], (view.model_copy(update={"top": 10}),), BalanceSettings(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


# --- training ------------------------------------------------------------------------------------


def test_training_lowers_the_loss(data: PolicyData, config: PolicyTraining, tmp_path: Path) -> None:
    training_round = Round(name="plain", first_seed=0, seeds=1, epochs=25)
    errors = PolicyTrainer(config, tmp_path, lambda _: None).train_round(
        training_round, data, data, resume=False
    )
    assert min(epoch.loss for epoch in errors) < 0.25 * errors[0].loss
    assert (tmp_path / "curves" / "plain").is_dir()


class PowerError(Exception):
    pass


class Interrupted(PolicyTrainer):
    """Fails in the evaluation after the second epoch."""

    evaluations = 0

    def evaluate(self, network: PolicyNet, data: PolicyData, features: torch.Tensor | None = None) -> Errors:
        self.evaluations += 1
        if self.evaluations == 2:
            raise PowerError
        return super().evaluate(network, data, features)


def test_features_stay_active_in_training(data: PolicyData, config: PolicyTraining, tmp_path: Path) -> None:
    fast = config.model_copy(update={"learning_rate": 0.05})
    trainer = PolicyTrainer(fast, tmp_path, report=lambda line: None)
    trainer.train_round(fast.rounds[0], data, data, resume=False)
    with torch.no_grad():
        features = trainer.best.trunk(torch.from_numpy(data.packed[np.arange(40)]))
    assert float((features.std(dim=0) > 1e-3).float().mean()) > 0.9  # with a ReLU, few stay active


@pytest.mark.parametrize("frozen", [False, True])
def test_an_interrupted_round_resumes_with_the_same_result(
    data: PolicyData, config: PolicyTraining, tmp_path: Path, frozen: bool
) -> None:
    training_round = config.rounds[0].model_copy(update={"frozen": frozen})
    whole = PolicyTrainer(config, tmp_path / "whole", lambda _: None)
    expected = whole.train_round(training_round, data, data, resume=True)
    with pytest.raises(PowerError):
        Interrupted(config, tmp_path / "interrupted", lambda _: None).train_round(
            training_round, data, data, resume=True
        )
    again = PolicyTrainer(config, tmp_path / "interrupted", lambda _: None)
    assert again.train_round(training_round, data, data, resume=True) == expected
    left, right = whole.best.state_dict(), again.best.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_frozen_round_trains_the_head_and_not_the_trunk(
    data: PolicyData, config: PolicyTraining, tmp_path: Path
) -> None:
    trainer = PolicyTrainer(config, tmp_path, lambda _: None)
    trainer.train_round(config.rounds[0], data, data, resume=False)
    before = {name: value.clone() for name, value in trainer.best.trunk.state_dict().items()}
    initial = trainer.evaluate(trainer.best, data)
    later = Round(name="later", first_seed=0, seeds=1, frozen=True, epochs=20)
    errors = trainer.train_round(later, data, data, resume=False)
    after = trainer.best.trunk.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert min(epoch.loss for epoch in errors) < 0.7 * initial.loss
    assert trainer.evaluate(trainer.best, data).loss == pytest.approx(
        min(epoch.loss for epoch in errors), rel=0.02
    )


def test_features_are_cached_until_the_trunk_or_the_recording_changes(
    data: PolicyData, config: PolicyTraining, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    trunk = PolicyNet(config.network).eval().trunk
    features = trunk_features(trunk, data.packed, tmp_path)
    with torch.no_grad():
        seen = trunk(torch.from_numpy(data.packed[np.arange(data.rows)]))
    assert torch.allclose(features.float(), seen, atol=2e-3, rtol=2e-3)
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    assert torch.equal(trunk_features(trunk, data.packed, tmp_path), features)
    assert kept.stat().st_mtime_ns == written
    other = PolicyNet(config.network).eval().trunk
    assert not torch.equal(trunk_features(other, data.packed, tmp_path), features)
    assert len(list(tmp_path.iterdir())) == 2


def test_braking_too_little_costs_more_than_too_much(config: PolicyTraining) -> None:
    firm = config.model_copy(update={"underbraking_weight": 2.0})
    target = torch.tensor([[0.0, -3.0]])
    little, much, mild = (
        float(policy_loss(torch.tensor([[0.0, predicted]]), truth, firm))
        for predicted, truth in ((-1.0, target), (-5.0, target), (2.0, torch.zeros(1, 2)))
    )
    assert little == pytest.approx(2.0 * much) and mild == pytest.approx(much)


# --- export -----------------------------------------------------------------------------


def shipped(config: PolicyTraining, folder: Path) -> tuple[PolicyNet, Path]:
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
    network, trunk = shipped(config, tmp_path)
    runner, rng = PolicyRunner(trunk, CAR, 0.1, engine=engine), np.random.default_rng(5)
    inputs = [observation(rng, speed) for speed in (20.0, 21.0, 22.0, 23.0, 24.0, 25.0)]
    found = [runner.drive(observed) for observed in inputs]
    packed = torch.from_numpy(np.stack([pack(observed.image, network.layout.views) for observed in inputs]))
    rows = torch.tensor([[max(row - age, 0) for age in (0, 2, 4)] for row in range(6)])
    with torch.no_grad():
        state = torch.from_numpy(np.stack([state_of(observed) for observed in inputs]))
        predicted = network.decide(network.trunk(packed), rows, state).numpy()
    for control, (lateral, longitudinal), observed in zip(found, predicted, inputs, strict=True):
        expected = control_of(float(lateral), float(longitudinal), observed.speed, CAR)
        assert control.steering == pytest.approx(expected.steering, abs=1e-5)
        assert control.acceleration == pytest.approx(expected.acceleration, abs=1e-3)
    runner.reset()
    assert [runner.drive(observed) for observed in inputs] == found


def test_the_agent_loads_the_weights_of_its_configuration(config: PolicyTraining, tmp_path: Path) -> None:
    _, trunk = shipped(config, tmp_path)
    agent = build_agent("end_to_end", PLATFORM, overrides=(f"weights={trunk}",))
    assert agent.name == "end_to_end" and not agent.privileged
    agent.reset(0)
    first = agent.act(observation(np.random.default_rng(2)))
    agent.reset(0)
    assert agent.act(observation(np.random.default_rng(2))) == first


def of_another_head(trunk: Path) -> str:
    shutil.copyfile(trunk, head_path(trunk))
    write_card(head_path(trunk), "make it", {})
    return r"policy\.head\.onnx: takes"


def without_layout(trunk: Path) -> str:
    write_card(trunk, "make it", {})
    return "layout is wrong"


def without_head(trunk: Path) -> str:
    head_path(trunk).unlink()
    return r"policy\.head\.onnx: no such file"


def changed(trunk: Path) -> str:
    trunk.write_bytes(trunk.read_bytes() + b"x")
    return "SHA-256 is"


@pytest.mark.parametrize("spoil", [of_another_head, without_layout, without_head, changed])
def test_weights_that_do_not_fit_are_named_in_one_line(
    config: PolicyTraining, tmp_path: Path, spoil: object
) -> None:
    _, trunk = shipped(config, tmp_path)
    assert callable(spoil)
    complaint = spoil(trunk)
    with pytest.raises(ConfigError, match=complaint) as caught:
        PolicyRunner(trunk, CAR, 0.1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["policy", "policy_pilotnet"])
def test_the_configurations_that_are_shipped_can_be_built(name: str) -> None:
    settings = load_model(CONFIGS / f"{name}.yaml", PolicyTraining)
    network = PolicyNet(settings.network).eval()
    assert network.layout.head_size == len(settings.network.history) * network.layout.features + STATE_SIZE
    with torch.no_grad():
        features = network.trunk(torch.zeros((1, packed_size(network.layout.views)), dtype=torch.uint8))
    assert features.shape == (1, network.layout.features)


@pytest.mark.parametrize(
    ("override", "complaint"),
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
        ("rounds=[{name: a, first_seed: 100000, seeds: 1, epochs: 1}]", "less than 100000"),
    ],
)
def test_configurations_that_make_no_sense_are_refused(override: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_model(CONFIGS / "policy.yaml", PolicyTraining, [override])
