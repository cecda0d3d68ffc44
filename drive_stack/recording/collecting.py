"""Records one episode for learning, as a task of a batch."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.config import ConfigError, StrictModel
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.rollout import run_episode
from drive_stack.recording.disturbance import Disturbance, DisturbanceSettings
from drive_stack.recording.manifest import NAME, Manifest, read_manifest, shard_entry, write_manifest
from drive_stack.recording.schema import VERSION
from drive_stack.recording.taught import Keeping, TaughtDriver, Wheel
from drive_stack.scenario_name import file_stem

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
    """Where an episode lies."""
    return folder / f"{file_stem(scenario)}-{seed:06d}.parquet"


def record_task(
    build: AgentBuilder, settings: CollectSettings, folder: Path, task: EpisodeTask
) -> EpisodeResult:
    """Drive and write the shard; what became of the drive. An agent that fails leaves no shard."""
    env = DrivingEnv(EnvSpec(task.scenario))
    try:
        beside = ADVISER if settings.student is not None else ()
        expert = build(EXPERT, env.platform, oracles=env.oracles, truth=env.truth, overrides=beside)
        wheel = Wheel()
        if settings.student is not None:
            student = build(settings.student, env.platform, overrides=settings.student_overrides)
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
    finally:
        env.close()


def check_settings(folder: Path, settings: CollectSettings) -> None:
    """Raises `ConfigError` where the folder holds recordings that were made otherwise."""
    if not (folder / NAME).is_file():
        return
    before = read_manifest(folder).made_with
    if before != settings.model_dump_json():
        raise ConfigError(f"{folder}: holds recordings made otherwise ({before}); use another folder")


def list_shards(folder: Path, settings: CollectSettings, rows: Iterable[Row]) -> Manifest:
    """Write the manifest of all episodes that were recorded, in the order of names and seeds."""
    driven = sorted({(row.result.scenario, row.result.seed) for row in rows})
    there = [(shard_path(folder, *episode), file_stem(episode[0]), episode[1]) for episode in driven]
    entries = tuple(shard_entry(path, name, seed) for path, name, seed in there if path.is_file())
    manifest = Manifest(version=VERSION, made_with=settings.model_dump_json(), shards=entries)
    write_manifest(folder, manifest)
    return manifest
