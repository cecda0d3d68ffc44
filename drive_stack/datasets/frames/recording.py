"""Recording of labelled frames from the simulator.

The environment is named by its gymnasium id, so that worker processes can make it; what is read
of it beyond gymnasium's interface is declared here as protocols.
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

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.datasets.frames.row import FRAMES, FrameRow
from drive_stack.datasets.frames.selection import chance_of_frame
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.datasets.frames.store import (
    EpisodeInfo,
    LaneArrays,
    frame_row,
    listed_shards,
    write_frame_manifest,
)
from drive_stack.datasets.manifest import shard_entry
from drive_stack.datasets.shards import SUFFIX
from drive_stack.evaluation.detection.truth import truth_of
from drive_stack.evaluation.episodes import Episode
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes
from drive_stack.types import Control
from drive_stack.vehicle import control_to_action
from drive_stack.world_state import WorldState

# Labels of the lanes in one frame, as arrays by name; importable, as worker processes call it.
LaneLabels = Callable[[WorldState, CameraModel], LaneArrays]

ENVIRONMENT = "envs:drive_stack/Highway-v0"
LONGEST_EPISODE = 60.0  # then the recording goes on to the next [s]


class SteppedWorld(Protocol):
    """The world inside the environment: stepped without rendering between two frames."""

    @property
    def outcome(self) -> str | None:
        """How the episode ended, None while it goes on."""
        ...

    @property
    def physics_dt(self) -> float:
        """Length of a tick [s]."""
        ...

    def step(self, control: Control) -> None:
        """Move on by one tick."""
        ...

    def state(self) -> WorldState:
        """The truth at this instant."""
        ...


class RecordedEnvironment(Protocol):
    """What the environment offers beside gymnasium's interface."""

    platform: Platform

    @property
    def truth(self) -> TruthSource:
        """The reader of the truth."""
        ...

    @property
    def world(self) -> SteppedWorld:
        """The world of the present episode."""
        ...


@dataclass(frozen=True, slots=True)
class FrameTask(Episode):
    """One episode in which frames are recorded."""

    frames: int  # at most
    interval: tuple[float, float]  # range of the time between two frames [s]
    path: Path  # of the shard


def plan_episodes(
    scenarios: Sequence[str], frames: int, first_seed: int, settings: FrameSettings, folder: Path
) -> list[FrameTask]:
    """Episodes that give about ``frames`` frames, from every scenario in turn with rising seeds.

    Those of ``settings.times`` come that often in each turn.
    """
    turn = [name for name in scenarios for _ in range(settings.times.get(Path(name).stem, 1))]
    seeds = dict.fromkeys(scenarios, first_seed)
    tasks = []
    for index in range(-(-frames // settings.per_episode)):
        scenario = turn[index % len(turn)]
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
        chunks = [missing[start::workers] for start in range(min(workers, len(missing)))]
        record = partial(record_chunk, lane_labels=lane_labels)
        for count in run_in_processes(record, chunks, workers, in_order=False, environment=ONE_THREAD):
            report(f"recorded {count} frames in {folder}")
    for task in tasks:
        if task.path.exists() and task.path.name not in listed:  # of this run, or of one that was killed
            listed[task.path.name] = shard_entry(FRAMES, task.path, _stem(task.scenario), task.seed)
    write_frame_manifest(folder, listed.values())


def _stem(scenario: str) -> str:
    return Path(scenario).stem


def record_chunk(tasks: Sequence[FrameTask], lane_labels: LaneLabels) -> int:
    """Record several episodes in one environment; returns how many frames."""
    env = gym.make(ENVIRONMENT, scenario=tasks[0].scenario, disable_env_checker=True)
    try:
        return sum(record_episode(env, task, lane_labels) for task in tasks)
    finally:
        env.close()


def record_episode(env: gym.Env[dict[str, object], object], task: FrameTask, lane_labels: LaneLabels) -> int:
    """Drive one episode with the recording driver and write its shard; returns its frames."""
    rng = np.random.default_rng([zlib.crc32(_stem(task.scenario).encode()), task.seed])
    driver = RecordingDriver(rng)
    env.reset(seed=task.seed, options={"scenario": task.scenario})
    inner = cast("RecordedEnvironment", env.unwrapped)
    world, platform = inner.world, inner.platform
    rows: list[FrameRow] = []
    ticks = round(platform.dt / world.physics_dt)
    while len(rows) < task.frames and world.outcome is None and world.state().time < LONGEST_EPISODE:
        for _ in range(round(float(rng.uniform(*task.interval)) / platform.dt)):
            control = driver.control(world.state())
            for _ in range(ticks):
                world.step(control)
        state = world.state()
        if world.outcome is not None or rng.random() >= chance_of_frame(state, platform.camera):
            continue
        # one step through the environment, which renders; all others pass it by
        image = env.step(control_to_action(driver.control(state), platform.car))[0]["image"]
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
