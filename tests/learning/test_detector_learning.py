"""The detector's frames on disk, training loop and evaluation."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from toy_recording import EPISODE, toy_frame, toy_frames

from drive_stack.config import load_model
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.frames.store import (
    describe,
    frame_row,
    read_frames,
    write_frame_manifest,
)
from drive_stack.datasets.manifest import shard_entry
from drive_stack.errors import ConfigError
from drive_stack.evaluation.detection.metrics import Criteria
from drive_stack.learning.detector.card import card_markdown
from drive_stack.learning.detector.config import DetectorTraining, WindowSettings
from drive_stack.learning.detector.evaluation import DetectionResults, choose_confidences, compute_scores
from drive_stack.learning.detector.figures import write_curves
from drive_stack.learning.detector.network import build_network
from drive_stack.learning.detector.training import DetectorTrainer, learning_rate_at
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.types import Detection, ObjectClass
from envs.scenarios.scenario import load_scenario

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"


def test_frames_are_read_back_as_they_were_written(tmp_path: Path) -> None:
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
    counts = {"frames": 6, "seeds": [7, 7], "boxes": 18, "scenarios": {"toy": 6}}
    card = {
        "network": "A toy.", "command": "make", "date": "today", "training_data": counts, "epochs": 1,
        "minutes": 1, "threads": 1, "file": "toy.onnx", "sha256": "0", "engine": "none", "limits": ["none"],
        "single_precision": {"file": "toy.onnx", "sha256": "1"}, "calibration_frames": 2,
        "validation_data": counts, "validation": scores,
    }  # fmt: skip
    text = card_markdown(card)
    assert "## Validation" in text
    assert "## Test" not in text
    tested = card_markdown(card | {"test_data": counts | {"seeds": [200000, 200001]}, "test": scores})
    assert "seeds 200000–200001" in tested
    write_curves(tmp_path / "curves.png", results, scores, Criteria())
    image = cv2.imread(str(tmp_path / "curves.png"))
    assert image is not None
    assert np.ptp(image.reshape(-1, 3), axis=0).min() > 100


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
