"""Recording of labelled frames from the simulator.

Worker processes create the environment by its gymnasium id. The protocols below declare what is read from it
in addition to gymnasium's interface.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.datasets.frames.row import FRAMES, FrameRow
from drive_stack.datasets.frames.selection import frame_probability
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.datasets.frames.store import (
    EpisodeInfo,
    LaneArrays,
    frame_row,
    listed_shards,
    write_frame_manifest,
)
from drive_stack.datasets.held_out import require_taught
from drive_stack.datasets.manifest import shard_entry
from drive_stack.datasets.shards import SUFFIX
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.evaluation.detection.truth import truth_of
from drive_stack.evaluation.episodes import Episode
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.observation_codec import ObservationDict
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes
from drive_stack.types import Control
from drive_stack.vehicle import control_to_action
from drive_stack.world_state import WorldState

# Computes the lane labels of one frame, as arrays by name. Must be importable for worker processes.
LaneLabels = Callable[[WorldState, CameraModel], LaneArrays]

ENVIRONMENT = "envs:drive_stack/Highway-v0"
CHUNK = 4  # episodes that a worker records in one environment
MAX_EPISODE_DURATION = 60.0  # after which the next episode starts [s]


class SteppedWorld(Protocol):
    """The world inside the environment; it is stepped without rendering between two frames."""

    @property
    def outcome(self) -> str | None:
        """How the episode ended; None while it runs."""
        ...

    @property
    def physics_dt(self) -> float:
        """Duration of a physics tick [s]."""
        ...

    def step(self, control: Control) -> None:
        """Advance the world by one tick."""
        ...

    def state(self) -> WorldState:
        """The true state at the current time."""
        ...


class RecordedEnvironment(Protocol):
    """What the environment offers in addition to gymnasium's interface."""

    platform: Platform

    @property
    def truth(self) -> TruthSource:
        """Access to the ground truth."""
        ...

    @property
    def world(self) -> SteppedWorld:
        """The world of the current episode."""
        ...


@dataclass(frozen=True, slots=True)
class FrameTask(Episode):
    """One episode in which frames are recorded."""

    frames: int  # maximum number
    interval: tuple[float, float]  # range of the time between two candidate frames [s]
    path: Path  # of the shard


def plan_episodes(
    scenarios: Sequence[str], frames: int, first_seed: int, settings: FrameSettings, folder: Path
) -> list[FrameTask]:
    """Plan episodes for about ``frames`` frames.

    Each pass over ``scenarios`` takes every scenario once, or as often as ``settings.times`` says. The seeds
    of a scenario increase from ``first_seed``.
    """
    one_pass = [name for name in scenarios for _ in range(settings.times.get(Path(name).stem, 1))]
    seeds = dict.fromkeys(scenarios, first_seed)
    tasks = []
    for index in range(-(-frames // settings.per_episode)):
        scenario = one_pass[index % len(one_pass)]
        seed = seeds[scenario]
        seeds[scenario] += 1
        path = folder / f"{unique_stem(scenario)}-{seed:06d}{SUFFIX}"
        tasks.append(FrameTask(scenario, seed, settings.per_episode, settings.interval, path))
    return tasks


def collect(
    tasks: Iterable[FrameTask],
    folder: Path,
    workers: int,
    lane_labels: LaneLabels,
    report: Callable[[str], None] = print,
) -> None:
    """Record the missing episodes in ``workers`` processes, then update the manifest."""
    make_folder(folder)
    tasks, listed = list(tasks), listed_shards(folder)
    missing = [task for task in tasks if not task.path.exists()]
    if missing:
        frames = 0
        chunks = [missing[start : start + CHUNK] for start in range(0, len(missing), CHUNK)]
        estimate = FirstEstimate(
            f"recording frames of {len(missing)} episodes",
            len(chunks),
            report,
            min_steps=min(workers, len(chunks)),
        )
        record = partial(record_chunk, lane_labels=lane_labels)
        for count in run_in_processes(record, chunks, workers, in_order=False, environment=ONE_THREAD):
            frames += count
            estimate.advance()
        report(f"recorded {frames} frames in {folder}")
    for task in tasks:
        # a run that was killed may have recorded shards without listing them
        if task.path.exists() and task.path.name not in listed:
            listed[task.path.name] = shard_entry(FRAMES, task.path, _stem(task.scenario), task.seed)
    write_frame_manifest(folder, listed.values())


def _stem(scenario: str) -> str:
    return Path(scenario).stem


def record_chunk(tasks: Sequence[FrameTask], lane_labels: LaneLabels) -> int:
    """Record several episodes in one environment; returns the number of frames."""
    env = gym.make(ENVIRONMENT, scenario=tasks[0].scenario, disable_env_checker=True)
    try:
        return sum(record_episode(env, task, lane_labels) for task in tasks)
    finally:
        env.close()


def record_episode(
    env: gym.Env[ObservationDict, NDArray[np.float32]], task: FrameTask, lane_labels: LaneLabels
) -> int:
    """Drive one episode with the recording driver and write its shard; returns the number of frames.

    Raises:
        ConfigError: If an episode for training or validation contains anything held out of training, or if
            the images are older than the state of the world.
    """
    rng = np.random.default_rng([zlib.crc32(_stem(task.scenario).encode()), task.seed])
    driver = RecordingDriver(rng)
    env.reset(seed=task.seed, options={"scenario": task.scenario})
    inner = cast("RecordedEnvironment", env.unwrapped)
    world, platform = inner.world, inner.platform
    require_taught(world.state(), task.scenario, task.seed)
    rows: list[FrameRow] = []
    ticks = round(platform.dt / world.physics_dt)
    while len(rows) < task.frames and world.outcome is None and world.state().time < MAX_EPISODE_DURATION:
        for _ in range(round(float(rng.uniform(*task.interval)) / platform.dt)):
            control = driver.control(world.state())
            for _ in range(ticks):
                world.step(control)
        state = world.state()
        if world.outcome is not None or rng.random() >= frame_probability(state, platform.camera):
            continue
        # only this step goes through the environment, which renders; all others step the world directly
        observation = env.step(control_to_action(driver.control(state), platform.car))[0]
        if observation["image_age"][0] > 0.0:
            raise ConfigError(f"{task.scenario}: frames arrive late or are lost, so they have no labels")
        image = observation["image"]
        state = inner.truth.world_state()
        lanes = lane_labels(state, platform.camera)
        conditions = state.conditions
        episode = EpisodeInfo(
            _stem(task.scenario), task.seed, conditions.weather.value, conditions.light.value
        )
        pixels, truth = np.asarray(image, dtype=np.uint8), truth_of(inner.truth.labels())
        rows.append(frame_row(pixels, truth, state.time, episode, lanes))
    if rows:
        FRAMES.write(task.path, rows)
    return len(rows)
