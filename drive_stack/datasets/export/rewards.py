"""Rewards of recorded drives, computed from what a recording holds.

The environment's own reward needs the world, which a recording does not hold. This one needs the progress
along the road, the speed limit and how the drive ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.datasets.export.source import RecordedEpisode
from drive_stack.evaluation.result import Status
from drive_stack.types import FloatArray

FAILURE_REWARD = -10.0  # of the last step of a drive that failed
FAILED = frozenset((Status.COLLISION, Status.OFF_ROAD, Status.STUCK))


@dataclass(frozen=True, slots=True)
class Transitions:
    """The steps between the N rows of an episode."""

    rewards: FloatArray  # (N - 1,)
    terminated: bool  # whether the last step ends the episode: arrival or failure
    truncated: bool  # whether the last step ends for another reason: time limit, or an unknown end


def transitions_of(episode: RecordedEpisode) -> Transitions:
    """Rewards and end of an episode.

    The reward of a step is the progress along the road divided by the distance that the speed limit allows
    in the time of the step, clipped to 0 to 1. The last step of a drive that ended with a collision, off the
    road or stuck has the reward `FAILURE_REWARD` instead.
    """
    columns = episode.columns
    allowed = columns.speed_limit[:-1] * np.diff(columns.time)
    progress = np.diff(columns.station)
    fraction = np.divide(progress, allowed, out=np.zeros_like(progress), where=allowed > 0.0)
    rewards = np.clip(fraction, 0.0, 1.0)
    if episode.status in FAILED and len(rewards):
        rewards[-1] = FAILURE_REWARD
    terminated = episode.status in FAILED or episode.status is Status.COMPLETED
    return Transitions(rewards, terminated, truncated=not terminated)
