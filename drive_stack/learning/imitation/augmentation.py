"""Random changes of the policy's inputs in training."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.learning.imitation.config import AugmentSettings
from drive_stack.policy.state_vector import SPEED, STATE_NAMES

_SPEED, _YAW_RATE, _BELOW_LIMIT = (
    STATE_NAMES.index(name) for name in ("speed", "yaw rate", "below the limit")
)


def augment_images(
    planes: list[torch.Tensor],
    rows: NDArray[np.int64],
    episode_start: NDArray[np.int64],
    augment: AugmentSettings,
    rng: np.random.Generator,
) -> list[torch.Tensor]:
    """Change brightness and tint and add noise, in place; brightness and tint are constant in an episode.

    ``planes`` are views (R, 3, H, W) of ``rows`` (R,).
    """
    _, episode = np.unique(episode_start[rows], return_inverse=True)
    count = int(episode.max()) + 1
    gain = (
        1.0
        + rng.uniform(-augment.gain, augment.gain, (count, 1))
        + rng.uniform(-augment.tint, augment.tint, (count, 3))
    )
    shift = rng.uniform(-augment.gain, augment.gain, (count, 1)).repeat(3, axis=1)
    scale, offset = (
        torch.from_numpy(values[episode].astype(np.float32))[:, :, None, None].to(planes[0].device)
        for values in (gain, shift)
    )
    strength = float(rng.uniform(0.0, augment.noise))
    for view in planes:  # in place and with the same noise for all images, to save memory
        view.mul_(scale).add_(offset).add_(strength * torch.randn_like(view[:1])).clamp_(-1.0, 1.0)
    return planes


def augment_state(
    state: torch.Tensor, length: int, augment: AugmentSettings, rng: np.random.Generator
) -> torch.Tensor:
    """Return ``state`` with errors of the speed, and in some clips without the yaw rate.

    The yaw rate reveals the present steering, which the policy would copy. ``length`` is that of a clip.
    """
    clips = len(state) // length
    changed = state.clone()
    error = torch.from_numpy(
        np.repeat(rng.normal(0.0, augment.speed / SPEED, clips), length).astype(np.float32)
    )
    changed[:, _SPEED] += error
    changed[:, _BELOW_LIMIT] -= error
    dropped = torch.from_numpy(np.repeat(rng.random(clips) < augment.yaw_rate_dropout, length))
    changed[dropped.to(state.device), _YAW_RATE] = 0.0
    return changed
