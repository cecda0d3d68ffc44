"""Training windows of the detector: their boxes, their ignored objects and their batches."""

from dataclasses import replace

import numpy as np
import torch
from toy_recording import COLOURS, toy_frame, toy_frames

from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.detector.batches import collate, epoch_batches, repeat_pedestrian_frames
from drive_stack.learning.detector.config import DetectorTraining, WindowSettings
from drive_stack.learning.detector.windows import Window, add_haze, cut_window, ignored_cells, select_targets
from drive_stack.objects.classes import TAUGHT_CLASSES
from drive_stack.types import ObjectClass


def test_boxes_follow_their_objects_into_the_window() -> None:
    """Inside each box of the window, the colour of its object dominates, whatever position and zoom."""
    rng, settings = np.random.default_rng(2), WindowSettings()
    checked = 0
    for _ in range(30):
        image, truth = toy_frame(rng)
        without_noise = np.full_like(image, 128)
        for box, label in zip(truth.boxes.astype(int), truth.labels, strict=True):
            without_noise[box[1] : box[3], box[0] : box[2]] = COLOURS[int(label)]
        state = rng.bit_generator.state
        window = cut_window(without_noise, truth, settings.size, settings, rng)
        rng.bit_generator.state = state
        assert np.array_equal(
            cut_window(without_noise, truth, settings.size, settings, rng).image, window.image
        )
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


def test_obstacles_are_taught_at_four_pixels() -> None:
    boxes = np.array([[10, 10, 60, 14.5], [10, 10, 60, 13.5]], dtype=np.float32)
    whole = np.ones(2, dtype=np.float32)
    for label, expected in ((ObjectClass.OBSTACLE, [True, False]), (ObjectClass.PEDESTRIAN, [False, False])):
        truth = FrameTruth(boxes, np.full(2, int(label), np.int8), whole, whole)
        assert select_targets(boxes, truth, (192, 384), WindowSettings())[0].tolist() == expected


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
    enlarged = ignored_cells([window], (64, 64), [4, 8, 16])[0]  # input enlarged twice
    assert np.array_equal(enlarged[256 : 256 + 64], mask[:64])


def test_batches_contain_every_frame_once_and_repeat() -> None:
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


def test_objects_of_held_out_classes_are_ignored_in_the_loss() -> None:
    boxes = np.array([[10.0, 10.0, 60.0, 60.0]] * len(ObjectClass), dtype=np.float32)
    visible = np.ones(len(boxes), dtype=np.float32)
    truth = FrameTruth(boxes, np.array(list(ObjectClass), dtype=np.int8), visible, 20.0 * visible)
    is_target, is_ignored, _ = select_targets(boxes, truth, (192, 384), WindowSettings())
    assert [ObjectClass(int(label)) for label in truth.labels[is_target]] == list(TAUGHT_CLASSES)
    assert np.array_equal(is_ignored, ~is_target)
