"""Records the pool of the study: its parts one after another, each seed after seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from drive_stack.datasets.drives.collection import Collection, CollectionSpec
from drive_stack.datasets.drives.labelled_frames import FrameLabelling
from drive_stack.errors import ConfigError
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study.config import StudyPlan
from drive_stack.study.running_plan import PoolPart, Student
from drive_stack.study.subsets import PoolEpisode, Subset, draw_subset
from drive_stack.study_runner.folder import HELD_OUT, StudyFolder
from drive_stack.study_runner.networks.policy import TRUNK
from drive_stack.study_runner.pool import EpisodePool, differing_episodes, episodes_of, list_pool, read_pool
from drive_stack.study_runner.recording_code import recording_hash
from drive_stack.study_runner.student_weights import check_origin, keep_weights, origin_of_student
from drive_stack.support.layout import CONFIGS

# Draws the subset that a reference student learns from, and its weights. It is no seed of a training: that
# training alone would otherwise learn from drives of a policy like its own.
STUDENT_SEED = 1_000_000
STEP = 0.1  # of a drive [s]

Collect = Callable[[CollectionSpec], Collection]  # records what is missing of a folder


@dataclass(frozen=True, slots=True)
class StudentTask:
    """The training of a reference student."""

    part: str  # that it drives
    student: Student
    subset: Subset
    measured: Sequence[PoolEpisode]


# trains a reference student, unless it is trained; returns the weights that it drives by
TrainStudent = Callable[[StudentTask], Path]


@dataclass(frozen=True, slots=True)
class PoolRecorder:
    """What the recording of a pool needs."""

    plan: StudyPlan
    folder: StudyFolder
    collect: Collect
    train_student: TrainStudent
    network_settings: Callable[[str], str]  # of a network by its name, see `NetworkTraining.settings`
    workers: int
    report: Callable[[str], None] = print
    accept_differences: bool = False  # of code and recordings from what is listed

    def record(self) -> EpisodePool:
        """Record what is missing, and list all episodes.

        Raises:
            ConfigError: a part cannot be recorded.
        """
        if self.folder.pool.exists():
            return read_pool(self.folder.pool, self.plan)
        parts = self.plan.pool.parts
        self._record_held_out()
        recorded: list[PoolEpisode] = []
        for number, (name, part) in enumerate(parts.items(), start=1):
            self.report(f"recording {name}, part {number} of {len(parts)}: {part.rows:,} rows")
            self._record_part(name, self._spec_of(name, part, recorded), part)
            recorded += episodes_of(self.folder, name)
        return list_pool(self.folder, self.plan)

    def restore(self, pool: EpisodePool, episodes: Iterable[PoolEpisode]) -> None:
        """Record those of some episodes again whose files are missing, and compare all with the list.

        Raises:
            ConfigError: a part cannot be recorded; or differences are not accepted, and either the code is
                another one than that of the list, or an episode differs: another version of the world, the
                drivers or the libraries recorded it, or another kind of processor.
        """
        needed = sorted(set(episodes))
        missing = self.missing(needed)
        if missing:
            self._check_code(pool)
        for name, own in groupby(missing, key=lambda episode: episode.part):
            self._record_again(name, list(own), pool)
        differing = differing_episodes(self.folder, pool, needed)
        if differing and not self.accept_differences:
            raise ConfigError(
                f"{self.folder.files_of(differing).drives[0]}: not the episode that {self.folder.pool} lists"
                "; record with the code and the libraries of the list, or go on with --accept-differences"
            )
        if differing:
            self.report(f"{len(differing)} of {len(needed)} episodes differ from the list")

    def missing(self, episodes: Iterable[PoolEpisode]) -> list[PoolEpisode]:
        """Those of some episodes whose files are missing, by part."""
        return [
            episode
            for episode in sorted(set(episodes))
            if not all(path.exists() for path in self._shards(episode))
        ]

    def _check_code(self, pool: EpisodePool) -> None:
        """Name another code than that of the list, or refuse it: it may record other drives."""
        if pool.code in ("", recording_hash()):
            return
        text = f"{self.folder.pool}: recorded with other code ({pool.code}, now {recording_hash()})"
        if not self.accept_differences:
            raise ConfigError(f"{text}; restore that code, or go on with --accept-differences")
        self.report(text)

    def _record_again(self, name: str, episodes: Sequence[PoolEpisode], pool: EpisodePool) -> None:
        rows = sum(episode.rows for episode in episodes)
        self.report(f"recording {len(episodes)} episodes of {name} again: {rows:,} rows")
        spec = self._known_spec(name, pool)
        last = max(episode.seed for episode in episodes)
        only = frozenset(episode.file for episode in episodes)
        self.collect(replace(spec, seeds=last - spec.first_seed + 1, only=only))

    def _shards(self, episode: PoolEpisode) -> tuple[Path, Path]:
        folders = self.folder.drives(episode.part), self.folder.frames(episode.part)
        return folders[0] / episode.file, folders[1] / episode.file

    def _known_spec(self, name: str, pool: EpisodePool) -> CollectionSpec:
        """How a part was recorded."""
        if name == HELD_OUT:
            wanted = self.plan.pool.held_out
            return self._spec(HELD_OUT, wanted.first_seed, wanted.scenarios)
        parts = tuple(self.plan.pool.parts)
        before = parts[: parts.index(name)]
        recorded = [episode for episode in pool.episodes if episode.part in before]
        return self._spec_of(name, self.plan.pool.parts[name], recorded)

    def _record_held_out(self) -> None:
        wanted = self.plan.pool.held_out
        self.report(f"recording the episodes on which all networks are measured: {wanted.seeds} seeds")
        spec = self._spec(HELD_OUT, wanted.first_seed, wanted.scenarios)
        self.collect(replace(spec, seeds=wanted.seeds))

    def _record_part(self, name: str, spec: CollectionSpec, part: PoolPart) -> None:
        """Record one seed, then as many as the part is going to need, until it has its rows.

        Which seeds are recorded depends on the rows of the seeds before alone. A run that was killed in
        between therefore records the same episodes as one that was not.
        """
        seeds = 1
        while True:
            last = part.first_seed + seeds - 1
            if split_of(last) is not SeedSplit.TRAINING:
                raise ConfigError(f"pool.parts.{name}: there are not enough training seeds for its rows")
            shards = self.collect(replace(spec, seeds=seeds)).manifest.shards
            rows = sum(shard.rows for shard in shards if shard.seed <= last)
            if rows >= part.rows:
                return
            if rows == 0:
                raise ConfigError(f"pool.parts.{name}: no episode of seed {part.first_seed} was recorded")
            seeds = max(seeds + 1, math.floor(0.9 * seeds * part.rows / rows))

    def _spec_of(self, name: str, part: PoolPart, recorded: Sequence[PoolEpisode]) -> CollectionSpec:
        spec = self._spec(name, part.first_seed, part.scenarios)
        spec = replace(spec, suite=part.suite, perturbed=part.perturbed, expert_fraction=part.expert_fraction)
        if part.student is not None:
            weights = self._student_weights(name, part.student, recorded)
            return replace(spec, driver="end_to_end", driver_overrides=(f"weights={weights}",))
        return replace(spec, driver=part.driver, driver_overrides=part.driver_overrides)

    def _student_weights(self, part: str, student: Student, recorded: Sequence[PoolEpisode]) -> Path:
        """The kept weights of a part's student, which is trained unless they are there."""
        weights = self.folder.student_weights(part) / TRUNK
        subset = draw_subset(recorded, student.size, STUDENT_SEED)
        origin = origin_of_student(self.plan, subset, self.network_settings(student.network))
        if weights.exists():
            check_origin(weights, origin)
        else:
            task = StudentTask(part, student, subset, episodes_of(self.folder, HELD_OUT))
            keep_weights(self.train_student(task), weights, origin)
        return weights

    def _spec(self, name: str, first_seed: int, scenarios: Sequence[str] | None) -> CollectionSpec:
        return CollectionSpec(
            out=self.folder.drives(name),
            scenarios=None if scenarios is None else tuple(map(_scenario, scenarios)),
            first_seed=first_seed,
            every=max(round(1.0 / (STEP * self.plan.rows_per_second)), 1),
            frames=FrameLabelling(
                self.folder.frames(name), 1.0 / self.plan.labelled_frames_per_second, lane_truth
            ),
            workers=self.workers,
        )


def _scenario(name: str) -> str:
    """A scenario of the catalogue as it is, and the path of a file in the folder of configurations."""
    return str(CONFIGS / name) if name.endswith((".yaml", ".yml")) else name
