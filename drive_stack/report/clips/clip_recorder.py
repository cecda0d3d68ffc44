"""Keeps the last seconds of an episode, and writes them as a video if the episode fails."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import succeeded
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.report.clips.film import write_film
from drive_stack.report.clips.last_moment import LastMoment, last_moment
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.file_reading import read_text
from drive_stack.viewer.video import OUTCOME_SECONDS

DURATION = 6.0  # recorded before the end [s]
HOLD = OUTCOME_SECONDS  # how long the end is shown [s]


@dataclass(frozen=True, slots=True)
class Clip:
    """The files of one failure: its video and its last moment; either may be missing."""

    video: Path
    moment: Path

    @classmethod
    def of(cls, folder: Path, label: str, scenario: str, seed: int) -> Clip:
        """The files of an episode in a run's folder of clips."""
        stem = f"{unique_stem(label)}-{unique_stem(scenario)}-{seed}"
        return cls(folder / f"{stem}.mp4", folder / f"{stem}.json")

    def read_moment(self) -> LastMoment | None:
        """Read the last moment; None where the file is missing or cannot be read."""
        try:
            return LastMoment.model_validate_json(read_text(self.moment))
        except (OSError, ValueError):
            return None


class ClipRecorder:
    """Observes one episode and writes a clip into ``folder`` if the episode fails."""

    def __init__(self, folder: Path, task: BatchTask) -> None:
        self._folder, self._task = folder, task
        self._moments: deque[Moment] = deque()

    def observe(self, moment: Moment) -> None:
        """Keep a moment, and drop those that are too old."""
        self._moments.append(moment)
        while moment.state.time - self._moments[0].state.time > DURATION:
            self._moments.popleft()

    def finish(self, env: DrivingEnv, rollout: Rollout) -> None:
        """Write the clip of a failure. Raises `ConfigError` where it cannot be written."""
        result = rollout.result
        if succeeded(result) or not self._moments:
            return
        task = self._task
        clip = Clip.of(self._folder, task.label, task.scenario, task.seed)
        make_folder(self._folder)
        contacts = tuple(contact for contact, _ in rollout.log.contacts)
        write_atomically(
            clip.moment, last_moment(self._moments[-1], contacts).model_dump_json(indent=1) + "\n"
        )
        write_film(clip.video, self._moments, env, rollout, held=HOLD)
