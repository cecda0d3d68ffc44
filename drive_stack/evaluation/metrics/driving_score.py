"""The driving score of Bench2Drive: that of the CARLA Leaderboard 2.0 without minimum speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.types import Contact, ContactKind

PENALTIES = {
    ContactKind.PEDESTRIAN: 0.50,
    ContactKind.VEHICLE: 0.60,
    ContactKind.OBJECT: 0.65,
    ContactKind.RAIL: 0.65,
}


@dataclass(frozen=True, slots=True)
class DrivingScore:
    """The score and its terms: ``score = 100 · route · penalty · (1 − off_lane)``."""

    score: float  # 0 … 100
    route: float
    penalty: float
    off_lane: float


def driving_score(
    route_completion: float, collisions: Sequence[Contact], off_lane_fraction: float
) -> DrivingScore:
    """Score one episode (Thinklab-SJTU/Bench2Drive, ``statistics_manager.py``).

    ``route_completion`` and ``off_lane_fraction`` are in 0 … 1; ``collisions`` are merged (see `merged`).
    An episode that ends stuck or at its time limit has only its route completion lowered. Left out, for
    they have no meaning on this road: red lights, stop signs, emergency vehicles, scenario timeouts.
    """
    penalty = math.prod(PENALTIES[collision.kind] for collision in collisions)
    score = 100.0 * route_completion * penalty * (1.0 - off_lane_fraction)
    return DrivingScore(score, route_completion, penalty, off_lane_fraction)
