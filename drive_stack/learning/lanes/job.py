"""The whole making of the lane network: frames, training, export, judgement, card."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.frames.recording import (
    collect,
    plan_episodes,
)
from drive_stack.datasets.frames.store import StoredFrame, describe, read_shard
from drive_stack.learning.lanes.batches import cut_views
from drive_stack.learning.lanes.card import card_markdown
from drive_stack.learning.lanes.config import COMMAND, LaneTraining
from drive_stack.learning.lanes.evaluation import judge_drives
from drive_stack.learning.lanes.figures import end_figures, summary
from drive_stack.learning.lanes.image_evaluation import judge_confidence, judge_images
from drive_stack.learning.lanes.network import export
from drive_stack.learning.lanes.training import Labelled, LaneTrainer, Trained
from drive_stack.learning.lanes.truth import lane_truth
from drive_stack.learning.training.run_folder import start_run
from drive_stack.perception.lanes import FilteredLanes
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.runtime.weights import MODELS, amend_card, card_path, read_card, sha256_of, write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_whole, make_folder, write_whole

LIMITS = (
    "Trained on this simulator's pictures alone; it knows nothing of real roads.",
    "Takes the road for level and the camera for fixed to it: no hills, no pitching.",
    "Lines more than 16 m to the side or 110 m ahead are not looked for; beyond, the path bends on.",
    "On one line between two lanes it may count from either of them.",
    "Ends and barriers were taught on straight roads only, with arrows painted before an end.",
)
STEP = 0.1  # between two images of an agent [s]
ENDING_SEEDS = SeedSplit.TRAINING.seeds[50_000]  # of frames beyond the detector's


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
    """Collect frames, train, export and judge the lane network; returns the path of its weights.

    ``overrides`` are ``key=value`` as in ``epochs=4``. Frames already in ``frames`` (the detector's
    recording) are used, and recorded where they are missing; with ``resume`` the training goes on from
    the checkpoint in ``work``. Raises `ConfigError` for a configuration, checkpoint or frames that cannot
    be used.
    """
    config = load_model(config_path, LaneTraining, overrides)
    start_run(work, config, resume=resume, may_change=("patience", "threads"))
    shards = _collect(config, scenarios, frames, work, report)
    training, validation = (_read(shards[part]) for part in ("training", "validation"))
    grid, weights = GroundGrid(), work / "lanes.onnx"
    learnt_from, judged_by = (
        Labelled(cut_views(part, grid), [frame.lanes for frame in part]) for part in (training, validation)
    )
    trainer = LaneTrainer(learnt_from, judged_by, config, grid, work, report)
    trained = trainer.train(resume=resume)
    export(trained.network, weights, grid)
    facts = _facts(trained, config, training) | {"training_frames_sha256": _hash(shards["training"])}
    write_card(weights, COMMAND, facts)
    facts |= judge_lanes(weights, config, scenarios, validation, report)
    write_card(weights, COMMAND, facts)
    return install(weights, out)


def judge_lanes(
    weights: Path,
    config: LaneTraining,
    scenarios: Sequence[str],
    frames: Sequence[StoredFrame],
    report: Callable[[str], None] = print,
) -> dict[str, object]:
    """What the card says of the weights' quality, from validation frames and drives."""
    network = LaneNetwork(CameraModel(), weights, threads=config.threads)
    lanes, drives, ending = FilteredLanes(network, STEP), config.drives, config.ending
    seeds = SeedSplit.VALIDATION.seeds[: drives.seeds]
    errors = judge_drives(lanes, scenarios, seeds, drives.seconds, report)
    ending_seeds = SeedSplit.VALIDATION.seeds[: ending.drives.seeds]
    to_ends = judge_drives(lanes, ending.scenarios, ending_seeds, ending.drives.seconds, report, lingers=True)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "validation_seeds": [seeds[0], seeds[-1]],
        "validation": summary(errors),
        "validation_ends": {
            "seeds": [ending_seeds[0], ending_seeds[-1]],
            **end_figures(to_ends),
            "elsewhere": end_figures(errors)["ego"],
            "drives": summary(to_ends)["by_scenario"],
        },
        "validation_images": judge_images(network, frames),
        "confidence": judge_confidence(lanes, frames[:: config.confidence_every]),
    }


