"""Evaluation of the detector's weights on frames that training never saw; completes their card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.datasets.frames.recording import collect, plan_episodes
from drive_stack.datasets.frames.store import describe, read_frames
from drive_stack.evaluation.detection.metrics import Criteria
from drive_stack.learning.detector.card import card_markdown, example_sheet, write_image
from drive_stack.learning.detector.card_fields import CardScores, DetectorCard
from drive_stack.learning.detector.config import COMMAND, DetectorTraining
from drive_stack.learning.detector.evaluation import (
    LOW_CONFIDENCES,
    choose_confidences,
    compute_scores,
    run_detector,
)
from drive_stack.learning.detector.figures import write_curves
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import amend_card, card_path, read_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_atomically

MAX_FALSE_POSITIVES = 0.05  # per frame, at the confidences in the card


@dataclass(frozen=True, slots=True)
class FigurePaths:
    """Where the figures of the documentation are written."""

    examples: Path
    curves: Path

    @classmethod
    def in_folder(cls, folder: Path) -> FigurePaths:
        """The paths with the names that the documentation uses."""
        return cls(folder / "detector_examples.png", folder / "detector_curves.png")


def evaluate_detector(
    weights: Path,
    config: DetectorTraining,
    scenarios: Sequence[str],
    work: Path,
    split: SeedSplit = SeedSplit.VALIDATION,
    figures: FigurePaths | None = None,
    report: Callable[[str], None] = print,
) -> CardScores:
    """Evaluate 8-bit ``weights`` on frames of ``split`` and complete their card; returns the scores.

    Missing frames are recorded in ``work``. The weights in single precision, in the same folder, are
    evaluated too. The confidences are chosen on validation frames; on test frames, those in the card are
    used. ``figures`` are drawn from validation frames only.
    """
    folder = work / split
    tasks = plan_episodes(scenarios, config.frames.validation, split.first, config.frames, folder)
    collect(tasks, folder, config.frames.workers, lane_truth, report)
    frames = read_frames(folder)
    results = run_detector(YoloDetector(weights, confidence=LOW_CONFIDENCES, threads=config.threads), frames)
    card = read_card(weights, COMMAND, DetectorCard)
    criteria = Criteria()
    if split is SeedSplit.TEST and "validation" in card:
        confidences = ConfidenceThresholds.model_validate(card["validation"]["criteria"]["confidence"])
    else:
        confidences = choose_confidences(results, criteria, MAX_FALSE_POSITIVES)
    single = weights.with_name(card["single_precision"]["file"])
    reference = run_detector(YoloDetector(single, confidence=LOW_CONFIDENCES, threads=config.threads), frames)
    scores: CardScores = {
        **compute_scores(results, confidences, criteria),
        "single_precision": compute_scores(reference, confidences, criteria)["classes"],
    }
    facts = {
        "date": card.get("date", datetime.datetime.now(datetime.UTC).date().isoformat()),
        "engine": "OpenVINO, convolutions in 8 bits",
        f"{split}_data": describe(frames),
        split: scores,
    }
    amend_card(weights, COMMAND, facts)
    amended = read_card(weights, COMMAND, DetectorCard)
    write_atomically(card_path(weights).with_suffix(".md"), card_markdown(amended))
    if figures is not None and split is SeedSplit.VALIDATION:
        write_image(figures.examples, example_sheet(results, confidences, criteria))
        write_curves(figures.curves, results, scores, criteria)
    return scores
