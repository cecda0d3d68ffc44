"""Training of the detector from frames: the fit itself, and the 8-bit weights that the driver runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.store import StoredFrame, describe
from drive_stack.learning.detector.batches import repeat_pedestrian_frames
from drive_stack.learning.detector.card_fields import NetworkFacts, TrainedCard, TrainingFacts
from drive_stack.learning.detector.config import COMMAND, DetectorTraining
from drive_stack.learning.detector.evaluation import LOW_CONFIDENCES, compute_scores, run_detector
from drive_stack.learning.detector.network import build_network, export, strides
from drive_stack.learning.detector.training import DetectorTrainer
from drive_stack.learning.training.quantisation import calibration_rows, quantise
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import read_card, sha256_of, write_card
from drive_stack.support.atomic_files import copy_atomically

LIMITS = [
    "Trained only on images of this simulator; it does not work on real roads.",
    "Training ignored vehicles below 5 px, obstacles below 4 px, and pedestrians below 8 px height.",
    "Training ignored objects less than 25 % visible.",
    "Boxes enclose the visible pixels: the lower edge of a hidden vehicle is that of its visible part.",
    "Made for level images of 640 × 256 pixels from the camera in drive_stack/camera_model.py.",
]


@dataclass(frozen=True, slots=True)
class DetectorData:
    """What a detector is trained on."""

    frames: Sequence[StoredFrame]
    validation: Sequence[StoredFrame]  # its scores after each epoch decide which weights are the best
    sha256: str  # of the list of the training frames, for the card


def fit_detector(
    data: DetectorData,
    network_path: Path,
    config: DetectorTraining,
    work: Path,
    *,
    passes: int = 1,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Train, and export the weights after each epoch; returns the path of the best ones.

    Args:
        data: frames to learn from, and frames to evaluate.
        network_path: the network's description.
        config: settings; its frames are not used.
        work: folder of checkpoints, log and weights.
        passes: number of times that an epoch shows each frame.
        resume: continue from the checkpoint in ``work``.
        report: receives progress, one line each.

    Raises:
        ConfigError: the frames do not fill one batch, or the checkpoint cannot be used.
    """
    torch.manual_seed(config.seed)
    network = build_network(network_path, config.width)
    trainer = DetectorTrainer(network, config, report)
    if resume:
        trainer.load(work / "checkpoint.pt")
    subset = data.validation[:: max(1, len(data.validation) // config.validate_frames)]
    facts: NetworkFacts = {
        "network": _describe_network(network),
        "threads": config.threads,
        "training_data": describe(data.frames),
        "training_frames_sha256": data.sha256,
        "limits": LIMITS,
    }
    evaluation = _EpochEvaluation(config, trainer, work, subset, facts)
    repeated = repeat_pedestrian_frames(data.frames, config.pedestrian_repeats) * passes
    trainer.fit(repeated, work, evaluation)
    return evaluation.weights


def quantise_detector(weights: Path, frames: Sequence[StoredFrame], config: DetectorTraining) -> Path:
    """Quantise weights to 8 bits, with ranges from some of ``frames``; returns the path of the new weights.

    The new card copies the facts about the training.
    """
    deployed = weights.with_suffix(".int8.onnx")
    rows = calibration_rows(len(frames), config.calibration_frames, config.seed)
    quantise(weights, (frames[row].image() for row in rows), deployed)
    facts = {
        **_training_facts(weights),
        "single_precision": {"file": weights.name, "sha256": sha256_of(weights)},
        "calibration_frames": len(rows),
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
