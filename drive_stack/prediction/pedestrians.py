"""Hypotheses for pedestrians: they continue, they stop, or they step into the road."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import ReferenceLine
from drive_stack.prediction.constant_velocity import constant_velocity
from drive_stack.types import FloatArray, Hypothesis, Track

WALKING_SPEED = 1.4  # 5 km/h, Euro NCAP's walking adult [m/s]
MIN_SPEED = 0.4  # a slower pedestrian is standing [m/s]
MAX_EDGE_DISTANCE = 6.0  # to the edge of the ego lane, beyond which no pedestrian is expected to step in [m]
STANDING_CROSSES = 0.08  # probability that a pedestrian standing at the edge of the lane steps in
WALKING_CROSSES = 0.12  # probability that one walking along the edge steps in
CROSSING_STOPS = 0.15  # probability that one who crosses stops half-way


def pedestrian_hypotheses(
    track: Track, line: ReferenceLine, half_lane: float, times: FloatArray
) -> tuple[Hypothesis, ...]:
    """Hypotheses of a pedestrian at the times (T,) [s]. Their probabilities add up to 1.

    A pedestrian who walks towards the ego lane or is in it probably continues and may stop. One who stands
    next to it or walks along it may turn and cross; the probability decreases with the distance from the
    lane.

    Args:
        track: the pedestrian.
        line: the centre line of the ego lane.
        half_lane: half the width of the ego lane [m].
        times: from now [s].
    """
    station, lateral = line.to_frenet(track.position[None, :])
    heading = float(line.heading_at(station)[0])
    normal = np.array([-np.sin(heading), np.cos(heading)])
    side = 1.0 if lateral[0] >= 0.0 else -1.0
    inward = -side * float(track.velocity @ normal)
    edge_distance = abs(float(lateral[0])) - half_lane
    continues = constant_velocity(track, times, "crosses" if inward > MIN_SPEED else "keeps going", 1.0)
    if inward > MIN_SPEED or edge_distance <= 0.0:
        stays = Hypothesis("stops", CROSSING_STOPS, *_standing(track, times))
        return (_weighted(continues, 1.0 - CROSSING_STOPS), stays)
    if edge_distance > MAX_EDGE_DISTANCE:
        return (continues,)
    base = WALKING_CROSSES if float(np.hypot(*track.velocity)) > MIN_SPEED else STANDING_CROSSES
    probability = base * (1.0 - edge_distance / MAX_EDGE_DISTANCE)
    velocity = -side * normal * WALKING_SPEED
    headings = np.full(len(times), float(np.arctan2(velocity[1], velocity[0])))
    crosses = Hypothesis("may cross", probability, track.position + times[:, None] * velocity, headings)
    return (_weighted(continues, 1.0 - probability), crosses)


def _standing(track: Track, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.tile(track.position, (len(times), 1)), np.full(len(times), track.heading)


def _weighted(hypothesis: Hypothesis, probability: float) -> Hypothesis:
    return Hypothesis(hypothesis.name, probability, hypothesis.positions, hypothesis.headings)
