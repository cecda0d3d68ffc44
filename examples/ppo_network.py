"""The network that PPO trains: one encoder for all road users, and the maximum of each feature over them.

A plain perceptron on the whole vector must learn separately for each of the eight rows what a slow car ahead
is. Here, the same weights read every row (Deep Sets, Zaheer et al. 2017), so that one example teaches all.
"""

from __future__ import annotations

import gymnasium as gym
import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from drive_stack.rl.vector import EGO_FIELDS, NEIGHBOURS, USER_FIELDS

_SPEED = 0  # index of `EGO_FIELDS`
_PRESENCE, _AHEAD, _LEFT, _VELOCITY, _LENGTH = 0, 1, 2, 3, 5  # indices of `USER_FIELDS`
_EGO_LENGTH = 5.0  # about [m]
_NEAR_ALONG, _NEAR_ACROSS = 25.0, 2.0  # distances at which nearness has fallen to 1/e [m]
_MIN_GAP = 2.0  # [m]
_BRAKING = 4.0  # deceleration that counts as 1 [m/s²]
DERIVED = 5  # number of values that `derived_values` returns
_WIDTH = 64  # of the encoder


class RoadUserFeatures(BaseFeaturesExtractor):
    """Features of an observation vector: the ego's components, and the maximum over the encoded road users.

    The encoder reads the components of a road user, `derived_values`, and the components of the ego.
    """

    def __init__(self, observation_space: gym.spaces.Box) -> None:
        super().__init__(observation_space, len(EGO_FIELDS) + _WIDTH)
        self._encoder = nn.Sequential(
            nn.Linear(len(EGO_FIELDS) + len(USER_FIELDS) + DERIVED, _WIDTH),
            nn.ReLU(),
            nn.Linear(_WIDTH, _WIDTH),
            nn.ReLU(),
        )

    def forward(self, vector: Tensor) -> Tensor:
        """Return the features, shape (B, F), of vectors of shape (B, `VECTOR_SIZE`)."""
        ego = vector[:, : len(EGO_FIELDS)]
        users = vector[:, len(EGO_FIELDS) :].reshape(-1, NEIGHBOURS, len(USER_FIELDS))
        ego_of_each = ego[:, None, :].expand(-1, NEIGHBOURS, -1)
        inputs = torch.cat([users, derived_values(users, ego[:, None, _SPEED, None]), ego_of_each], dim=2)
        encoded = self._encoder(inputs) * users[:, :, _PRESENCE, None]  # 0 is the smallest output of a ReLU
        return torch.cat([ego, encoded.amax(dim=1)], dim=1)


def derived_values(users: Tensor, speed: Tensor) -> Tensor:
    """Return values that vary much at the distances where a driver decides, shape (B, N, `DERIVED`).

    They are the nearness along and across the road (1 to 0), the inverse of the time to collision [1/s, at
    most 1], the deceleration that just avoids a collision with a road user of constant speed [4 m/s², at
    most 2], and the inverse of the time gap [1/s, at most 3].

    Args:
        users: Components of the road users, (B, N, `USER_FIELDS`).
        speed: Component of the ego's speed, (B, 1, 1).
    """

    def physical(index: int) -> Tensor:
        return USER_FIELDS[index].scale * users[:, :, index, None]

    ahead = physical(_AHEAD)
    closing = torch.relu(-torch.sign(ahead) * physical(_VELOCITY))
    gap = torch.clamp(torch.abs(ahead) - 0.5 * (physical(_LENGTH) + _EGO_LENGTH), min=_MIN_GAP)
    return torch.cat(
        [
            torch.exp(-gap / _NEAR_ALONG),
            torch.exp(-((physical(_LEFT) / _NEAR_ACROSS) ** 2)),
            torch.clamp(closing / gap, max=1.0),
            torch.clamp(closing**2 / (2.0 * _BRAKING * gap), max=2.0),
            torch.clamp(EGO_FIELDS[_SPEED].scale * speed / gap, max=3.0),
        ],
        dim=2,
    )
