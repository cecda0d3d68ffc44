"""The whole lane network job: record frames, train, export, evaluate, write the card."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.frames.recording import (
    collect,
    plan_episodes,
)
from drive_stack.datasets.frames.store import StoredFrame, describe, read_shards
from drive_stack.learning.lanes.batches import cut_views
from drive_stack.learning.lanes.card import card_markdown
from drive_stack.learning.lanes.card_fields import LanesCard, TestFigures, TrainingFacts, ValidationFigures
from drive_stack.learning.lanes.config import COMMAND, LaneTraining
from drive_stack.learning.lanes.evaluation import evaluate_drives
from drive_stack.learning.lanes.figures import end_statistics, summarise_errors
from drive_stack.learning.lanes.image_evaluation import evaluate_confidence, evaluate_images
from drive_stack.learning.lanes.image_labels import image_labels
from drive_stack.learning.lanes.network import export_quantised
from drive_stack.learning.lanes.training import LabelledViews, LaneTrainer, TrainingResult
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.learning.training.run_folder import start_run
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.runtime.weights import amend_card, card_path, read_card, sha256_of, write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_atomically, make_folder, write_atomically
from drive_stack.support.layout import MODELS

LIMITS = [
    "Trained on this simulator's images alone; it knows nothing of real roads.",
    "Assumes a camera mounted as it should be: views follow its mean pitch, not its roll.",
    "Lines are detected up to 16 m to the side and 110 m ahead; beyond, the path keeps its curvature.",
    "On a line between two lanes the estimate may refer to either of them.",
    "Trained on ends and barriers on straight roads only, with arrows painted before an end.",
]
STEP = 0.1  # between two images [s]
ENDING_SEEDS = SeedSplit.TRAINING.seeds[50_000]  # of the frames in addition to the detector's


def train_lanes(
    config_path: Path,
    scenarios: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    frames: Path = Path("runs/detector"),
    work: Path = Path("runs/lanes"),
    out: Path = MODELS,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Record frames, train, export and evaluate the lane network; returns the path of its weights.

    ``overrides`` are ``key=value`` such as ``epochs=4``. Frames already in ``frames`` (those of the detector)
    are reused, and missing ones are recorded there. With ``resume`` the training continues from the
    checkpoint in ``work``. Raises `ConfigError` if the configuration, the checkpoint or the frames cannot
    be used.
    """
    config = load_model(config_path, LaneTraining, overrides)
    start_run(work, config, resume=resume, may_change=("patience", "threads"))
    shards = _collect(config, scenarios, frames, work, report)
    training, validation = (read_shards(shards[part]) for part in ("training", "validation"))
    grid, weights = GroundGrid(), work / "lanes.onnx"
    training_views, validation_views = (
        LabelledViews(cut_views(part, grid), [image_labels(frame.lanes, grid) for frame in part])
        for part in (training, validation)
    )
    trainer = LaneTrainer(training_views, validation_views, config, grid, work, report)
    trained = trainer.train(resume=resume)
    views = training_views.sample(config.calibration_views, config.seed)
    export_quantised(trained.network, weights, grid, views)
    facts = _facts(trained, config, training, _hash(shards["training"]))
    write_card(weights, COMMAND, {**facts, "calibration_views": len(views)})
    amend_card(weights, COMMAND, evaluate_lanes(weights, config, scenarios, validation, report))
    return install(weights, out)


def evaluate_lanes(
    weights: Path,
    config: LaneTraining,
    scenarios: Sequence[str],
    frames: Sequence[StoredFrame],
    report: Callable[[str], None] = print,
) -> ValidationFigures:
    """Evaluate weights on validation frames and drives; returns the card's figures."""
    network = LaneNetwork(CameraModel(), weights, threads=config.threads)
    lanes, drives, ending = FilteredLanes(network, STEP, estimates_ground=True), config.drives, config.ending
    seeds = SeedSplit.VALIDATION.seeds[: drives.seeds]
    errors = evaluate_drives(lanes, scenarios, seeds, drives.seconds, report)
    ending_seeds = SeedSplit.VALIDATION.seeds[: ending.drives.seeds]
    ending_errors = evaluate_drives(
        lanes, ending.scenarios, ending_seeds, ending.drives.seconds, report, lingers=True
    )
    return {
        "validation_seeds": [seeds[0], seeds[-1]],
        "validation": summarise_errors(errors),
        "validation_ends": {
            "seeds": [ending_seeds[0], ending_seeds[-1]],
            **end_statistics(ending_errors),
            "elsewhere": end_statistics(errors)["ego"],
            "drives": summarise_errors(ending_errors)["by_scenario"],
        },
        "validation_images": evaluate_images(network, frames),
        "confidence": evaluate_confidence(lanes, frames[:: config.confidence_every]),
    }


