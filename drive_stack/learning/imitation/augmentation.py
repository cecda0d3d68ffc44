"""Random changes of the policy's inputs in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.learning.imitation.config import AugmentSettings
from drive_stack.policy.state_vector import SPEED, STATE_NAMES
from drive_stack.policy.views import View

_SPEED, _YAW_RATE, _BELOW_LIMIT = (
    STATE_NAMES.index(name) for name in ("speed", "yaw rate", "below the limit")
)
_UNIT = np.float32(2.0 / 255.0)  # of a byte, if black is −1 and white 1


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """What becomes of the images of a batch: byte · scale + offset + noise."""

    scale: NDArray[np.float32]  # (P, 3) of each image and colour
    offset: NDArray[np.float32]  # (P, 3)
    noise: tuple[NDArray[np.float32], ...]  # (H · W · 3,) of each view, the same for all images

    @classmethod
    def none(cls, count: int, views: Sequence[View]) -> ImageChanges:
        """No changes: bytes become numbers from −1 to 1."""
        scale = np.full((count, 3), _UNIT, dtype=np.float32)
        zeros = tuple(np.zeros(view.size, dtype=np.float32) for view in views)
        return cls(scale, np.full_like(scale, -1.0), zeros)


def draw_image_changes(
    rows: NDArray[np.int64],
    episode_start: NDArray[np.int64],
    views: Sequence[View],
    augment: AugmentSettings,
    rng: np.random.Generator,
) -> ImageChanges:
    """Draw brightness, tint and noise for the images of ``rows`` (P,).

    Brightness and tint are constant in an episode, and the noise is the same for all images.
    """
    _, episode = np.unique(episode_start[rows], return_inverse=True)
    count = int(episode.max()) + 1
    gain = (
        1.0
        + rng.uniform(-augment.gain, augment.gain, (count, 1))
        + rng.uniform(-augment.tint, augment.tint, (count, 3))
    )
    shift = rng.uniform(-augment.gain, augment.gain, (count, 1)) - gain  # byte 0 stands for −1
    strength = np.float32(rng.uniform(0.0, augment.noise))
    return ImageChanges(
        scale=(gain * _UNIT).astype(np.float32)[episode],
        offset=shift.astype(np.float32)[episode],
        noise=tuple(strength * rng.standard_normal(view.size, dtype=np.float32) for view in views),
    )


def augment_state(
    state: NDArray[np.float32], length: int, augment: AugmentSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return ``state`` with errors of the speed, and in some clips without the yaw rate.

    The yaw rate reveals the present steering, which the policy would copy. ``length`` is that of a clip.
    """
    clips = len(state) // length
    changed = state.copy()
    error = np.repeat(rng.normal(0.0, augment.speed / SPEED, clips), length).astype(np.float32)
    changed[:, _SPEED] += error
    changed[:, _BELOW_LIMIT] -= error
    changed[np.repeat(rng.random(clips) < augment.yaw_rate_dropout, length), _YAW_RATE] = 0.0
    return changed
