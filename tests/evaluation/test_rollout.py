"""Episodes with a known end, and what the command line prints for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hostile_agents import ANSWERS, COAST, Hostile

import run_sim
from agents.registry import build_agent
from drive_stack.agent_errors import MAX_TEXT_BYTES
from drive_stack.camera_model import CameraModel
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.interfaces import Agent, Platform, close_agent
from drive_stack.types import Observation, StepTrace
from drive_stack.vehicle import VehicleParameters

PLATFORM = Platform(VehicleParameters(), CameraModel())


def drive(agent: str, scenario: str, seed: int) -> EpisodeResult:
    env = DrivingEnv(EnvSpec(scenario, camera=False))
    try:
        driver = build_agent(agent, env.platform, oracles=env.oracles, truth=env.truth)
        try:
            return run_episode(env, driver, scenario=scenario, seed=seed)
        finally:
            close_agent(driver)
    finally:
        env.close()


def drive_own_agent(
    agent: str, scenario: str = "stationary_lead", seed: int = 0, module: str = "simple_agents"
) -> EpisodeResult:
    return drive(f"{module}:{agent}", scenario, seed)


def test_full_throttle_into_a_stationary_car_is_at_fault() -> None:
    result = drive_own_agent("Careless")
    assert result.status is Status.COLLISION and result.collision_with == "vehicle"
    assert result.at_fault and result.impact_speed_mps is not None and result.impact_speed_mps > 5.0
    assert result.min_ttc_s is not None and result.min_ttc_s < 0.2
    assert result.driving_score == pytest.approx(
        60.0 * result.route_completion * (1 - result.off_lane), abs=0.01
    )


def test_a_failing_agent_is_an_error_row_with_its_traceback() -> None:
    result = drive_own_agent("Broken", "cruise")
    assert result.status is Status.ERROR and result.driving_score == 0.0
    assert result.error is not None and "out of ideas" in result.error


def test_nan_is_an_invalid_control() -> None:
    result = drive_own_agent("NotANumber", "cruise")
    assert result.status is Status.ERROR and result.driving_score == 0.0 and result.scores == {}
    assert result.error is not None and "Control.acceleration is nan" in result.error


def test_infeasible_controls_are_clamped_and_counted() -> None:
    result = drive_own_agent("TooStrong", "cruise")
    assert result.clamped_actions == round(10 * result.duration_s) and result.status is Status.STUCK


def in_simulator(agent: Agent) -> EpisodeResult:
    """The result of an agent in the simulator's process."""
    env = DrivingEnv(EnvSpec("cruise[route_length=60]", camera=False))
    try:
        return run_episode(env, agent, scenario="cruise", seed=0)
    finally:
        env.close()


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_are_checked_in_the_simulator_too(answer: object) -> None:
    agent = Answering(PLATFORM)
    agent.answer = answer
    result = in_simulator(agent)  # type: ignore[arg-type]
    assert result.status is Status.ERROR and result.error is not None and len(result.error) <= MAX_TEXT_BYTES
    assert "Control" in result.error


class Answering(Hostile):
    answer: object = COAST

    def act(self, observation: Observation) -> object:
        return self.answer


class Leaving(Hostile):
    def act(self, observation: Observation) -> object:
        sys.exit(0)


class Named(Hostile):
    name = 7


class PrivateName(Hostile):
    class Text(str):
        __slots__ = ()

    name = Text("private")


class BrokenTrace(Hostile):
    trace = property(lambda self: 1 / 0)  # type: ignore[assignment]


class NaNTrace(Hostile):
    trace = StepTrace(COAST, stage_ms={"think": float("nan")})  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("agent_class", "message"),
    [
        (Leaving, "SystemExit"),
        (Named, "name is of type int"),
        (BrokenTrace, "ZeroDivisionError"),
        (NaNTrace, "expected a finite number"),
    ],
)
def test_faults_in_the_simulator_are_results(agent_class: type[Hostile], message: str) -> None:
    result = in_simulator(agent_class(PLATFORM))  # type: ignore[arg-type]
    assert result.status is Status.ERROR and result.error is not None and message in result.error
    assert json.loads(result.to_json())["agent"]


def test_the_name_of_an_agent_becomes_plain_text() -> None:
    result = in_simulator(PrivateName(PLATFORM))  # type: ignore[arg-type]
    assert type(result.agent) is str and result.agent == "private"


def test_an_agent_cannot_change_its_own_result() -> None:
    result = drive_own_agent("MarksItself", "cruise", module="hostile_agents")
    assert result.status is Status.STUCK and not result.privileged and result.driving_score < 50.0


@pytest.mark.parametrize("agent", ["Leaves", "LeavesAtOnce", "NoAgent", "FailsInInit", "Privileged"])
def test_an_agent_that_fails_is_reported_and_never_a_success(
    agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--agent", f"hostile_agents:{agent}", "--headless", "--scenario", "cruise[route_length=60]"]
    expected = {"NoAgent": 2, "FailsInInit": 2, "Privileged": 0}.get(agent, 1)
    assert run_sim.main(command) == expected
    printed = capsys.readouterr()
    if expected == 2:
        assert printed.err.count("\n") == 1
        assert run_sim.main([*command, "--traceback"]) == 2
        more = capsys.readouterr().err
        assert "Traceback" in more and more.endswith(printed.err)
    elif expected == 1:
        table, message = printed.out.split(" 100000:\n")
        assert "error" in table and message.count("\n") == 1
    else:
        assert "reads the truth" in printed.out


def test_the_expert_completes_a_drive_and_is_marked_privileged() -> None:
    result = drive("expert", "stationary_lead", 0)
    assert result.status is Status.COMPLETED and result.privileged and result.route_completion == 1.0


def test_episodes_repeat_bit_for_bit() -> None:
    first, second = (drive_own_agent("Careless", "dense_traffic", 7) for _ in range(2))
    assert first.to_json().split('"stages_ms"')[0] == second.to_json().split('"stages_ms"')[0]


def test_json_has_the_documented_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["--agent", "constant", "--scenario", "stationary_lead", "--headless", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    documented = (
        "agent scenario seed status collision_with at_fault impact_speed_mps route_completion distance_m "
        "duration_s mean_speed_mps min_ttc_s driving_score"
    )
    assert set(documented.split()) <= row.keys() and row["agent"] == "constant"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--agent", "modlar"], "did you mean modular or modular_level?"),
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
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_sim.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