def evaluate_shipped_lanes(
    config_path: Path, scenarios: Sequence[str], *, weights: Path, frames: Path, split: SeedSplit
) -> ValidationFigures | TestFigures:
    """Evaluate existing weights and complete their card; returns the new figures.

    On validation seeds as after training, with recorded ``frames``; on test seeds along drives alone.
    """
    config = load_model(config_path, LaneTraining)
    figures: ValidationFigures | TestFigures
    if split is SeedSplit.VALIDATION:
        part_folder = frames / "validation"
        tasks = plan_episodes(
            scenarios, config.frames.validation, SeedSplit.VALIDATION.first, config.frames, part_folder
        )
        collect(tasks, part_folder, config.frames.workers, lane_truth)
        validation = read_shards([task.path for task in tasks if task.path.exists()])
        figures = evaluate_lanes(weights, config, scenarios, validation)
    else:
        network = LaneNetwork(CameraModel(), weights, threads=config.threads)
        lanes = FilteredLanes(network, STEP, estimates_ground=True)
        seeds = SeedSplit.TEST.seeds[: config.drives.seeds]
        errors = evaluate_drives(lanes, scenarios, seeds, config.drives.seconds)
        figures = {"test_seeds": [seeds[0], seeds[-1]], "test": summarise_errors(errors)}
    amend_card(weights, COMMAND, figures)
    _write_markdown(weights)
    return figures


def install(weights: Path, out: Path) -> Path:
    """Copy weights and card to ``out``, where the agent loads them, and write the card as Markdown."""
    make_folder(out)
    for path in (weights, card_path(weights)):
        copy_atomically(path, out / path.name)
    _write_markdown(out / weights.name)
    return out / weights.name


def _write_markdown(weights: Path) -> None:
    """Write the card of ``weights`` as Markdown next to it."""
    card = read_card(weights, COMMAND, LanesCard)
    write_atomically(card_path(weights).with_suffix(".md"), card_markdown(card))


def _collect(
    config: LaneTraining, scenarios: Sequence[str], folder: Path, work: Path, report: Callable[[str], None]
) -> dict[str, list[Path]]:
    """Record the missing frames; returns the planned shards of each part, without others in the folders."""
    settings, ending = config.frames, config.ending
    spans = (
        ("training", scenarios, settings.training, SeedSplit.TRAINING.first, folder / "training"),
        ("training", ending.scenarios, ending.training, ENDING_SEEDS, work / "ending"),
        ("validation", scenarios, settings.validation, SeedSplit.VALIDATION.first, folder / "validation"),
    )
    shards: dict[str, list[Path]] = {"training": [], "validation": []}
    for part, selected, count, first, part_folder in spans:
        tasks = plan_episodes(selected, count, first, settings, part_folder)
        collect(tasks, part_folder, settings.workers, lane_truth, report)
        shards[part] += [task.path for task in tasks if task.path.exists()]
    return shards


def _hash(shards: Sequence[Path]) -> str:
    """SHA-256 of the shards' SHA-256 digests."""
    return hashlib.sha256("".join(sha256_of(path) for path in shards).encode()).hexdigest()


def _facts(
    trained: TrainingResult, config: LaneTraining, frames: Sequence[StoredFrame], frames_sha256: str
) -> TrainingFacts:
    count = sum(parameter.numel() for parameter in trained.network.parameters())
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "network": f"An encoder-decoder of {count / 1e6:.2f} million weights over the road seen from above.",
        "epochs": trained.epochs,
        "minutes": round(trained.seconds / 60.0, 1),
        "threads": config.threads,
        "validation_loss": round(trained.loss, 4),
        "training_data": describe(frames),
        "limits": LIMITS,
        "training_frames_sha256": frames_sha256,
    }
