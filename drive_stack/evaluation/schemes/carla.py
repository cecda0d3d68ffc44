"""The driving scores of the CARLA Leaderboard 2.0 and 2.1 (carla-simulator/leaderboard, same branches).

Left out, for they have no meaning on a highway: red lights, stop signs, yielding to emergency vehicles,
route deviation.
"""

from __future__ import annotations

import math

from drive_stack.evaluation.schemes.drive import Drive, SchemeScore, rounded
from drive_stack.types import ContactKind

FACTOR_2_0 = {
    ContactKind.PEDESTRIAN: 0.50,
    ContactKind.VEHICLE: 0.60,
    ContactKind.OBJECT: 0.65,
    ContactKind.RAIL: 0.65,
}
TIMEOUT_2_0, SLOW_2_0 = 0.70, 0.30
COST_2_1 = {
    ContactKind.PEDESTRIAN: 1.0,
    ContactKind.VEHICLE: 0.7,
    ContactKind.OBJECT: 0.6,
    ContactKind.RAIL: 0.6,
}
TIMEOUT_2_1, SLOW_2_1 = 0.4, 0.4


def carla_2_0(drive: Drive) -> SchemeScore:
    """100 · route · Π penalties · (1 − off-lane share); minimum speed at four checkpoints."""
    collisions = math.prod(FACTOR_2_0[contact.kind] for contact in drive.collisions)
    timeout = TIMEOUT_2_0 if drive.timed_out else 1.0
    pace = math.prod(1.0 - SLOW_2_0 * (1.0 - share) for share in drive.traffic_pace)
    lanes = 1.0 - drive.off_lane
    return rounded(
        100.0 * drive.route_completion * collisions * timeout * pace * lanes,
        route_completion=drive.route_completion,
        collisions=collisions,
        timeout=timeout,
        minimum_speed=pace,
        in_lane=lanes,
    )


def carla_2_1(drive: Drive) -> SchemeScore:
    """100 · route · (1 − off-lane share) / (1 + Σ costs): a second mistake takes less than the first."""
    collisions = sum(COST_2_1[contact.kind] for contact in drive.collisions)
    timeout = TIMEOUT_2_1 if drive.timed_out else 0.0
    pace = sum(SLOW_2_1 * (1.0 - share) for share in drive.traffic_pace)
    lanes = 1.0 - drive.off_lane
    return rounded(
        100.0 * drive.route_completion * lanes / (1.0 + collisions + timeout + pace),
        route_completion=drive.route_completion,
        collisions_cost=collisions,
        timeout_cost=timeout,
        minimum_speed_cost=pace,
        in_lane=lanes,
    )
