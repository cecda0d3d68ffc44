"""Records one episode for learning, as a task of a batch."""

from __future__ import annotations

import zlib
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.datasets.drives.dagger_recorder import Keeping, TaughtDriver, Wheel
from drive_stack.datasets.drives.perturbation import Disturbance, DisturbanceSettings
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.interfaces import close_agent
from drive_stack.scenario_name import file_stem, unique_stem

EXPERT = "expert"
# Beside a student the expert's plan does not come about: kept for long, it would ask for ever more of what
# the student does not do, so that it is begun anew where the car is.
ADVISER = ("planning.lattice.followed=false",)


class CollectSettings(StrictModel):
    """How every episode of a folder is recorded."""

    student: str | None = None  # who drives beside the expert; None: the expert alone
    student_overrides: tuple[str, ...] = ()
    student_hash: str = ""  # of all that the student is made of
    expert_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0  # of the time beside a student
    disturbed: bool = False
    every: Annotated[int, Field(ge=1)] = 1  # each so many steps one is kept
    quality: Annotated[int, Field(ge=1, le=100)] = 92


def shard_path(folder: Path, scenario: str, seed: int) -> Path:
    """Where an episode lies; no other scenario's does."""
    return folder / f"{unique_stem(scenario)}-{seed:06d}.parquet"


def former_path(folder: Path, scenario: str, seed: int) -> Path:
    """Where an episode lay when several scenarios could have the same file."""
    return folder / f"{file_stem(scenario)}-{seed:06d}.parquet"


def record_task(
    build: AgentBuilder, settings: CollectSettings, folder: Path, task: EpisodeTask
) -> EpisodeResult:
    """Drive and write the shard; what became of the drive. An agent that fails leaves no shard."""
    with ExitStack() as stack:
        env = DrivingEnv(EnvSpec(task.scenario))
        stack.callback(env.close)
        beside = ADVISER if settings.student is not None else ()
        expert = build(EXPERT, env.platform, oracles=env.oracles, truth=env.truth, overrides=beside)
        wheel = Wheel()
        if settings.student is not None:
            student = build(settings.student, env.platform, overrides=settings.student_overrides)
            stack.callback(close_agent, student)
            wheel = Wheel(student, settings.expert_share)
        driver = TaughtDriver(
            expert,
            env.truth,
            wheel,
            Keeping(settings.every, settings.quality),
            episode=(file_stem(task.scenario), task.seed),
            disturbance=partial(Disturbance, DisturbanceSettings()) if settings.disturbed else None,
            rng=np.random.default_rng([zlib.crc32(file_stem(task.scenario).encode()), task.seed, 1]),
        )
        result = run_episode(env, driver, scenario=task.scenario, seed=task.seed)
        if result.status is not Status.ERROR:
            driver.shard.write(shard_path(folder, task.scenario, task.seed))
        return result
