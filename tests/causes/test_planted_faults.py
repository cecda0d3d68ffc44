"""Drives are repeated exactly, and planted faults are blamed rightly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from failed_drives import NO_CAMERA, STOPPED_CAR, driven_case, task_on

from agents.registry import build_agent
from drive_stack.causes.changes import Change, ExpertDrives, NoHistory, StagesReplaced
from drive_stack.causes.drivers import ControlRecorder, EarlierBraking, Takeover
from drive_stack.causes.explain import Options, explain, run_search
from drive_stack.causes.explanation import cause_of, sentence_of
from drive_stack.causes.recording import record
from drive_stack.causes.search import search
from drive_stack.causes.trials import Trial, drive_trial
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.repeated import difference
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent
from drive_stack.types import Control, Observation

LATE = ("faults.tracker=late", "faults.delay=1.5")
BLIND = ("faults.planner=objects_ignored",)
FOREVER = float("inf")
COLUMNS: tuple[Change, ...] = (
    ExpertDrives(),
    *(StagesReplaced((stage,)) for stage in ("tracker", "planner")),
)


def unchanged(task: BatchTask, change: Change | None = None, start: float = 0.0) -> EpisodeResult:
    trial = Trial(
        scenario=task.scenario, seed=task.seed, agent=task.agent, overrides=task.overrides, label=task.label,
        config_hash=task.config_hash, uses_camera=task.uses_camera, change=change, start=start, until=FOREVER,
    )  # fmt: skip
    return drive_trial(build_agent, trial)


@pytest.mark.parametrize("change", [None, ExpertDrives(), StagesReplaced(("tracker", "planner"))])
def test_a_drive_without_a_change_up_to_its_end_is_repeated_bit_for_bit(
    tmp_path: Path, change: Change | None
) -> None:
    task = task_on(tmp_path, STOPPED_CAR, NO_CAMERA, *LATE)
    recorded = drive_task(build_agent, task)
    assert recorded.collision_with == "vehicle"
    repeated = unchanged(task, change, start=recorded.duration_s)
    assert (
        difference(recorded, replace(repeated, privileged=recorded.privileged, agent=recorded.agent)) is None
    )


def accelerations(task: BatchTask, *overrides: str) -> list[float]:
    env = DrivingEnv(EnvSpec(task.scenario, camera=False))
    agent = ControlRecorder(
        build_agent(task.agent, env.platform, oracles=env.oracles, overrides=(*task.overrides, *overrides))
    )
    rollout = Rollout(env, agent, scenario=task.scenario, seed=task.seed)
    while not rollout.done:
        rollout.advance()
    env.close()
    return agent.accelerations


def test_a_change_is_made_at_its_step_and_not_before(tmp_path: Path) -> None:
    task = task_on(tmp_path, STOPPED_CAR, NO_CAMERA, *LATE)
    changed = accelerations(task, "oracles.stages=[tracker]", "oracles.start=2.0")
    same = accelerations(task)
    assert changed[:20] == same[:20]
    assert changed[20] != same[20]


@pytest.mark.parametrize(
    ("fault", "stage"), [(LATE, "tracker"), pytest.param(BLIND, "planner", marks=pytest.mark.slow)]
)
def test_the_stage_with_a_planted_fault_is_blamed(tmp_path: Path, fault: tuple[str, ...], stage: str) -> None:
    task = task_on(tmp_path, STOPPED_CAR, NO_CAMERA, *fault)
    recording = record(build_agent, task)
    assert recording.hit is not None
    assert (recording.hit.name, recording.hit.is_vehicle, recording.event) == ("car", True, "the collision")
    assert recording.moment == pytest.approx(recording.result.duration_s)
    assert len(recording.accelerations) == round(recording.moment / recording.dt)
    findings = run_search(
        search(recording, task, COLUMNS, before=1.6),
        lambda trials: [drive_trial(build_agent, trial) for trial in trials],
    )
    assert [finding.change for finding in findings.single if finding.averts] == [
        ExpertDrives(),
        StagesReplaced((stage,)),
    ]
    assert cause_of(findings, recording) == stage
    assert f"had the {stage} been without fault" in sentence_of(findings, recording)


def test_a_drive_that_does_not_repeat_is_not_explained(tmp_path: Path) -> None:
    case = driven_case(task_on(tmp_path, STOPPED_CAR, NO_CAMERA, *LATE))
    altered = replace(case, result=replace(case.result, impact_speed_mps=1.0))
    with pytest.raises(ConfigError, match=r"does not repeat.*impact_speed_mps 1\.0 →"):
        explain(build_agent, altered, Options(2.0, "code"))


class Scripted:
    """Commands one acceleration after another; the last one stays."""

    name, privileged, trace = "scripted", False, None

    def __init__(self, *commands: float) -> None:
        self._commands, self._step = commands, 0

    def reset(self, seed: int) -> None:
        self._step = 0

    def act(self, observation: Observation) -> Control:
        self._step += 1
        return Control(0.0, self._commands[min(self._step, len(self._commands)) - 1])


def commanded(agent: Agent, steps: int) -> list[float]:
    observation: Observation = None  # type: ignore[assignment]
    agent.reset(0)
    return [agent.act(observation).acceleration for _ in range(steps)]


def test_the_expert_takes_over_at_its_step_as_new() -> None:
    takeover = Takeover(Scripted(1.0), Scripted(-1.0, -2.0), start=0.2, dt=0.1)
    assert commanded(takeover, 4) == [1.0, 1.0, -1.0, -2.0]
    assert commanded(takeover, 4) == [1.0, 1.0, -1.0, -2.0]


def test_earlier_braking_brings_recorded_braking_forward_and_nothing_else() -> None:
    recorded = [1.0, 2.0, -3.0, -4.0, 0.5]
    early = EarlierBraking(Scripted(0.0, 0.0, -5.0, 0.0, 0.0), recorded, lead=0.2, start=0.1, dt=0.1)
    # step 0 is before the start; step 1 brakes as step 3 did, step 2 harder than step 4, which sped up
    assert commanded(early, 5) == [0.0, -4.0, -5.0, 0.0, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agent", "change"),
    [("end_to_end", None), ("end_to_end", NoHistory()), ("modular", StagesReplaced(("detector", "lanes")))],
)
def test_a_drive_with_the_camera_is_repeated_bit_for_bit(
    tmp_path: Path, agent: str, change: Change | None
) -> None:
    task = task_on(tmp_path, STOPPED_CAR.replace("route_length: 200", "route_length: 40"), agent)
    recorded = drive_task(build_agent, task)
    repeated = unchanged(task, change, start=recorded.duration_s)
    assert difference(recorded, replace(repeated, privileged=recorded.privileged)) is None


@pytest.mark.slow
def test_a_policy_that_is_blind_to_people_is_found(tmp_path: Path) -> None:
    course = STOPPED_CAR.replace(
        "actors: [{kind: stopped, at: 85, lane: ego}]",
        "people: [{kind: walker, at: 70, lane: ego, speed_kmh: 0}]",
    )
    case = driven_case(task_on(tmp_path, course, "label_policy:BlindToPeople"))
    assert case.result.collision_with == "pedestrian"
    explanation = explain(build_agent, case, Options(3.0, "code"))
    assert explanation.cause == "look of the pedestrian"
    assert "had the pedestrian looked like a car" in explanation.sentence
    assert "It drives the same whether the pedestrian is in the image or not." in explanation.sentence
