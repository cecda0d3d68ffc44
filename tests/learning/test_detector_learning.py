"""The detector's frames on disk, training windows, training loop and evaluation."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from drive_stack.config import load_model
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.frames.store import (
    EpisodeInfo,
    StoredFrame,
    describe,
    frame_row,
    read_frames,
    write_frame_manifest,
)
from drive_stack.datasets.manifest import shard_entry
from drive_stack.errors import ConfigError
from drive_stack.evaluation.detection.metrics import Criteria
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.detector.batches import collate, epoch_batches, repeat_pedestrian_frames
from drive_stack.learning.detector.card import card_markdown
from drive_stack.learning.detector.config import DetectorTraining, WindowSettings
from drive_stack.learning.detector.evaluation import DetectionResults, choose_confidences, compute_scores
from drive_stack.learning.detector.figures import write_curves
from drive_stack.learning.detector.network import build_network
from drive_stack.learning.detector.training import DetectorTrainer, learning_rate_at
from drive_stack.learning.detector.windows import Window, add_haze, cut_window, ignored_cells, select_targets
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.support.jpeg import encode
from drive_stack.types import Detection, Image, ObjectClass
from envs.scenarios.scenario import load_scenario

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"
EPISODE = EpisodeInfo("toy", 7, "clear", "day")
COLOURS = {0: (200, 30, 30), 1: (30, 30, 200), 2: (30, 200, 30)}


def toy_frame(rng: np.random.Generator) -> tuple[Image, FrameTruth]:
    """Coloured blocks on noise, one colour a class."""
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


def test_shard_gives_back_what_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    expected = [toy_frame(rng) for _ in range(3)]
    rows = [
        frame_row(image, truth, float(index), EPISODE, {"offset": np.array([index / 2.0])})
        for index, (image, truth) in enumerate(expected)
    ]
    FRAMES.write(tmp_path / "toy.parquet", rows)
    write_frame_manifest(tmp_path, [shard_entry(FRAMES, tmp_path / "toy.parquet", "toy", 7)])
    frames = read_frames(tmp_path)
    assert [frame.time for frame in frames] == [0.0, 1.0, 2.0]
    assert all(frame.episode == EPISODE for frame in frames)
    for frame, (image, truth) in zip(frames, expected, strict=True):
        np.testing.assert_array_equal(frame.truth.boxes, truth.boxes)
        np.testing.assert_array_equal(frame.truth.labels, truth.labels)
        assert np.abs(frame.image().astype(int) - image).mean() < 6.0
        assert frame.lanes["offset"].item() == frame.time / 2.0
    assert describe(frames)["frames"] == 3


def test_empty_folder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="train detector"):
        read_frames(tmp_path)


def test_committed_configuration_is_valid_and_strict() -> None:
    config = load_model(CONFIGS / "detector.yaml", DetectorTraining, ["epochs=3"])
    assert config.epochs == 3
    assert config.network_path(CONFIGS / "detector.yaml").is_file()
    with pytest.raises(ConfigError, match="epochs"):
        load_model(CONFIGS / "detector.yaml", DetectorTraining, ["epoch=3"])
    with pytest.raises(ConfigError, match="multiples of 32"):
        load_model(CONFIGS / "detector.yaml", DetectorTraining, ["windows.size=[100, 100]"])


def test_boxes_follow_their_objects_into_the_window() -> None:
    """Inside each box of the window, the colour of its object dominates, whatever position and zoom."""
    rng, settings = np.random.default_rng(2), WindowSettings()
    checked = 0
    for _ in range(30):
        image, truth = toy_frame(rng)
        clean = np.full_like(image, 128)
        for box, label in zip(truth.boxes.astype(int), truth.labels, strict=True):
            clean[box[1] : box[3], box[0] : box[2]] = COLOURS[int(label)]
        state = rng.bit_generator.state
        window = cut_window(clean, truth, settings.size, settings, rng)
        rng.bit_generator.state = state
        assert np.array_equal(cut_window(clean, truth, settings.size, settings, rng).image, window.image)
        for (x1, y1, x2, y2), _ in zip(window.boxes, window.labels, strict=True):
            inner = window.image[int(y1) + 2 : int(y2) - 2, int(x1) + 2 : int(x2) - 2].reshape(-1, 3)
            assert inner.size
            assert np.ptp(inner.astype(int), axis=0).max() <= 6
            assert np.ptp(inner.mean(axis=0)) > 60.0
            checked += 1
    assert checked > 30


def test_low_hidden_and_cut_objects_are_ignored() -> None:
    boxes = np.array(
        [[10, 10, 40, 40], [10, 10, 40, 16], [10, 10, 40, 40], [-80, 10, 20, 40], [-80, 10, -1, 40]],
        dtype=np.float32,
    )
    visible = np.array([1.0, 1.0, 0.1, 1.0, 1.0], dtype=np.float32)
    pedestrians = FrameTruth(boxes, np.full(5, int(ObjectClass.PEDESTRIAN), np.int8), visible, visible)
    is_target, is_ignored, clipped = select_targets(boxes, pedestrians, (192, 384), WindowSettings())
    assert is_target.tolist() == [True, False, False, False, False]
    assert is_ignored.tolist() == [False, True, True, True, False]
    assert clipped[3].tolist() == [0.0, 10.0, 20.0, 40.0]
    cars = replace(pedestrians, labels=np.full(5, int(ObjectClass.CAR), np.int8))
    is_target, is_ignored, _ = select_targets(boxes, cars, (192, 384), WindowSettings())
    assert is_target.tolist() == [True, True, False, False, False]
    assert is_ignored.tolist() == [False, False, True, True, False]


def test_ignored_cells_cover_ignored_boxes_but_not_targets() -> None:
    window = Window(
        image=np.zeros((64, 64, 3), dtype=np.uint8),
        boxes=np.array([[0, 0, 16, 64]], dtype=np.float32),
        labels=np.array([0], dtype=np.int8),
        ignored=np.array([[8, 0, 32, 64]], dtype=np.float32),
    )
    mask = ignored_cells([window], (64, 64), [8, 16, 32])[0]
    fine = mask[:64].reshape(8, 8)
    assert fine[:, :2].sum() == 0
    assert fine[:, 2:4].all()
    assert not fine[:, 4:].any()
    assert len(mask) == 64 + 16 + 4
    twice = ignored_cells([window], (64, 64), [4, 8, 16])[0]  # input enlarged twice
    assert np.array_equal(twice[256 : 256 + 64], mask[:64])


def test_batches_hold_every_frame_once_and_repeat() -> None:
    frames, config = toy_frames(8), DetectorTraining(batch=4)
    first = list(epoch_batches(frames, config, 0, [8, 16, 32]))
    again = list(epoch_batches(frames, config, 0, [8, 16, 32]))
    assert len(first) == 2
    for batch, repeated in zip(first, again, strict=True):
        assert torch.equal(batch.images, repeated.images)
        assert batch.images.shape[1] == 3
        assert 0.0 <= float(batch.targets["bboxes"].min()) <= float(batch.targets["bboxes"].max()) <= 1.0


def test_frames_with_pedestrians_are_repeated() -> None:
    frames = toy_frames(2)
    without = replace(frames[1], truth=replace(frames[1].truth, labels=np.zeros(3, dtype=np.int8)))
    assert repeat_pedestrian_frames([frames[0], without], 3) == [frames[0]] * 3 + [without]


def test_collate_of_windows_without_objects() -> None:
    empty = Window(
        image=np.zeros((64, 64, 3), dtype=np.uint8),
        boxes=np.zeros((0, 4), dtype=np.float32),
        labels=np.zeros(0, dtype=np.int8),
        ignored=np.zeros((0, 4), dtype=np.float32),
    )
    batch = collate([empty, empty], [8, 16, 32])
    assert batch.targets["bboxes"].shape == (0, 4)
    assert not batch.ignored_cells.any()


def test_rate_rises_holds_and_falls_to_zero() -> None:
    config = DetectorTraining(learning_rate=1.0, warmup_steps=10, decay_fraction=0.5)
    rates = [learning_rate_at(step, 100, config) for step in range(101)]
    assert rates[4] == 0.5
    assert set(rates[10:50]) == {1.0}
    assert rates[75] == 0.5
    assert rates[100] == 0.0


class FakeValidation:
    """A validation with predefined scores that records which epochs were saved."""

    def __init__(self, scores: Sequence[float]) -> None:
        self._scores, self.saved, self._last = list(scores), list[int](), 0

    def evaluate(self, network: nn.Module, epoch: int) -> dict[str, float | None]:
        self._last = epoch
        return {"vehicles": self._scores[epoch - 1], "unseen": None}

    def save_best(self) -> None:
        self.saved.append(self._last)


def test_training_saves_the_best_epochs_and_stops_when_the_score_stops_improving(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = DetectorTraining(
        batch=4, epochs=5, patience=2, windows=WindowSettings(size=(96, 160), full_frame_fraction=0.0)
    )
    trainer = DetectorTrainer(build_network(CONFIGS / "detector_network.yaml"), config, lambda _: None)
    validation = FakeValidation([0.3, 0.5, 0.4, 0.45, 0.9])
    trainer.fit(toy_frames(4), tmp_path, validation)
    assert (trainer.epoch, validation.saved) == (4, [1, 2])
    assert any((tmp_path / "curves").iterdir())


def test_training_learns_and_a_resumed_run_continues_its_counters(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = DetectorTraining(
        batch=4, epochs=2, warmup_steps=2, windows=WindowSettings(size=(96, 160), full_frame_fraction=0.0)
    )
    frames, lines = toy_frames(32), list[str]()
    trainer = DetectorTrainer(build_network(CONFIGS / "detector_network.yaml"), config, lines.append)
    trainer.fit(frames, tmp_path, FakeValidation([0.1, 0.2]))
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert sum(log[1]["loss"]) < sum(log[0]["loss"])
    assert (log[1]["vehicles"], log[1]["unseen"]) == (0.2, None)

    again = DetectorTrainer(build_network(CONFIGS / "detector_network.yaml"), config, lines.append)
    again.load(tmp_path / "checkpoint.pt")
    assert (again.step, again.epoch) == (trainer.step, trainer.epoch) == (16, 2)
    assert again.scores == [0.1, 0.2]
    for resumed, original in zip(again.averaged.parameters(), trainer.averaged.parameters(), strict=True):
        assert torch.equal(resumed, original)
    with pytest.raises(ConfigError, match="no checkpoint"):
        again.load(tmp_path / "missing.pt")


def test_scores_of_a_detector_that_misses_one_pedestrian() -> None:
    frames = toy_frames(10)
    detections = [
        tuple(
            Detection((float(b[0]), float(b[1]), float(b[2]), float(b[3])), ObjectClass(int(label)), 0.9)
            for b, label in zip(frame.truth.boxes, frame.truth.labels, strict=True)
        )
        for frame in frames
    ]
    detections[0] = tuple(
        detection for detection in detections[0] if detection.label is not ObjectClass.PEDESTRIAN
    )
    detections[1] = (*detections[1], Detection((0.0, 0.0, 20.0, 20.0), ObjectClass.CAR, 0.3))
    results = DetectionResults(frames, detections)
    scores = compute_scores(results, ConfidenceThresholds.uniform(0.25))
    classes = scores["classes"]
    assert isinstance(classes, dict)
    assert classes["large_vehicle"]["ap50"] == 1.0
    assert classes["pedestrian"]["ap50"] == pytest.approx(0.9)
    assert scores["false_positives_per_frame"] == pytest.approx(0.1)
    chosen = choose_confidences(results, Criteria(), 0.05)
    assert chosen == ConfidenceThresholds(vehicles=0.31, pedestrian=0.2, obstacle=0.2)
    assert choose_confidences(results, Criteria(), 0.1) == chosen  # a higher limit raises no recall
    # the toy episode's weather is clear, and all objects are 30 m away
    assert scores["recall_in_clear_weather"] == {
        "vehicles": {"up_to_m": 80.0, "objects": 20, "recall": 1.0},
        "pedestrian": {"up_to_m": 50.0, "objects": 10, "recall": 0.9},
    }


def test_card_shows_test_scores_once_they_exist_and_curves_are_drawn(tmp_path: Path) -> None:
    frames = toy_frames(6)
    detections = [
        tuple(
            Detection(tuple(float(v) for v in b), ObjectClass(int(label)), 0.9)  # type: ignore[arg-type]
            for b, label in zip(frame.truth.boxes, frame.truth.labels, strict=True)
        )
        for frame in frames
    ]
    results = DetectionResults(frames, detections)
    scores = compute_scores(results, ConfidenceThresholds.uniform(0.5))
    scores["single_precision"] = scores["classes"]
    about = {"frames": 6, "seeds": [7, 7], "boxes": 18, "scenarios": {"toy": 6}}
    card = {
        "network": "A toy.", "command": "make", "date": "today", "training_data": about, "epochs": 1,
        "minutes": 1, "threads": 1, "file": "toy.onnx", "sha256": "0", "engine": "none", "limits": ["none"],
        "single_precision": {"file": "toy.onnx", "sha256": "1"}, "calibration_frames": 2,
        "validation_data": about, "validation": scores,
    }  # fmt: skip
    text = card_markdown(card)
    assert "## Validation" in text
    assert "## Test" not in text
    tested = card_markdown(card | {"test_data": about | {"seeds": [200000, 200001]}, "test": scores})
    assert "seeds 200000–200001" in tested
    write_curves(tmp_path / "curves.png", results, scores, Criteria())
    image = cv2.imread(str(tmp_path / "curves.png"))
    assert image is not None
    assert np.ptp(image.reshape(-1, 3), axis=0).min() > 100


def test_haze_lowers_contrast_and_keeps_noise() -> None:
    """The contrast between black and white halves falls but stays positive; a flat image gets noise."""
    halves = np.zeros((64, 64, 3), dtype=np.uint8)
    halves[:, 32:] = 255
    for seed in range(20):
        image = add_haze(halves, 0.3, np.random.default_rng(seed)).astype(float)
        contrast = image[:, 32:].mean() - image[:, :32].mean()
        assert 0.25 * 255 < contrast <= 255
        assert np.array_equal(image, add_haze(halves, 0.3, np.random.default_rng(seed)))
    flat = np.full((64, 64, 3), 120, dtype=np.uint8)
    assert 0.3 < add_haze(flat, 0.3, np.random.default_rng(0)).std() < 12.0


def test_training_scenes_are_found_relative_to_the_configuration() -> None:
    path = CONFIGS / "detector.yaml"
    scenes = load_model(path, DetectorTraining).scene_paths(path)
    assert scenes
    for scene in scenes:
        assert load_scenario(scene).name == Path(scene).stem
    wrong = load_model(path, DetectorTraining, ["frames.scenes={nowhere.yaml: 3}"])
    with pytest.raises(ConfigError, match=r"frames\.scenes: no such file"):
        wrong.scene_paths(path)


def test_ultralytics_settings_lie_in_a_private_folder_of_this_process() -> None:
    code = (
        "import os; from drive_stack.learning.detector.network import keep_ultralytics_offline as keep\n"
        "keep(); first = os.environ['YOLO_CONFIG_DIR']; keep()\n"
        "assert first == os.environ['YOLO_CONFIG_DIR']\n"
        "state = os.stat(first); print(first, oct(state.st_mode & 0o777), state.st_uid == os.getuid())"
    )
    command = [sys.executable, "-c", code]
    outputs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in "ab"
    ]
    (first, *permissions), (second, *_) = outputs
    assert first != second and permissions == ["0o700", "True"] and not Path(first).exists()
