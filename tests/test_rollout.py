"""Episodes that must end a known way, and what the command line says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import run_sim
from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation


def drive(agent: str, scenario: str, seed: int) -> EpisodeResult:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    try:
        built = build_agent(agent, env.platform, oracles=env.oracles, truth=env.truth)
        return run_episode(env, built, scenario=scenario, seed=seed)
    finally:
        env.close()


class Careless:
    """Full throttle, straight on."""

    name, privileged, trace = "careless", False, None

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> Control:
        return Control(0.0, 3.0)


class Broken(Careless):
    """Fails after a while."""

    name = "broken"
    steps = 0

    def act(self, observation: Observation) -> Control:
        self.steps += 1
        if self.steps > 5:
            raise RuntimeError("out of ideas")
        return Control(0.0, 0.0)


class NotANumber(Careless):
    """Answers with NaN at first."""

    name = "nan"
    steps = 0

    def act(self, observation: Observation) -> Control:
        self.steps += 1
        bad = float("nan")
        return Control(bad, bad) if self.steps <= 4 else Control(0.0, -8.0)


def own(agent: str, scenario: str = "stationary_lead", seed: int = 0) -> EpisodeResult:
    return drive(f"{__name__}:{agent}", scenario, seed)


def test_full_throttle_into_a_standing_car_is_its_own_fault() -> None:
    result = own("Careless")
    assert result.status is Status.COLLISION and result.collision_with == "vehicle"
    assert result.at_fault and result.impact_speed_mps is not None and result.impact_speed_mps > 5.0
    assert result.min_ttc_s is not None and result.min_ttc_s < 0.2
    assert result.driving_score == pytest.approx(
        60.0 * result.route_completion * (1 - result.off_lane), abs=0.01
    )


def test_a_failing_agent_is_an_error_row_with_its_traceback() -> None:
    result = own("Broken", "cruise")
    assert result.status is Status.ERROR and result.driving_score == 0.0
    assert result.error is not None and "out of ideas" in result.error


def test_nan_brakes_and_is_counted() -> None:
    result = own("NotANumber", "cruise")
    assert result.clamped_actions == 4 and result.status is Status.STUCK
    assert json.loads(result.to_json())["mean_speed_mps"] >= 0.0


def test_the_expert_completes_a_drive_and_is_marked_privileged() -> None:
    result = drive("expert", "stationary_lead", 0)
    assert result.status is Status.COMPLETED and result.privileged and result.route_completion == 1.0


def test_episodes_repeat_bit_for_bit() -> None:
    first, second = (own("Careless", "dense_traffic", 7) for _ in range(2))
    assert first.to_json().split('"stages_ms"')[0] == second.to_json().split('"stages_ms"')[0]


def test_json_has_the_promised_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["--agent", "constant", "--scenario", "stationary_lead", "--headless", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    promised = (
        "agent scenario seed status collision_with at_fault impact_speed_mps route_completion distance_m "
        "duration_s mean_speed_mps min_ttc_s driving_score"
    )
    assert set(promised.split()) <= row.keys() and row["agent"] == "constant"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agent", "modlar"], "did you mean modular?"),
        (["--scenario", "pedestrian_crosing"], "did you mean pedestrian_crossing or"),
        (["--set", "perception.detecter=oracle", "--headless"], "detector"),
        (["--scenario", "nowhere.yaml"], "no such file"),
        (["trian", "detector"], "did you mean train?"),
        (["--headless", "--record", "/proc/nowhere/drive.mp4"], "--record"),
        (["train", "lanes", "--set", "epoch=3"], "epochs"),
    ],
)
def test_bad_input_gets_one_clear_line(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_sim.main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
