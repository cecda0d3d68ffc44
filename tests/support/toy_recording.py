"""Synthetic recordings and frames for the tests of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drive_stack.config import load_model
from drive_stack.datasets.drives.row import DRIVES, DriveRow
from drive_stack.datasets.frames.store import (
    EpisodeInfo,
    StoredFrame,
)
from drive_stack.datasets.manifest import Manifest, shard_entry, write_manifest
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.support.jpeg import encode
from drive_stack.types import Image, NavigationCommand, Observation

TINY = """\
network:
  encoders:
    - view: {top: 0, bottom: 256, height: 16, width: 40}
      layers: [{channels: 8}, {channels: 8, residual_layers: 1}]
      features: 12
    - view: {top: 100, bottom: 116, height: 16, width: 640}
      layers: [{channels: 4, stride: [2, 4]}]
      column_features: 3
  history: [0.0, 0.2, 0.4]
  column_channels: [8, 8]
  hidden: [16]
  dropout: 0.0
rounds: [{name: plain, first_seed: 0, seeds: 1, epochs: 3}]
clip: 4
batch: 4
learning_rate: 0.01
augment: {gain: 0.0, tint: 0.0, noise: 0.0, speed: 0.0, yaw_rate_dropout: 0.0}
"""


def tiny_training(folder: Path) -> PolicyTraining:
    """The configuration `TINY`, read from a file in ``folder``."""
    path = folder / "policy.yaml"
    path.write_text(TINY)
    return load_model(path, PolicyTraining)


def random_observation(rng: np.random.Generator, speed: float = 20.0) -> Observation:
    image = rng.integers(0, 256, (256, 640, 3), dtype=np.uint8)
    return Observation(image, speed, 0.01, False, True, 30.0, NavigationCommand.CHANGE_LEFT)


def toy_recording(folder: Path) -> Path:
    """Three episodes of forty rows, and their manifest."""
    return write_recording(folder, [_episode(seed, 40) for seed in range(3)])


def write_recording(folder: Path, episodes: Sequence[Sequence[DriveRow]]) -> Path:
    """Write the rows of each episode, and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"toy-{seed:06d}.parquet" for seed in range(len(episodes))]
    for path, rows in zip(paths, episodes, strict=True):
        DRIVES.write(path, rows)
    shards = tuple(shard_entry(DRIVES, path, "toy", seed) for seed, path in enumerate(paths))
    write_manifest(folder, Manifest(version=DRIVES.version, made_with="{}", shards=shards))
    return folder


def _episode(seed: int, count: int) -> list[DriveRow]:
    rng = np.random.default_rng(seed)
    return [toy_row(seed, step, float(rng.uniform())) for step in range(count)]


def toy_row(seed: int, step: int, brightness: float) -> DriveRow:
    """A step of a uniformly grey drive at 20 m/s; the brightness decides the expert's controls."""
    image = np.full((256, 640, 3), 40 + int(160 * brightness), np.uint8)
    return DriveRow(
        scenario="toy",
        seed=seed,
        step=step,
        time_s=0.1 * step,
        weather="clear",
        light="day",
        image=encode(image, 95, full_colour=False).tobytes(),
        speed_mps=20.0,
        yaw_rate_radps=0.0,
        blind_spot_left=False,
        blind_spot_right=False,
        speed_limit_mps=25.0,
        command=0,
        image_age_s=0.0,
        expert_steering_rad=0.01 * (brightness - 0.5),
        expert_acceleration_mps2=2.0 * brightness - 1.0,
        applied_steering_rad=0.0,
        applied_acceleration_mps2=0.0,
        driver="expert",
        perturbed=False,
        station_m=0.0,
        lane_offset_m=0.0,
        heading_error_rad=0.0,
        curvature_1pm=0.0,
        lead_gap_m=0.0,
        lead_speed_mps=0.0,
        other_actors=(),
        lane_width_m=3.6,
        curvature_30m_1pm=0.0,
        curvature_60m_1pm=0.0,
        curvature_100m_1pm=0.0,
        grade_ahead=0.0,
        may_enter_left=True,
        may_enter_right=False,
        lane_ends_in_m=None,
        recognition_distance_m=1400.0,
    )


EPISODE = EpisodeInfo("toy", 7, "clear", "day")
COLOURS = {0: (200, 30, 30), 1: (30, 30, 200), 2: (30, 200, 30)}


def toy_frame(rng: np.random.Generator) -> tuple[Image, FrameTruth]:
    """Coloured blocks on noise, one colour per class."""
    image = rng.integers(90, 140, (256, 640, 3), dtype=np.uint8)
    boxes, labels = [], []
    for label in (0, 1, 2):
        width, height = int(rng.integers(16, 60)), int(rng.integers(16, 60))
        x, y = int(rng.integers(200 * label, 200 * label + 130)), int(rng.integers(60, 190))
        image[y : y + height, x : x + width] = COLOURS[label]
        boxes.append((x, y, x + width, y + height))
        labels.append(label)
    return image, FrameTruth(
        boxes=np.array(boxes, dtype=np.float32),
        labels=np.array(labels, dtype=np.int8),
        visible=np.ones(3, dtype=np.float32),
        distance=np.full(3, 30.0, dtype=np.float32),
    )


def toy_frames(count: int) -> list[StoredFrame]:
    rng = np.random.default_rng(0)
    pairs = [toy_frame(rng) for _ in range(count)]
    return [
        StoredFrame(encode(image, 95, full_colour=True), truth, 0.0, EPISODE, {}) for image, truth in pairs
    ]
