"""Recording of labelled frames from the simulator.

The environment is named by its gymnasium id, so that worker processes can make it; what is read
of it beyond gymnasium's interface is declared here as protocols.
"""

from __future__ import annotations

import multiprocessing
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.recording_driver import RecordingDriver
from drive_stack.datasets.frames.selection import chance_of_frame
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.datasets.frames.store import EpisodeInfo, ShardWriter, write_manifest
from drive_stack.evaluation.detection.truth import truth_of
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.worker_processes import end_with_parent
from drive_stack.types import Control
from drive_stack.vehicle import control_to_action
from drive_stack.world_state import WorldState

# Labels of the lanes in one frame, as arrays by name; importable, as worker processes call it.
LaneLabels = Callable[[WorldState, CameraModel], dict[str, NDArray[np.generic]]]

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
class EpisodeTask:
    """One episode to record."""

    scenario: str
    seed: int
    frames: int
    interval: tuple[float, float]  # [s]
    path: Path


def plan_episodes(
    scenarios: Sequence[str], frames: int, first_seed: int, settings: FrameSettings, folder: Path
) -> list[EpisodeTask]:
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
        path = folder / f"{unique_stem(scenario)}-{seed:06d}.npz"
        tasks.append(EpisodeTask(scenario, seed, settings.per_episode, settings.interval, path))
    return tasks


def collect(
    tasks: Iterable[EpisodeTask],
    folder: Path,
    workers: int,
    lane_labels: LaneLabels,
    report: Callable[[str], None] = print,
) -> None:
    """Record the episodes that are not there yet, in ``workers`` processes, then the manifest."""
    make_folder(folder)
    missing = [task for task in tasks if not task.path.exists()]
    if missing:
        context = multiprocessing.get_context("spawn")
        chunks = [missing[start::workers] for start in range(min(workers, len(missing)))]
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker) as pool:
            futures = [pool.submit(record_chunk, chunk, lane_labels) for chunk in chunks]
            for future in as_completed(futures):
                report(f"recorded {future.result()} frames in {folder}")
    write_manifest(folder)


def _begin_worker() -> None:
    end_with_parent()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def record_chunk(tasks: Sequence[EpisodeTask], lane_labels: LaneLabels) -> int:
    """Record several episodes in one environment; returns how many frames."""
    env = gym.make(ENVIRONMENT, scenario=tasks[0].scenario, disable_env_checker=True)
    try:
        return sum(record_episode(env, task, lane_labels) for task in tasks)
    finally:
        env.close()


def record_episode(
    env: gym.Env[dict[str, object], object], task: EpisodeTask, lane_labels: LaneLabels
) -> int:
    """Drive one episode with the recording driver and write its shard; returns its frames."""
    rng = np.random.default_rng([zlib.crc32(Path(task.scenario).stem.encode()), task.seed])
    driver = RecordingDriver(rng)
    env.reset(seed=task.seed, options={"scenario": task.scenario})
    inner = cast("RecordedEnvironment", env.unwrapped)
    world, platform = inner.world, inner.platform
    writer, written = ShardWriter(), 0
    ticks = round(platform.dt / world.physics_dt)
    while written < task.frames and world.outcome is None and world.state().time < LONGEST_EPISODE:
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
        writer.add(np.asarray(image, dtype=np.uint8), truth_of(inner.truth.labels()), state.time, lanes)
        written += 1
    if written:
        conditions = world.state().conditions
        origin = EpisodeInfo(
            Path(task.scenario).stem, task.seed, conditions.weather.value, conditions.light.value
        )
        writer.write(task.path, origin)
    return written
