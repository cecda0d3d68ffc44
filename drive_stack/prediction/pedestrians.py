"""Hypotheses for people: they go on, they stop, or they step into the road."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.prediction.constant_velocity import constant_velocity
from drive_stack.types import FloatArray, Hypothesis, Track

WALKING_PACE = 1.4  # 5 km/h, Euro NCAP's walking adult [m/s]
MOVING = 0.4  # slower than this counts as standing [m/s]
EDGE_REACH = 6.0  # farther from the ego lane's edge nobody is expected to step in [m]
CROSS_STANDING = 0.08  # chance that a person standing at the lane's very edge steps in
CROSS_WALKING = 0.12  # … that one walking along it does
STOP_CROSSING = 0.15  # … that one who crosses stops half-way


def pedestrian_hypotheses(
    track: Track, line: ReferenceLine, half_lane: float, times: FloatArray
) -> tuple[Hypothesis, ...]:
    """Hypotheses whose probabilities add up to 1.

    Whoever walks towards the ego lane probably goes on and may stop; whoever stands or walks along
    it may turn and cross, the likelier the nearer.
    """
    station, lateral = line.to_frenet(track.position[None, :])
    heading = float(line.heading_at(station)[0])
    normal = np.array([-np.sin(heading), np.cos(heading)])
    side = 1.0 if lateral[0] >= 0.0 else -1.0
    inward = -side * float(track.velocity @ normal)
    from_edge = abs(float(lateral[0])) - half_lane
    goes_on = constant_velocity(track, times, "crosses" if inward > MOVING else "keeps going", 1.0)
    if inward > MOVING or from_edge <= 0.0:
        stays = Hypothesis("stops", STOP_CROSSING, *_standing(track, times))
        return (_weighted(goes_on, 1.0 - STOP_CROSSING), stays)
    if from_edge > EDGE_REACH:
        return (goes_on,)
    base = CROSS_WALKING if float(np.hypot(*track.velocity)) > MOVING else CROSS_STANDING
    chance = base * (1.0 - from_edge / EDGE_REACH)
    inwards = -side * normal * WALKING_PACE
    turned = np.full(len(times), float(np.arctan2(inwards[1], inwards[0])))
    crosses = Hypothesis("may cross", chance, track.position + times[:, None] * inwards, turned)
    return (_weighted(goes_on, 1.0 - chance), crosses)


def _standing(track: Track, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.tile(track.position, (len(times), 1)), np.full(len(times), track.heading)


def _weighted(hypothesis: Hypothesis, probability: float) -> Hypothesis:
    return Hypothesis(hypothesis.name, probability, hypothesis.positions, hypothesis.headings)
