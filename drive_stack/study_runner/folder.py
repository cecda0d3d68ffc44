"""Where the study's files lie, below one folder of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drive_stack.learning.training.run_folder import start_run
from drive_stack.study.config import StudyPlan
from drive_stack.study.records import TrainingId
from drive_stack.study.subsets import PoolEpisode
from drive_stack.study_runner.networks.protocol import EpisodeFiles

POOL = "pool.json"  # list of episodes
HELD_OUT = "held_out"  # part with the episodes on which all networks are measured; not part of the pool
# what the recordings in a folder depend on
_FIXED = ("name", "rows_per_second", "labelled_frames_per_second", "pool")


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """The folder of one study."""

    root: Path
    kept: Path | None = None  # folder of what is committed; None: "tables" in ``root``

    @property
    def tables(self) -> Path:
        """What is committed: tables, prediction, list of episodes, weights of the reference students."""
        return self.kept or self.root / "tables"

    def start(self, plan: StudyPlan) -> None:
        """Keep the plan next to the work.

        Raises:
            ConfigError: the pool differs from that with which the folder was begun.
        """
        may_change = [key for key in StudyPlan.model_fields if key not in _FIXED]
        start_run(self.root, plan, resume=True, may_change=may_change)

    def drives(self, part: str) -> Path:
        """The recorded drives of a part of the pool."""
        return self.root / "pool" / part

    def frames(self, part: str) -> Path:
        """The labelled frames of the same drives."""
        return self.root / "pool" / f"{part}-frames"

    @property
    def pool(self) -> Path:
        """The list of all recorded episodes."""
        return self.tables / POOL

    def student_weights(self, part: str) -> Path:
        """The folder with the weights by which a reference student drives a part of the pool.

        It is absolute, because recordings name the weights of their driver.
        """
        return self.tables.resolve() / "students" / part

    def student(self, part: str) -> Path:
        """The training of the reference student that drives a part of the pool."""
        return self.root / "students" / part

    def network(self, name: str, training: TrainingId) -> Path:
        """The training of a network; arms that share a network share it."""
        return self.root / "networks" / name / f"{training.mixture}-{training.size:06d}-{training.seed}"

    def training(self, training: TrainingId) -> Path:
        """The row of a finished training."""
        return self.root / "trainings" / f"{file_stem(training)}.json"

    def courses(self, run: str, training: TrainingId) -> Path:
        """The drives of a training in a run, such as those on validation seeds."""
        return self.root / "courses" / run / file_stem(training)

    def table(self, name: str) -> Path:
        """A table of rows of all trainings."""
        return self.tables / f"{name}.parquet"

    @property
    def prediction(self) -> Path:
        """The prediction for the largest size."""
        return self.tables / "prediction.json"

    @property
    def cache(self) -> Path:
        """What is computed from single episodes."""
        return self.root / "cache"

    @property
    def report(self) -> Path:
        """The page with its plots; beside the tables where these are committed."""
        return self.root / "report" if self.kept is None else self.kept / "results"

    def files_of(self, episodes: Iterable[PoolEpisode]) -> EpisodeFiles:
        """The shards of some episodes."""
        chosen = tuple(episodes)
        return EpisodeFiles(
            tuple(self.drives(episode.part) / episode.file for episode in chosen),
            tuple(self.frames(episode.part) / episode.file for episode in chosen),
        )

    def inputs(self, names: Iterable[str], training: TrainingId) -> Mapping[str, Path]:
        """The folders of some networks of a training, by name."""
        return {name: self.network(name, training) for name in names}


def file_stem(training: TrainingId) -> str:
    """The name of a training's files."""
    mixture = "" if training.mixture == "full" else f"-{training.mixture}"
    return f"{training.arm}{mixture}-{training.size:06d}-{training.seed}"
