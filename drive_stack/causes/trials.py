"""Repeats a drive with one thing changed.

The drive is repeated from its start, and the change is made on the way. A copy of the driver's state in the
middle of a drive would save the beginning, but it is not exact for every driver: networks run in engines that
cannot be copied, policies and users' classes in processes of their own. An episode repeats bit for bit, so
the repeated beginning equals the recorded one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drive_stack.agent_errors import AgentError
from drive_stack.causes.changes import (
    BrakesEarlier,
    Change,
    ExpertDrives,
    NoHistory,
    SceneChanged,
    StagesReplaced,
)
from drive_stack.causes.drivers import EarlierBraking, Takeover
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, close_agent
from drive_stack.interventions.scene import SceneIntervention

EXPERT = "expert"  # the agent that takes over
_ROUNDING = 1e-6  # of sums of time steps [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(BatchTask):
    """A drive with a change."""

    change: Change | None  # None: unchanged
    start: float  # time from which the change is made [s]
    until: float  # time at which the drive ends, unless it ends before [s]
    recorded: tuple[float, ...] = ()  # accelerations that were commanded in the recorded drive [m/s²]


def drive_trial(build: AgentBuilder, trial: BatchTask) -> EpisodeResult:
    """Drive a `Trial`. A drive that reaches its time without a failure has the status ``running``.

    Worker processes receive ``functools.partial(drive_trial, build)``.
    """
    if not isinstance(trial, Trial):
        raise TypeError(f"not a trial: {trial}")
    env = DrivingEnv(EnvSpec(trial.scenario, camera=trial.uses_camera))
    try:
        env.intervene(_scene_interventions(trial))
        try:
            agent = _agent(build, env, trial)
        except AgentError as error:
            return error_result(trial, error.details or str(error))
        try:
            rollout = Rollout(env, agent, scenario=trial.scenario, seed=trial.seed)
            while not rollout.done and rollout.log.time[-1] < trial.until - _ROUNDING:
                rollout.advance()
            return rollout.result
        finally:
            close_agent(agent)
    finally:
        env.close()


def settings_of(change: Change | None, start: float) -> tuple[str, ...]:
    """The agent's settings that make a change from ``start`` on [s]; none for a change outside of it."""
    if isinstance(change, StagesReplaced):
        return (f"oracles.stages=[{', '.join(change.stages)}]", f"oracles.start={start:.1f}")
    if isinstance(change, NoHistory):
        return (f"no_history_from={start:.1f}",)
    return ()


def averts(result: EpisodeResult) -> bool:
    """Whether a changed drive went on without a failure until its end."""
    return result.status in (Status.RUNNING, Status.COMPLETED) and result.collision_with is None


def ends_alike(first: EpisodeResult, second: EpisodeResult) -> bool:
    """Whether two drives failed in the same way and at the same time, with impact speeds within 0.2 m/s."""
    impacts = first.impact_speed_mps or 0.0, second.impact_speed_mps or 0.0
    same_end = first.status is second.status and first.collision_with == second.collision_with
    return same_end and first.duration_s == second.duration_s and abs(impacts[0] - impacts[1]) < 0.2


def _scene_interventions(trial: Trial) -> list[SceneIntervention]:
    change = trial.change
    if not isinstance(change, SceneChanged):
        return []
    return [SceneIntervention(change.change, trial.start, None if change.actor is None else change.actor.id)]


def _agent(build: AgentBuilder, env: DrivingEnv, trial: Trial) -> Agent:
    def built(name: str, overrides: tuple[str, ...]) -> Agent:
        return build(name, env.platform, oracles=env.oracles, truth=env.truth, overrides=overrides)

    agent = built(trial.agent, (*trial.overrides, *settings_of(trial.change, trial.start)))
    if isinstance(trial.change, ExpertDrives):
        return Takeover(agent, built(EXPERT, ()), trial.start, env.platform.dt)
    if isinstance(trial.change, BrakesEarlier):
        return EarlierBraking(
            agent, trial.recorded, lead=trial.change.lead, start=trial.start, dt=env.platform.dt
        )
    return agent


def with_change(task: Trial, change: Change | None, start: float) -> Trial:
    """The same trial with another change."""
    return replace(task, change=change, start=start)
