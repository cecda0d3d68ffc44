"""The shipped policies: their weights, networks and cards agree, and they drive."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from golden_recording import GOLDEN
from golden_traces.images import read_image
from safetensors.torch import load_file
from tiny_world import PLATFORM

from agents.end_to_end import EndToEndConfig
from agents.registry import build_agent
from drive_stack.app.commands.judge import DRIVERS
from drive_stack.config import load_model
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.learning.imitation.card_fields import PolicyCard
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.learning.imitation.network import PolicyNet
from drive_stack.learning.imitation.weight_files import safetensors_path
from drive_stack.policy import runner
from drive_stack.policy.runner import PLAIN_TRUNK, TRUNK, PolicyRunner
from drive_stack.policy.state_vector import control_of, state_of
from drive_stack.policy.views import pack
from drive_stack.runtime.weights import read_card
from drive_stack.seeds import SeedSplit
from drive_stack.study.config import load_plan
from drive_stack.study.records import FULL_MIXTURE
from drive_stack.types import NavigationCommand, Observation

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("training", "trunk"), [("policy", TRUNK), ("policy_plain", PLAIN_TRUNK)])
def test_the_networks_are_exported_from_the_weights_next_to_them(training: str, trunk: Path) -> None:
    settings = load_model(ROOT / "configs" / "training" / f"{training}.yaml", PolicyTraining).network
    network = PolicyNet(settings).eval()
    weights = load_file(safetensors_path(trunk))
    missing, unknown = network.load_state_dict(weights, strict=False)
    assert not unknown and all(name.startswith(("now.", "then.", "columns.")) for name in missing)
    image = read_image(GOLDEN / "curve.jpg")
    observation = Observation(image, 25.0, 0.02, False, False, 33.0, NavigationCommand.FOLLOW)
    driver = PolicyRunner(trunk, PLATFORM.car, 0.1)
    packed = torch.from_numpy(pack(image, network.layout.views)[None])
    with torch.no_grad():
        rows = torch.zeros((1, len(settings.history)), dtype=torch.long)
        state = torch.from_numpy(np.asarray(state_of(observation))[None])
        lateral, longitudinal = network.decide(network.trunk(packed), rows, state)[0].tolist()
    expected, control = (
        control_of(lateral, longitudinal, observation.speed, PLATFORM.car),
        driver.drive(observation),
    )
    assert control.steering == pytest.approx(expected.steering, abs=1e-4)
    assert control.acceleration == pytest.approx(expected.acceleration, abs=1e-2)


def test_its_card_describes_its_training_and_its_drives() -> None:
    """The drives are on validation seeds, on test seeds if it was evaluated on them, and on no others."""
    card = read_card(TRUNK, "", PolicyCard)
    config = load_model(ROOT / "configs" / "training" / "policy.yaml", PolicyTraining)
    assert list(card["rounds"]) == [training_round.name for training_round in config.rounds]
    training_rows = sum(
        recording["rows"] for name, recording in card["recordings"].items() if name != "validation"
    )
    assert training_rows >= 100_000
    assert "validation" in card["closed_loop"]
    for split, figures in card["closed_loop"].items():
        low, high = figures["seeds"]
        assert low in SeedSplit(split).seeds and high in SeedSplit(split).seeds and low <= high


def test_the_card_of_the_plain_policy_says_which_training_of_the_study_it_is() -> None:
    card = read_card(PLAIN_TRUNK, "", PolicyCard)
    rows = sum(recording["rows"] for recording in card["recordings"].values())
    (training,) = card["rounds"]
    match = re.fullmatch(r"end_to_end_plain, ([0-9,]+) rows, seed 0", training)
    assert match is not None
    size = int(match[1].replace(",", ""))
    assert 0 <= rows - size < 1_000  # the subset ends with a whole episode
    assert card["command"].endswith(f"study install --only end_to_end_plain:{size}:0")
    plan = load_plan()
    assert card["recordings"].keys() == set(plan.provenance.mixtures[FULL_MIXTURE].parts)


@pytest.mark.parametrize("agent", ["end_to_end", "end_to_end_plain"])
def test_it_keeps_its_lane_and_is_the_same_every_time(agent: str) -> None:
    course = "cruise[route_length=250]"
    env = DrivingEnv(EnvSpec(course))
    try:
        first, again = (
            run_episode(env, build_agent(agent, env.platform), scenario=course, seed=100_000)
            for _ in range(2)
        )
    finally:
        env.close()
    assert first.status is Status.COMPLETED and not first.at_fault
    assert first.lane_offset_m is not None and first.lane_offset_m < 0.5
    assert (first.duration_s, first.lane_offset_m) == (again.duration_s, again.lane_offset_m)


@pytest.mark.parametrize("plain", [True, False])
def test_missing_weights_name_the_command_that_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, plain: bool
) -> None:
    missing = tmp_path / TRUNK.name
    monkeypatch.setattr(runner, "PLAIN_TRUNK", missing if plain else tmp_path / "other.onnx")
    with pytest.raises(ConfigError, match=r"make both with: python run_sim\.py train policy") as caught:
        PolicyRunner(missing, PLATFORM.car, 0.1)
    assert ("policy_plain.yaml" in str(caught.value)) == plain


@pytest.mark.parametrize("what", ["policy", "policy_plain"])
def test_the_card_that_judge_completes_is_of_the_weights_that_drive(what: str) -> None:
    driver = DRIVERS[what]
    config = load_model(ROOT / "configs" / "agents" / f"{driver.agent}.yaml", EndToEndConfig)
    assert config.trunk == driver.weights and (ROOT / "configs" / "training" / f"{what}.yaml").is_file()
