"""The detector, trained from labelled frames."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drive_stack.config import load_model
from drive_stack.datasets.frames.store import StoredFrame, read_shards
from drive_stack.evaluation.detection.classes import REPORTED
from drive_stack.learning.detector.batches import repeat_pedestrian_frames, steps_per_epoch
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.evaluation import LOW_CONFIDENCES, compute_scores, run_detector
from drive_stack.learning.detector.fitting import DetectorData, fit_detector, quantise_detector
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import sha256_of
from drive_stack.study.running_plan import NetworkRule, schedule
from drive_stack.study_runner.networks.counting import count_labelled_boxes, rows_of
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)


@dataclass(frozen=True, slots=True)
class DetectorNetwork:
    """A `NetworkTraining` of the detector, quantised to 8 bits as the shipped one is."""

    config: DetectorTraining
    description: Path  # of the network
    rule: NetworkRule

    @classmethod
    def read(cls, path: Path, rule: NetworkRule) -> DetectorNetwork:
        """Read the configuration. Raises `ConfigError` if it cannot be used."""
        config = load_model(path, DetectorTraining, rule.overrides)
        return cls(config, config.network_path(path), rule)

    @property
    def files(self) -> tuple[str, ...]:
        """The 8-bit weights."""
        return ("detector.int8.onnx",)

    @property
    def settings(self) -> str:
        """Configuration, rule and description of the network."""
        config = self.config.model_dump_json(exclude={"frames", "seed", "threads"})
        return config + self.rule.content + self.description.read_text(encoding="utf-8")

    def steps_per_pass(self, rows: int, frames: int) -> int:  # noqa: ARG002 - it learns from frames
        """Updates that show each frame once; at least 1."""
        return max(steps_per_epoch(frames, self.config), 1)

    def fit(
        self,
        data: NetworkData,
        seed: int,
        folder: Path,
        inputs: Mapping[str, Path],  # noqa: ARG002 - it is trained on top of no other network
        report: Report,
    ) -> OfflineErrors:
        """Train, quantise and measure; see `NetworkTraining`."""
        frames = read_shards(data.learned.frames)
        repeated = repeat_pedestrian_frames(frames, self.config.pedestrian_repeats)
        steps = max(steps_per_epoch(len(repeated), self.config), 1)
        plan = schedule(self.rule, rows_of(data), steps)
        changes = {"seed": seed, "epochs": plan.epochs, "patience": plan.patience, "threads": 1}
        config = self.config.model_copy(update=changes)
        weights = fit_detector(
            DetectorData(frames, read_shards(data.held_out.frames), _hash(data.learned.frames)),
            self.description,
            config,
            folder,
            passes=plan.passes,
            resume=(folder / "checkpoint.pt").exists(),
            report=report,
        )
        deployed = quantise_detector(weights, frames, config)
        with data.uncharged():
            return OfflineErrors(detector_ap50=_precision(deployed, read_shards(data.measured.frames)))

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The boxes of every frame."""
        return Labels(boxes=count_labelled_boxes(episodes))


def _precision(weights: Path, frames: Sequence[StoredFrame]) -> float | None:
    """Mean AP50 of the reported classes; None where the frames show no object."""
    results = run_detector(YoloDetector(weights, confidence=LOW_CONFIDENCES, threads=1), frames)
    classes = compute_scores(results, ConfidenceThresholds())["classes"]
    known = [score for name in REPORTED if (score := classes[name]["ap50"]) is not None]
    return float(np.mean(known)) if known else None


def _hash(shards: Sequence[Path]) -> str:
    return hashlib.sha256("".join(sha256_of(path) for path in shards).encode()).hexdigest()
