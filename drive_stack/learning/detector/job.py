"""The whole detector job: record frames, train, export, evaluate, write the card."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.datasets.frames.recording import collect, plan_episodes
from drive_stack.datasets.frames.store import read_frames
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.fitting import DetectorData, fit_detector, quantise_detector
from drive_stack.learning.detector.validation import FigurePaths, evaluate_detector
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.learning.training.run_folder import start_run
from drive_stack.runtime.weights import card_path, sha256_of
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_atomically, make_folder
from drive_stack.support.layout import MODELS

SCENE_SEEDS = SeedSplit.TRAINING.seeds[60_000]  # of the scenes used only in training


@dataclass(frozen=True, slots=True)
class DetectorJob:
    """The paths, settings and progress output of a run."""

    config_path: Path
    config: DetectorTraining
    scenarios: Sequence[str]
    work: Path  # frames, checkpoints, log, and the weights before they are installed
    report: Callable[[str], None] = print

    def collect(self) -> None:
        """Record the missing training and validation frames."""
        settings = self.config.frames
        training, validation = self.work / "training", self.work / "validation"
        tasks = plan_episodes(self.scenarios, settings.training, SeedSplit.TRAINING.first, settings, training)
        for scene, episodes in self.config.scene_paths(self.config_path).items():
            frames = episodes * settings.per_episode
            tasks += plan_episodes([scene], frames, SCENE_SEEDS, settings, training)
        collect(tasks, training, settings.workers, lane_truth, self.report)
        tasks = plan_episodes(
            self.scenarios, settings.validation, SeedSplit.VALIDATION.first, settings, validation
        )
        collect(tasks, validation, settings.workers, lane_truth, self.report)

    def train(self, resume: bool) -> Path:
        """Train, and export the weights after each epoch; returns the path of the best ones."""
        return fit_detector(
            self._data(),
            self.config.network_path(self.config_path),
            self.config,
            self.work,
            resume=resume,
            report=self.report,
        )

    def deploy(self, weights: Path) -> Path:
        """Quantise the weights to 8 bits; the new card copies the facts about the training."""
        return quantise_detector(weights, read_frames(self.work / "training"), self.config)

    def _data(self) -> DetectorData:
        manifest = self.work / "training" / "manifest.json"
        frames, validation = (read_frames(self.work / part) for part in ("training", "validation"))
        return DetectorData(frames, validation, sha256_of(manifest))


def train_detector(
    config_path: Path,
    scenarios: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    work: Path = Path("runs/detector"),
    out: Path = MODELS,
    figures: FigurePaths | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Record frames, train, export and evaluate the detector; returns the path of its weights.

    ``overrides`` are ``key=value`` such as ``epochs=4`` or ``frames.training=500``. Frames already in
    ``work`` are reused, and the evaluated weights are copied to ``out``. With ``resume`` the training
    continues from the checkpoint in ``work``. Raises `ConfigError` if the configuration, the checkpoint or
    the frames cannot be used.
    """
    config = load_model(config_path, DetectorTraining, overrides)
    start_run(work, config, resume=resume, may_change=("epochs", "frames", "patience", "threads", "windows"))
    job = DetectorJob(config_path, config, scenarios, work, report)
    job.collect()
    trained = job.train(resume)
    deployed = job.deploy(trained)
    scores = evaluate_detector(deployed, config, scenarios, work, SeedSplit.VALIDATION, figures, report)
    report(json.dumps(scores, ensure_ascii=False, indent=1))
    install(trained, out)
    return install(deployed, out)


def install(weights: Path, out: Path) -> Path:
    """Copy weights and cards to ``out``, where the detector loads them; returns the new path."""
    make_folder(out)
    card = card_path(weights)
    for path in (weights, card, card.with_suffix(".md")):
        if path.exists():
            copy_atomically(path, out / path.name)
    return out / weights.name
