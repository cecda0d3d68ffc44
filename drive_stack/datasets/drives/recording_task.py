"""Records one episode for imitation learning, as a task of a batch."""

from __future__ import annotations

import zlib
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.datasets.drives.adviser import ADVISER
from drive_stack.datasets.drives.dagger_recorder import ControlSharing, DaggerRecorder, Subsampling
from drive_stack.datasets.drives.labelled_frames import FrameLabelling, FrameRecorder
from drive_stack.datasets.drives.perturbation import Perturbation, PerturbationSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.drives.shard_paths import shard_path
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.episodes import Episode
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.scenario_name import file_stem

EXPERT = "expert"


class CollectSettings(StrictModel):
    """How every episode of a folder is recorded."""

    student: str | None = None  # the agent that drives; None: the expert drives alone
    student_overrides: tuple[str, ...] = ()
    student_hash: str = ""  # of the student's configuration, weights and version
    expert_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0  # of the time in which the expert drives
    perturbed: bool = False
    every: Annotated[int, Field(ge=1)] = 1  # every N-th step is saved
    quality: Annotated[int, Field(ge=1, le=100)] = 92  # of the JPEGs


def record_task(
    build: AgentBuilder,
    settings: CollectSettings,
    folder: Path,
    task: BatchTask,
    *,
    labelling: FrameLabelling | None = None,
) -> EpisodeResult:
    """Drive the episode and write its shard; returns the result. No shard is written if an agent fails.

    With ``labelling``, the labelled frames of the drive are written before its shard, so that a drive with a
    shard has frames too.
    """
    with closing(DrivingEnv(EnvSpec(task.scenario))) as env:
        recorder = make_recorder(build, settings, env, task)
        frames = FrameRecorder(recorder, env, task, labelling) if labelling is not None else None
        try:
            result = run_episode(env, frames or recorder, scenario=task.scenario, seed=task.seed)
        finally:
            recorder.close()
        if result.status is not Status.ERROR:
            if frames is not None:
                frames.write()
            DRIVES.write(shard_path(folder, task.scenario, task.seed), recorder.rows)
        return result


def make_recorder(
    build: AgentBuilder, settings: CollectSettings, env: DrivingEnv, task: BatchTask
) -> DaggerRecorder:
    """Make the agent that drives and records an episode: the expert, with a student if there is one."""
    overrides = ADVISER if settings.student is not None else ()
    expert = build(EXPERT, env.platform, oracles=env.oracles, truth=env.truth, overrides=overrides)
    sharing = ControlSharing()
    if settings.student is not None:
        student = build(settings.student, env.platform, overrides=settings.student_overrides)
        sharing = ControlSharing(student, settings.expert_fraction)
    return DaggerRecorder(
        expert,
        env.truth,
        sharing,
        Subsampling(settings.every, settings.quality),
        episode=Episode(file_stem(task.scenario), task.seed),
        perturbation=partial(Perturbation, PerturbationSettings()) if settings.perturbed else None,
        rng=np.random.default_rng([zlib.crc32(file_stem(task.scenario).encode()), task.seed, 1]),
    )
