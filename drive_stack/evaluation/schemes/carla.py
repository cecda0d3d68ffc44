"""The driving scores of the CARLA Leaderboard 2.0 and 2.1 (carla-simulator/leaderboard, same branches).

A route that ends blocked (stuck) or at its time limit is not charged for it: only its completion is
lowered. Left out, for they have no meaning on a highway: red lights, stop signs, yielding to emergency
vehicles, route deviation, and the time limit of a single scenario within a route.
"""

from __future__ import annotations

import math

from drive_stack.evaluation.metrics.driving_score import PENALTIES
from drive_stack.evaluation.schemes.drive import Drive, SchemeScore, rounded
from drive_stack.types import ContactKind

SLOW_2_0 = 0.30
COST_2_1 = {
    ContactKind.PEDESTRIAN: 1.0,
    ContactKind.VEHICLE: 0.7,
    ContactKind.OBJECT: 0.6,
    ContactKind.RAIL: 0.6,
}
SLOW_2_1 = 0.4


def carla_2_0(drive: Drive) -> SchemeScore:
    """100 · route · Π penalties · (1 − off-lane fraction); minimum speed at four checkpoints."""
    collisions = math.prod(PENALTIES[contact.kind] for contact in drive.collisions)
    pace = math.prod(1.0 - SLOW_2_0 * (1.0 - relative) for relative in drive.traffic_pace)
    lanes = 1.0 - drive.off_lane
    return rounded(
        100.0 * drive.route_completion * collisions * pace * lanes,
        route_completion=drive.route_completion,
        collisions=collisions,
        minimum_speed=pace,
        in_lane=lanes,
    )


def carla_2_1(drive: Drive) -> SchemeScore:
    """100 · route · (1 − off-lane fraction) / (1 + Σ costs): a second mistake takes less than the first."""
    collisions = sum(COST_2_1[contact.kind] for contact in drive.collisions)
    pace = sum(SLOW_2_1 * (1.0 - relative) for relative in drive.traffic_pace)
    lanes = 1.0 - drive.off_lane
    return rounded(
        100.0 * drive.route_completion * lanes / (1.0 + collisions + pace),
        route_completion=drive.route_completion,
        collisions_cost=collisions,
        minimum_speed_cost=pace,
        in_lane=lanes,
    )
