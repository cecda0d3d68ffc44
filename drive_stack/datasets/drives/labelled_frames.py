"""Labelled camera frames of a recorded drive, at regular times, for the detector and the lane network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drive_stack.datasets.drives.shard_paths import shard_path
from drive_stack.datasets.frames.recording import LaneLabels
from drive_stack.datasets.frames.row import FRAMES, FrameRow
from drive_stack.datasets.frames.store import EpisodeInfo, frame_row, write_frame_manifest
from drive_stack.datasets.held_out import require_taught
from drive_stack.datasets.manifest import ShardEntry, shard_entry
from drive_stack.driving_env import DrivingEnv
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.detection.truth import truth_of
from drive_stack.interfaces import Agent
from drive_stack.scenario_name import file_stem
from drive_stack.types import Control, Observation, StepTrace


@dataclass(frozen=True, slots=True)
class FrameLabelling:
    """Where the frames of drives are written, how many there are, and how their lanes are labelled."""

    folder: Path
    interval: float  # between two frames [s]
    lane_labels: LaneLabels  # importable for worker processes

    def path(self, scenario: str, seed: int) -> Path:
        """The path of the frames of an episode; the file has the name of the episode's drive."""
        return shard_path(self.folder, scenario, seed)

    def list_frames(self, drives: Iterable[ShardEntry]) -> None:
        """Write the manifest of the frames of the listed drives.

        Raises:
            ConfigError: If the frames of a drive are missing or corrupt, or there is no drive.
        """
        write_frame_manifest(
            self.folder,
            [shard_entry(FRAMES, self.folder / drive.file, drive.scenario, drive.seed) for drive in drives],
        )


class FrameRecorder:
    """Passes an episode on to the agent that drives it, and labels the images of some steps.

    The episode fails if it contains anything held out of training, see `require_taught`, or has no frame.
    """

    def __init__(self, driver: Agent, env: DrivingEnv, task: BatchTask, labelling: FrameLabelling) -> None:
        self._driver, self._env, self._task, self._labelling = driver, env, task, labelling
        self._every = max(round(labelling.interval / env.platform.dt), 1)  # steps
        self._step = 0
        self._rows: list[FrameRow] = []

    @property
    def name(self) -> str:
        """The name of the agent that drives."""
        return self._driver.name

    @property
    def privileged(self) -> bool:
        """Always True: it reads the truth."""
        return True

    @property
    def trace(self) -> StepTrace | None:
        """The trace of the agent that drives."""
        return self._driver.trace

    def reset(self, seed: int) -> None:
        """Start the episode."""
        self._driver.reset(seed)

    def act(self, observation: Observation) -> Control:
        """The control of the agent that drives; a frame is added where it is time and the image is new."""
        if self._step == 0:
            require_taught(self._env.truth.world_state(), self._task.scenario, self._task.seed)
        if self._step % self._every == 0 and observation.image_age == 0.0:
            self._rows.append(self._frame(observation))
        self._step += 1
        return self._driver.act(observation)

    def write(self) -> None:
        """Write the frames of the episode.

        Raises:
            ConfigError: If there is none, or the file cannot be written.
        """
        if not self._rows:
            scenario = self._task.scenario
            raise ConfigError(f"{scenario}: frames arrive late or are lost, so they have no labels")
        FRAMES.write(self._labelling.path(self._task.scenario, self._task.seed), self._rows)

    def _frame(self, observation: Observation) -> FrameRow:
        state = self._env.truth.world_state()
        conditions = state.conditions
        info = EpisodeInfo(
            file_stem(self._task.scenario), self._task.seed, conditions.weather.value, conditions.light.value
        )
        lanes = self._labelling.lane_labels(state, self._env.platform.camera)
        truth = truth_of(self._env.truth.labels())
        return frame_row(observation.image, truth, state.time, info, lanes)
