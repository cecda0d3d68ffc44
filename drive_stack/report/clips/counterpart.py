"""The film of another driver on the course of a failure, over the same seconds as the failure's clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from drive_stack.config import StrictModel
from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.rollout import Moment, Rollout
from drive_stack.report.clips.clip_recorder import DURATION, HOLD
from drive_stack.report.clips.film import write_film
from drive_stack.scenario_name import unique_stem
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.file_reading import read_text

_MARGIN = 1.0  # kept before the film begins, until the length of a step is known [s]


class FilmedPair(StrictModel):
    """A failure and the drive that is shown next to it; the drives are named by their rows' hashes."""

    failed: str  # label of the driver that failed
    failed_config: str
    other: str  # label of the driver that is shown next to it
    other_config: str
    scenario: str
    seed: int
    end_s: float  # of the failure, since the start of the drive


@dataclass(frozen=True, slots=True)
class CounterpartFilm:
    """The film of the other driver, and the record of what it was made for."""

    video: Path
    record: Path

    @classmethod
    def of(cls, folder: Path, pair: FilmedPair) -> CounterpartFilm:
        """The files of a pair in a run's folder of clips."""
        drivers = f"{unique_stem(pair.other)}-next-to-{unique_stem(pair.failed)}"
        stem = f"{drivers}-{unique_stem(pair.scenario)}-{pair.seed}"
        return cls(folder / f"{stem}.mp4", folder / f"{stem}.pair.json")

    def shows(self, pair: FilmedPair) -> bool:
        """Whether the film exists and was made for exactly these two drives."""
        try:
            return self.video.is_file() and FilmedPair.model_validate_json(read_text(self.record)) == pair
        except (OSError, ValueError, ValidationError):
            return False


class CounterpartRecorder:
    """Observes a drive and keeps the seconds of a failure's clip as a film in ``folder``.

    The film is as long as the clip: it begins `DURATION` s before the failure and ends `HOLD` s after it.
    Where the drive ends earlier, its end is shown for the rest.
    """

    def __init__(self, folder: Path, pair: FilmedPair, _: BatchTask) -> None:
        self._folder, self._pair = folder, pair
        self._start: float | None = None
        self._moments: list[tuple[float, Moment]] = []  # with the time since the start of the drive [s]

    def observe(self, moment: Moment) -> None:
        """Keep a moment within the film's seconds."""
        self._start = moment.state.time if self._start is None else self._start
        elapsed = moment.state.time - self._start
        if self._pair.end_s - DURATION - _MARGIN <= elapsed < self._pair.end_s + HOLD:
            self._moments.append((elapsed, moment))

    def finish(self, env: DrivingEnv, rollout: Rollout) -> None:
        """Write the film; `ConfigError` where it cannot be written."""
        dt, end = env.platform.dt, self._pair.end_s
        first = max(end - dt - DURATION, 0.0)  # where the failure's clip begins
        after = end + HOLD - dt / 2.0
        moments = [moment for elapsed, moment in self._moments if first - dt / 2.0 < elapsed < after]
        if not moments:
            return
        film = CounterpartFilm.of(self._folder, self._pair)
        make_folder(self._folder)
        held = end + HOLD - first - len(moments) * dt
        write_film(film.video, moments, env, rollout, held=max(held, 0.0))
        write_atomically(film.record, self._pair.model_dump_json(indent=1) + "\n")
