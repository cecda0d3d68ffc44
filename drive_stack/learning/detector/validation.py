"""Judges the detector's weights on frames that training never saw, and completes their card."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.datasets.frames.recording import collect, plan_episodes
from drive_stack.datasets.frames.store import describe, read_frames
from drive_stack.evaluation.detection.metrics import Criteria
from drive_stack.learning.detector.card import card_markdown, example_sheet, write_picture
from drive_stack.learning.detector.config import COMMAND, DetectorTraining
from drive_stack.learning.detector.evaluation import NEARLY_ALL, best_confidences, evaluate, run_detector
from drive_stack.learning.detector.figures import write_curves
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.perception.confidences import Confidences
from drive_stack.perception.detector import YoloDetector
from drive_stack.runtime.weights import amend_card, card_path
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import write_whole

FALSE_POSITIVES = 0.05  # a frame, at the confidences that are written into the card


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures for people go."""

    examples: Path
    curves: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Pictures:
        """Those of the project's documents."""
        return cls(folder / "detector_examples.png", folder / "detector_curves.png")


def judge(
    weights: Path,
    config: DetectorTraining,
    scenarios: Sequence[str],
    work: Path,
    split: SeedSplit = SeedSplit.VALIDATION,
    pictures: Pictures | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, object]:
    """Judge ``weights`` on frames of ``split``, recorded in ``work`` where missing; returns the scores.

    Completes the card beside the weights, which are in 8 bits; those in single precision, which lie beside
    them, are judged with them. The confidences are chosen on validation frames; on test
    frames they stay. ``pictures``, where given, are drawn from validation frames.
    """
    folder = work / split
    tasks = plan_episodes(scenarios, config.frames.validation, split.first, config.frames, folder)
    collect(tasks, folder, config.frames.workers, lane_truth, report)
    frames = read_frames(folder)
    judged = run_detector(YoloDetector(weights, confidence=NEARLY_ALL, threads=config.threads), frames)
    card = json.loads(card_path(weights).read_text(encoding="utf-8"))
    criteria = Criteria()
    if split is SeedSplit.TEST and "validation" in card:
        confidences = Confidences.model_validate(card["validation"]["criteria"]["confidence"])
    else:
        confidences = best_confidences(judged, criteria, FALSE_POSITIVES)
    scores = evaluate(judged, confidences, criteria)
    single = weights.with_name(card["single_precision"]["file"])
    before = run_detector(YoloDetector(single, confidence=NEARLY_ALL, threads=config.threads), frames)
    scores["single_precision"] = evaluate(before, confidences, criteria)["classes"]
    facts = {
        "date": card.get("date", datetime.datetime.now(datetime.UTC).date().isoformat()),
        "engine": "OpenVINO, convolutions in 8 bits",
        f"{split}_data": describe(frames),
        split: scores,
    }
    amended = amend_card(weights, COMMAND, facts)
    write_whole(card_path(weights).with_suffix(".md"), card_markdown(amended))
    if pictures is not None and split is SeedSplit.VALIDATION:
        write_picture(pictures.examples, example_sheet(judged, confidences, criteria))
        write_curves(pictures.curves, judged, scores, criteria)
    return scores