def judge_shipped(
    config_path: Path, scenarios: Sequence[str], *, weights: Path, frames: Path, split: SeedSplit
) -> dict[str, object]:
    """Judge weights that are there, and complete the card beside them; returns the new figures.

    On validation seeds as after training, with recorded ``frames``; on test seeds along drives alone.
    """
    config = load_model(config_path, LaneTraining)
    if split is SeedSplit.VALIDATION:
        place = frames / "validation"
        tasks = plan_episodes(
            scenarios, config.frames.validation, SeedSplit.VALIDATION.first, config.frames, place
        )
        collect(tasks, place, config.frames.workers, lane_truth)
        validation = _read([task.path for task in tasks if task.path.exists()])
        found = judge_lanes(weights, config, scenarios, validation)
    else:
        lanes = FilteredLanes(LaneNetwork(CameraModel(), weights, threads=config.threads), STEP)
        seeds = SeedSplit.TEST.seeds[: config.drives.seeds]
        errors = judge_drives(lanes, scenarios, seeds, config.drives.seconds)
        found = {"test_seeds": [seeds[0], seeds[-1]], "test": summary(errors)}
    _write_for_people(weights, amend_card(weights, COMMAND, found))
    return found


def install(weights: Path, out: Path) -> Path:
    """Copy weights and card to where the agent looks for them, with the card for people."""
    make_folder(out)
    for path in (weights, card_path(weights)):
        copy_whole(path, out / path.name)
    _write_for_people(out / weights.name, read_card(out / weights.name, COMMAND))
    return out / weights.name


def _write_for_people(weights: Path, card: Mapping[str, object]) -> None:
    """The card as Markdown beside the weights."""
    write_whole(card_path(weights).with_suffix(".md"), card_markdown(card))


def _collect(
    config: LaneTraining, scenarios: Sequence[str], folder: Path, work: Path, report: Callable[[str], None]
) -> dict[str, list[Path]]:
    """Record what is missing; the shards of each part, and no others that lie there."""
    settings, ending = config.frames, config.ending
    spans = (
        ("training", scenarios, settings.training, SeedSplit.TRAINING.first, folder / "training"),
        ("training", ending.scenarios, ending.training, ENDING_SEEDS, work / "ending"),
        ("validation", scenarios, settings.validation, SeedSplit.VALIDATION.first, folder / "validation"),
    )
    shards: dict[str, list[Path]] = {"training": [], "validation": []}
    for part, chosen, count, first, place in spans:
        tasks = plan_episodes(chosen, count, first, settings, place)
        if not all(task.path.exists() for task in tasks):
            collect(tasks, place, settings.workers, lane_truth, report)
        shards[part] += [task.path for task in tasks if task.path.exists()]
    return shards


def _read(shards: Sequence[Path]) -> list[StoredFrame]:
    return [frame for path in shards for frame in read_shard(path)]


def _hash(shards: Sequence[Path]) -> str:
    """SHA-256 over the shards' own."""
    return hashlib.sha256("".join(sha256_of(path) for path in shards).encode()).hexdigest()


def _facts(trained: Trained, config: LaneTraining, frames: Sequence[StoredFrame]) -> dict[str, object]:
    count = sum(parameter.numel() for parameter in trained.network.parameters())
    return {
        "network": f"An encoder-decoder of {count / 1e6:.2f} million weights over the road seen from above.",
        "epochs": trained.epochs,
        "minutes": round(trained.seconds / 60.0, 1),
        "threads": config.threads,
        "validation_loss": round(trained.loss, 4),
        "training_data": describe(frames),
        "limits": LIMITS,
    }
