"""Failures to explain: a short course with a stationary car, and drives whose outcome follows a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from real_episodes import episodes
from scenario_worlds import world

from agents.facts import agent_facts
from agents.registry import build_agent
from drive_stack.causes.changes import Actor, Change
from drive_stack.causes.explain import Case
from drive_stack.causes.recording import Recording
from drive_stack.causes.trials import Trial
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status

STOPPED_CAR = """\
name: stopped_car
description: A car stands in the ego's lane.
source: made for this test
road: {kind: straight, lanes: 2}
speed_limit_kmh: 80
ego: {lane: rightmost}
route_length: 200
time_limit: 30
traffic: {density: 0}
actors: [{kind: stopped, at: 85, lane: ego}]
"""
NO_CAMERA = """\
name: without_camera
perception: {detector: none, lanes: oracle, grip: oracle}
tracking: {tracker: oracle}
prediction: {predictor: constant_velocity}
"""
SEED = 3
CHILD = Actor(1, "child", is_hit=True, is_person=True)
MOMENT, DT = 10.0, 0.1  # of synthetic failures [s]


def task_on(folder: Path, scenario: str, agent: str, *overrides: str) -> BatchTask:
    """A task on a scenario with this text; ``agent`` is a name, or the text of an agent's file."""
    course, file = folder / "course.yaml", folder / "agent.yaml"
    course.write_text(scenario, encoding="utf-8")
    if "\n" in agent:
        file.write_text(agent, encoding="utf-8")
        agent = str(file)
    (task,) = episodes(agent, course, range(SEED, SEED + 1), overrides)
    return task


def driven_case(task: BatchTask) -> Case:
    """The drive of a task, as a failure to explain."""
    return Case(task, drive_task(build_agent, task), agent_facts(task.agent, task.overrides))


def synthetic_task() -> BatchTask:
    return BatchTask("cruise", SEED, "modular", label="modular", config_hash="c")


def synthetic_recording(status: Status = Status.COLLISION) -> Recording:
    """A drive that hit a child after `MOMENT`, or failed in another way."""
    result = replace(
        error_result(synthetic_task(), ""),
        status=status,
        error=None,
        duration_s=MOMENT,
        collision_with="pedestrian" if status is Status.COLLISION else None,
        impact_speed_mps=9.0 if status is Status.COLLISION else None,
    )
    return Recording(
        result=result,
        dt=DT,
        moment=MOMENT,
        accelerations=(0.0,) * round(MOMENT / DT),
        actors=(CHILD,) if status is Status.COLLISION else (),
        state=world("{}").state(),
        late_images=False,
        braking_since=None,
        tracked_since=None,
    )


@dataclass
class RuledDrives:
    """Drives trials by a rule: the latest instant before the failure at which a change averts it [s]."""

    latest: Callable[[Change], float | None]  # None: it does not avert
    failed: EpisodeResult
    unaffected: Callable[[Change], bool] = lambda change: False  # fails in the same way as without a change
    trials: list[Trial] = field(default_factory=list)  # all that were driven

    def __call__(self, trials: Sequence[Trial]) -> list[EpisodeResult]:
        self.trials += trials
        return [self._drive(trial) for trial in trials]

    def _drive(self, trial: Trial) -> EpisodeResult:
        assert trial.change is not None
        latest = self.latest(trial.change)
        if latest is not None and MOMENT - trial.start > latest - DT / 2.0:
            return replace(
                self.failed,
                status=Status.RUNNING,
                collision_with=None,
                impact_speed_mps=None,
                duration_s=trial.until,
            )
        return self.failed if self.unaffected(trial.change) else replace(self.failed, impact_speed_mps=4.0)
