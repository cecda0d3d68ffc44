"""The whole making of the detector: frames, training, export, judgement, card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.frames.recording import collect, plan_episodes
from drive_stack.datasets.frames.store import StoredFrame, describe, read_frames
from drive_stack.learning.detector.batches import with_people_repeated
from drive_stack.learning.detector.config import COMMAND, DetectorTraining
from drive_stack.learning.detector.evaluation import NEARLY_ALL, evaluate, run_detector
from drive_stack.learning.detector.network import build_network, export, strides
from drive_stack.learning.detector.quantised import quantised
from drive_stack.learning.detector.training import Trainer
from drive_stack.learning.detector.validation import Pictures, judge
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.learning.training.run_folder import start_run
from drive_stack.perception.confidences import Confidences
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import MODELS, card_path, read_card, sha256_of, write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_whole, make_folder

LIMITS = (
    "Trained on this simulator's pictures alone; it knows nothing of real roads.",
    "Vehicles below 5 px height, others below 8, and what is less than a quarter visible were not taught.",
    "Boxes are those of the visible pixels: behind a nearer car the lower edge is that of what shows.",
    "Made for level pictures of 640 × 256 pixels from the camera in drive_stack/camera_model.py.",
)
TRAINING_FACTS = {
    "network",
    "epochs",
    "minutes",
    "threads",
    "training_data",
    "training_frames_sha256",
    "limits",
}
SCENE_SEEDS = SeedSplit.TRAINING.seeds[60_000]  # of scenes that only training sees


@dataclass(frozen=True, slots=True)
class DetectorJob:
    """Where everything lies and how to speak."""

    config_path: Path
    config: DetectorTraining
    scenarios: Sequence[str]
    work: Path  # frames, checkpoints, log, and the weights until they are judged
    report: Callable[[str], None] = print

    def collect(self) -> None:
        """Record the training and validation frames that are not there yet."""
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
        """Train, and export after every epoch that finds more than those before; returns the weights."""
        frames, validation = read_frames(self.work / "training"), read_frames(self.work / "validation")
        torch.manual_seed(self.config.seed)
        network = build_network(self.config.network_path(self.config_path), self.config.width)
        trainer = Trainer(network, self.config, self.report)
        if resume:
            trainer.load(self.work / "checkpoint.pt")
        some = validation[:: max(1, len(validation) // self.config.validate_frames)]
        facts = {
            "network": _about(network),
            "threads": self.config.threads,
            "training_data": describe(frames),
            "training_frames_sha256": sha256_of(self.work / "training" / "manifest.json"),
            "limits": LIMITS,
        }
        watched = _Watched(self.config, trainer, self.work, some, facts)
        trainer.fit(with_people_repeated(frames, self.config.people_times), self.work, watched)
        return watched.weights

    def deploy(self, weights: Path) -> Path:
        """The weights in 8 bits; their card takes over what the others' card says of the training."""
        deployed = weights.with_suffix(".int8.onnx")
        frames = read_frames(self.work / "training")
        quantised(weights, frames, deployed, count=self.config.calibration_frames, seed=self.config.seed)
        trained = read_card(weights, COMMAND)
        facts = {
            **{key: trained[key] for key in trained.keys() & TRAINING_FACTS},
            "single_precision": {"file": weights.name, "sha256": trained["sha256"]},
            "calibration_frames": min(self.config.calibration_frames, len(frames)),
        }
        write_card(deployed, COMMAND, facts)
        return deployed


@dataclass(frozen=True, slots=True)
class _Watched:
    """Exports what is learnt, and judges it by a part of the validation frames. A `Validation`."""

    config: DetectorTraining
    trainer: Trainer
    work: Path
    frames: Sequence[StoredFrame]
    facts: Mapping[str, object]  # of the card

    @property
    def weights(self) -> Path:
        """The best so far."""
        return self.work / "detector.onnx"

    @property
    def _last(self) -> Path:
        return self.work / "last.onnx"

    def judge(self, network: nn.Module, epoch: int) -> dict[str, float | None]:
        """AP50 by class."""
        export(network, self._last, CameraModel(), self.config.input_scale)
        minutes = round(self.trainer.seconds / 60.0, 1)
        write_card(self._last, COMMAND, {**self.facts, "epochs": epoch, "minutes": minutes})
        detector = YoloDetector(self._last, confidence=NEARLY_ALL, threads=self.config.threads)
        classes = evaluate(run_detector(detector, self.frames), Confidences())["classes"]
        assert isinstance(classes, dict)
        return {name: row["ap50"] for name, row in classes.items()}

    def keep(self) -> None:
        """What was judged last is the best so far."""
        card = read_card(self._last, COMMAND)
        copy_whole(self._last, self.weights)
        write_card(self.weights, COMMAND, {key: card[key] for key in card.keys() & TRAINING_FACTS})


def _about(network: nn.Module) -> str:
    """The network in a sentence."""
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
    pictures: Pictures | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Collect frames, train, export and judge the detector; returns the path of its weights.

    ``overrides`` are ``key=value`` as in ``epochs=4`` or ``frames.training=500``. Frames already in
    ``work`` are kept, and weights go to ``out`` once judged; with ``resume`` the training goes on
    from the checkpoint there. Raises `ConfigError` for a configuration, checkpoint or frames that
    cannot be used.
    """
    config = load_model(config_path, DetectorTraining, overrides)
    start_run(work, config, resume=resume, may_change=("epochs", "frames", "patience", "threads"))
    job = DetectorJob(config_path, config, scenarios, work, report)
    job.collect()
    trained = job.train(resume)
    deployed = job.deploy(trained)
    scores = judge(deployed, config, scenarios, work, SeedSplit.VALIDATION, pictures, report)
    report(json.dumps(scores, ensure_ascii=False, indent=1))
    install(trained, out)
    return install(deployed, out)


def install(weights: Path, out: Path) -> Path:
    """Copy weights and cards to where the detector looks for them; returns the weights' new path."""
    make_folder(out)
    card = card_path(weights)
    for path in (weights, card, card.with_suffix(".md")):
        if path.exists():
            copy_whole(path, out / path.name)
    return out / weights.name
