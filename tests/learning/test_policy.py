"""The end-to-end policy: its inputs and outputs, its data and its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from toy_recording import random_observation, tiny_training, toy_recording

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.learning.imitation.config import BalanceSettings, PolicyTraining, Round
from drive_stack.learning.imitation.data import (
    Clips,
    PolicyData,
    history_rows,
    load_policy_data,
    load_policy_episodes,
)
from drive_stack.learning.imitation.features import trunk_features
from drive_stack.learning.imitation.losses import policy_loss
from drive_stack.learning.imitation.network import PolicyNet
from drive_stack.learning.imitation.training import Errors, PolicyTrainer
from drive_stack.policy.state_vector import (
    STATE_NAMES,
    control_of,
    lateral_acceleration_of,
    state_of,
)
from drive_stack.policy.views import View, pack, packed_size
from drive_stack.types import Control, NavigationCommand
from drive_stack.vehicle import VehicleParameters

CAR = VehicleParameters()
PLATFORM = Platform(CAR, CameraModel())
CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PolicyTraining:
    return tiny_training(tmp_path_factory.mktemp("config"))


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
    lateral_acceleration = float(lateral_acceleration_of(np.array([steering]), np.array([speed]), CAR)[0])
    control = control_of(lateral_acceleration, -1.0, speed, CAR)
    assert control.steering == pytest.approx(steering, abs=1e-5)
    assert control.acceleration == -1.0


def test_controls_are_limited_to_those_of_the_car() -> None:
    control = control_of(1e6, -1e6, 10.0, CAR)
    assert control == Control(CAR.max_steering, CAR.min_acceleration)


def test_the_state_has_the_observed_values() -> None:
    numbers = dict(
        zip(STATE_NAMES, state_of(random_observation(np.random.default_rng(0))).tolist(), strict=True)
    )
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
    needed, position = history_rows(np.array([40, 60]), 4, ages, data.episode_start)
    rows = np.array([40, 41, 42, 43, 60, 61, 62, 63])
    history = needed[position]
    assert np.array_equal(history[:, 0], rows)
    assert np.array_equal(history[:, 1], [40, 40, 41, 42, 59, 60, 61, 62])
    assert np.array_equal(history[:, 2], [40, 40, 40, 40, 55, 56, 57, 58])


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
    (cache_file,) = tmp_path.iterdir()
    written = cache_file.stat().st_mtime_ns
    again = load_policy_data([folder], (view,), BalanceSettings(), tmp_path)
    all_rows = np.arange(first.rows)
    assert cache_file.stat().st_mtime_ns == written and np.array_equal(
        first.packed[all_rows], again.packed[all_rows]
    )
    load_policy_data([folder], (view.model_copy(update={"top": 10}),), BalanceSettings(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_some_episodes_are_read_as_in_the_whole_and_share_their_cache(folder: Path, tmp_path: Path) -> None:
    view = View(top=0, bottom=256, height=8, width=20)
    whole = load_policy_data([folder], (view,), BalanceSettings(), tmp_path / "whole")
    shards = sorted(folder.glob("*.parquet"))
    cache = tmp_path / "episodes"
    some = load_policy_episodes([shards[2], shards[0]], (view,), BalanceSettings(), cache)
    rows = np.r_[0:40, 80:120]
    assert np.array_equal(some.packed[np.arange(80)], whole.packed[rows])
    assert np.array_equal(some.target, whole.target[rows]) and np.array_equal(some.state, whole.state[rows])
    assert some.episode_start.tolist() == [0] * 40 + [40] * 40
    before = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    load_policy_episodes(shards, (view,), BalanceSettings(), cache)
    assert len(list(cache.iterdir())) == 3
    assert before == {path: path.stat().st_mtime_ns for path in before}
    with pytest.raises(ConfigError, match=r"elsewhere\.parquet: no such episode is recorded"):
        load_policy_episodes([folder / "elsewhere.parquet"], (view,), BalanceSettings(), cache)


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
    first, second = whole.best.state_dict(), again.best.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("keys", [{}, {"dagger": True}, {"recordings": ("pool",)}])
def test_the_last_weights_of_rounds_with_students_are_kept_and_the_best_ones_of_others(
    data: PolicyData, config: PolicyTraining, tmp_path: Path, keys: dict[str, object]
) -> None:
    class Worsening(PolicyTrainer):
        """Finds each epoch worse than the one before, after the first."""

        losses: ClassVar[list[float]] = [3.0, 1.0, 2.0, 4.0, 5.0]

        def evaluate(
            self, network: PolicyNet, data: PolicyData, features: torch.Tensor | None = None
        ) -> Errors:
            seen.append({name: value.clone() for name, value in network.state_dict().items()})
            return Errors(self.losses[len(seen) - 1], 0.0, 0.0, 0.0)

    seen: list[dict[str, torch.Tensor]] = []
    trainer = Worsening(config.model_copy(update={"patience": 2}), tmp_path, lambda _: None)
    training_round = config.rounds[0].model_copy(update={**keys, "epochs": 5})
    trainer.train_round(training_round, data, data, resume=False)
    assert len(seen) == (5 if keys else 4)
    kept, expected = trainer.best.state_dict(), seen[4 if keys else 1]
    assert all(torch.equal(kept[name], expected[name]) for name in expected)


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
        expected = trunk(torch.from_numpy(data.packed[np.arange(data.rows)]))
    assert torch.allclose(features.float(), expected, atol=2e-3, rtol=2e-3)
    (cache_file,) = tmp_path.iterdir()
    written = cache_file.stat().st_mtime_ns
    assert torch.equal(trunk_features(trunk, data.packed, tmp_path), features)
    assert cache_file.stat().st_mtime_ns == written
    other = PolicyNet(config.network).eval().trunk
    assert not torch.equal(trunk_features(other, data.packed, tmp_path), features)
    assert len(list(tmp_path.iterdir())) == 2


def test_without_weight_the_auxiliary_targets_change_nothing(
    data: PolicyData, config: PolicyTraining, tmp_path: Path
) -> None:
    plain = config.model_copy(update={"auxiliary_weight": 0.0})
    unknown = replace(data, auxiliary=np.full_like(data.auxiliary, 7.0), columns=np.ones_like(data.columns))
    trained = []
    for number, rows in enumerate((data, unknown)):
        trainer = PolicyTrainer(plain, tmp_path / str(number), lambda _: None)
        errors = trainer.train_round(plain.rounds[0], rows, rows, resume=False)
        assert [epoch.auxiliary for epoch in errors] == [0.0, 0.0, 0.0]
        trained.append(trainer.best.state_dict())
    assert all(torch.equal(trained[0][name], trained[1][name]) for name in trained[0])


def test_braking_too_little_costs_more_than_too_much(config: PolicyTraining) -> None:
    weighted = config.model_copy(update={"underbraking_weight": 2.0})
    target = torch.tensor([[0.0, -3.0]])
    too_little, too_much, too_fast = (
        float(policy_loss(torch.tensor([[0.0, predicted]]), truth, weighted))
        for predicted, truth in ((-1.0, target), (-5.0, target), (2.0, torch.zeros(1, 2)))
    )
    assert too_little == pytest.approx(2.0 * too_much) and too_fast == pytest.approx(too_much)
