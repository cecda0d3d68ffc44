"""The whole detector job: record frames, train, export, evaluate, write the card."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.frames.recording import collect, plan_episodes
from drive_stack.datasets.frames.store import StoredFrame, describe, read_frames
from drive_stack.learning.detector.batches import repeat_pedestrian_frames
from drive_stack.learning.detector.card_fields import NetworkFacts, TrainedCard, TrainingFacts
from drive_stack.learning.detector.config import COMMAND, DetectorTraining
from drive_stack.learning.detector.evaluation import LOW_CONFIDENCES, compute_scores, run_detector
from drive_stack.learning.detector.network import build_network, export, strides
from drive_stack.learning.detector.quantisation import quantise
from drive_stack.learning.detector.training import DetectorTrainer
from drive_stack.learning.detector.validation import FigurePaths, evaluate_detector
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.learning.training.run_folder import start_run
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import card_path, read_card, sha256_of, write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_atomically, make_folder
from drive_stack.support.layout import MODELS

LIMITS = [
    "Trained only on images of this simulator; it does not work on real roads.",
    "Training ignored vehicles below 5 px height, others below 8 px, and objects less than 25 % visible.",
    "Boxes enclose the visible pixels: the lower edge of a hidden vehicle is that of its visible part.",
    "Made for level images of 640 × 256 pixels from the camera in drive_stack/camera_model.py.",
]
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
        frames, validation = read_frames(self.work / "training"), read_frames(self.work / "validation")
        torch.manual_seed(self.config.seed)
        network = build_network(self.config.network_path(self.config_path), self.config.width)
        trainer = DetectorTrainer(network, self.config, self.report)
        if resume:
            trainer.load(self.work / "checkpoint.pt")
        subset = validation[:: max(1, len(validation) // self.config.validate_frames)]
        facts: NetworkFacts = {
            "network": _describe_network(network),
            "threads": self.config.threads,
            "training_data": describe(frames),
            "training_frames_sha256": sha256_of(self.work / "training" / "manifest.json"),
            "limits": LIMITS,
        }
        evaluation = _EpochEvaluation(self.config, trainer, self.work, subset, facts)
        trainer.fit(repeat_pedestrian_frames(frames, self.config.pedestrian_repeats), self.work, evaluation)
        return evaluation.weights

    def deploy(self, weights: Path) -> Path:
        """Quantise the weights to 8 bits; the new card copies the facts about the training."""
        deployed = weights.with_suffix(".int8.onnx")
        frames = read_frames(self.work / "training")
        quantise(weights, frames, deployed, count=self.config.calibration_frames, seed=self.config.seed)
        facts = {
            **_training_facts(weights),
            "single_precision": {"file": weights.name, "sha256": sha256_of(weights)},
            "calibration_frames": min(self.config.calibration_frames, len(frames)),
        }
        write_card(deployed, COMMAND, facts)
        return deployed


@dataclass(frozen=True, slots=True)
class _EpochEvaluation:
    """A `Validation` that exports the network and evaluates it on a subset of the validation frames."""

    config: DetectorTraining
    trainer: DetectorTrainer
    work: Path
    frames: Sequence[StoredFrame]
    facts: NetworkFacts

    @property
    def weights(self) -> Path:
        """Path of the best weights so far."""
        return self.work / "detector.onnx"

    @property
    def _last(self) -> Path:
        return self.work / "last.onnx"

    def evaluate(self, network: nn.Module, epoch: int) -> dict[str, float | None]:
        """Return AP50 by class."""
        export(network, self._last, CameraModel(), self.config.input_scale)
        minutes = round(self.trainer.seconds / 60.0, 1)
        facts: TrainingFacts = {**self.facts, "epochs": epoch, "minutes": minutes}
        write_card(self._last, COMMAND, facts)
        detector = YoloDetector(self._last, confidence=LOW_CONFIDENCES, threads=self.config.threads)
        classes = compute_scores(run_detector(detector, self.frames), ConfidenceThresholds())["classes"]
        return {name: row["ap50"] for name, row in classes.items()}

    def save_best(self) -> None:
        """Copy the weights evaluated last to the best weights."""
        copy_atomically(self._last, self.weights)
        write_card(self.weights, COMMAND, _training_facts(self._last))


def _training_facts(weights: Path) -> TrainingFacts:
    """The facts about the training, from the card of trained weights."""
    card = read_card(weights, COMMAND, TrainedCard)
    return {
        "network": card["network"],
        "threads": card["threads"],
        "training_data": card["training_data"],
        "training_frames_sha256": card["training_frames_sha256"],
        "limits": card["limits"],
        "epochs": card["epochs"],
        "minutes": card["minutes"],
    }


def _describe_network(network: nn.Module) -> str:
    """Describe the network in one sentence for the card."""
    count = sum(parameter.numel() for parameter in network.parameters())
    return (
        f"A YOLO26-style network of {count / 1e6:.2f} million weights (ultralytics modules, one-to-many "
        f"head) at strides {', '.join(map(str, strides(network)))}; duplicates are dropped by overlap."
    )


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
    start_run(work, config, resume=resume, may_change=("epochs", "frames", "patience", "threads"))
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
