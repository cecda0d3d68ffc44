"""Batches of the policy's training: images as the network reads them, and preparation in advance."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from drive_stack.learning.imitation.augmentation import ImageChanges, augment_state, draw_image_changes
from drive_stack.learning.imitation.config import AugmentSettings
from drive_stack.learning.imitation.data import PackedViews
from drive_stack.learning.imitation.images import make_images
from drive_stack.learning.training.prefetching import prefetched
from drive_stack.policy.state_vector import SPEED, STATE_NAMES, STATE_SIZE
from drive_stack.policy.views import View

VIEWS = (View(top=0, bottom=8, height=4, width=8), View(top=0, bottom=8, height=3, width=7))
SIZE = 4 * 8 * 3 + 3 * 7 * 3


def two_recordings(rng: np.random.Generator) -> PackedViews:
    parts = [rng.integers(0, 256, (rows, SIZE), dtype=np.uint8) for rows in (5, 6)]
    return PackedViews([("first", parts[0]), ("second", parts[1])])


def test_unchanged_images_are_those_that_the_exported_network_reads() -> None:
    packed = PackedViews([("one", np.tile(np.array([[0], [51], [255]], dtype=np.uint8), (1, SIZE)))])
    images = make_images(packed, np.array([2, 0, 1]), VIEWS, ImageChanges.none(3, VIEWS))
    assert [tuple(image.shape) for image in images] == [(3, 3, 4, 8), (3, 3, 3, 7)]
    for image in images:
        assert image.is_contiguous(memory_format=torch.channels_last)
        for row, expected in enumerate((1.0, -1.0, -0.6)):
            assert image[row].numpy() == pytest.approx(expected, abs=1e-6)


def test_changed_images_follow_their_formula_in_every_pixel_of_every_recording() -> None:
    rng = np.random.default_rng(0)
    packed, rows = two_recordings(rng), np.array([9, 4, 0, 5])
    changes = ImageChanges(
        scale=rng.uniform(0.0, 0.02, (4, 3)).astype(np.float32),
        offset=rng.uniform(-1.5, 0.0, (4, 3)).astype(np.float32),
        noise=tuple(rng.normal(0.0, 0.1, view.size).astype(np.float32) for view in VIEWS),
    )
    images = make_images(packed, rows, VIEWS, changes)
    halves = make_images(packed, rows, VIEWS, changes, torch.bfloat16)
    start = 0
    for view, image, half, noise in zip(VIEWS, images, halves, changes.noise, strict=True):
        stored = packed[rows][:, start : start + view.size].reshape(4, view.height, view.width, 3)
        value = stored * changes.scale[:, None, None] + changes.offset[:, None, None]
        expected = np.clip(value + noise.reshape(view.height, view.width, 3), -1.0, 1.0)
        assert (np.abs(expected) == 1.0).any() and (np.abs(expected) < 0.9).any()
        assert image.permute(0, 2, 3, 1).numpy() == pytest.approx(expected, abs=1e-5)
        assert half.dtype == torch.bfloat16
        assert torch.equal(half, image.bfloat16())  # rounded as torch does
        start += view.size


def test_brightness_and_tint_are_constant_in_an_episode() -> None:
    augment = AugmentSettings(gain=0.25, tint=0.08, noise=0.0)
    episode_start = np.array([0, 0, 0, 3, 3, 3])
    rows = np.array([0, 2, 3, 5])
    changes = draw_image_changes(rows, episode_start, VIEWS, augment, np.random.default_rng(1))
    for values in (changes.scale, changes.offset):
        assert np.array_equal(values[0], values[1]) and np.array_equal(values[2], values[3])
        assert not np.array_equal(values[0], values[2])
    middle = changes.scale * 127.5 + changes.offset  # of a grey pixel: only the shift is left
    assert np.abs(middle).max() <= 0.25 + 1e-6
    assert np.ptp(middle, axis=1).max() < 1e-6  # grey stays grey in the middle; the tint changes the scale
    assert np.abs(changes.scale * 127.5 - 1.0).max() <= 0.33 + 1e-6
    assert all(not noise.any() for noise in changes.noise)


def test_the_noise_is_at_most_as_strong_as_configured_and_differs_between_batches() -> None:
    augment, rng = AugmentSettings(noise=0.03), np.random.default_rng(2)
    rows, start = np.array([0]), np.zeros(1, dtype=np.int64)
    wide = (View(top=0, bottom=8, height=64, width=160),)
    first, second = (draw_image_changes(rows, start, wide, augment, rng).noise[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert 0.0 < float(first.std()) < 0.031 and 0.0 < float(second.std()) < 0.031


def test_the_speed_and_what_is_left_to_the_limit_change_together() -> None:
    augment = AugmentSettings(speed=2.0, yaw_rate_dropout=0.5)
    state = np.ones((400, STATE_SIZE), dtype=np.float32)
    changed = augment_state(state, 4, augment, np.random.default_rng(3))
    column = {name: changed[:, number].reshape(100, 4) for number, name in enumerate(STATE_NAMES)}
    assert np.ptp(column["speed"], axis=1).max() == 0.0  # the same in a clip
    assert 1.5 < float(column["speed"][:, 0].std()) * SPEED < 2.5
    assert column["speed"] + column["below the limit"] == pytest.approx(2.0, abs=1e-6)
    assert set(np.unique(column["yaw rate"])) == {0.0, 1.0}
    assert 30 < int((column["yaw rate"][:, 0] == 0.0).sum()) < 70
    assert (state == 1.0).all()


def test_prefetched_items_keep_their_order_and_are_made_in_another_thread() -> None:
    makers = list[str]()

    def items() -> Iterator[int]:
        for number in range(5):
            makers.append(threading.current_thread().name)
            yield number

    assert list(prefetched(items())) == [0, 1, 2, 3, 4]
    assert threading.current_thread().name not in makers


def test_an_error_in_preparation_is_raised_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    received = list[int]()
    with pytest.raises(ValueError, match="no more"):
        received.extend(prefetched(items()))
    assert received == [1]
