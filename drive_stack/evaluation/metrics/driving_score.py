"""The driving score of the CARLA Leaderboard 2.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.types import Contact, ContactKind

PENALTIES = {
    ContactKind.PEDESTRIAN: 0.50,
    ContactKind.VEHICLE: 0.60,
    ContactKind.OBJECT: 0.65,
    ContactKind.RAIL: 0.65,
}
TIMEOUT_PENALTY = 0.70
NO_FAULT_SPEED = 0.1  # hits while slower than this are not charged [m/s]


@dataclass(frozen=True, slots=True)
class DrivingScore:
    """The score and its terms: ``score = 100 · route · penalty · (1 − off_lane)``."""

    score: float  # 0 … 100
    route: float
    penalty: float
    off_lane: float


def driving_score(
    route_completion: float, contacts: Sequence[Contact], off_lane_share: float, *, timed_out: bool
) -> DrivingScore:
    """Score one episode (carla-simulator/leaderboard, branch leaderboard-2.0).

    ``route_completion`` and ``off_lane_share`` are in 0 … 1. Terms without meaning on this road are
    left out: red lights, stop signs, emergency vehicles; and, as in Bench2Drive, minimum speed.
    """
    penalty = 1.0
    for contact in contacts:
        if contact.ego_speed >= NO_FAULT_SPEED:
            penalty *= PENALTIES[contact.kind]
    if timed_out:
        penalty *= TIMEOUT_PENALTY
    score = 100.0 * route_completion * penalty * (1.0 - off_lane_share)
    return DrivingScore(score, route_completion, penalty, off_lane_share)
