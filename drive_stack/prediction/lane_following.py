"""Prediction of vehicles along their lanes and into adjacent ones; pedestrians as in `pedestrians`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.bounds import Distance, Fraction, PositiveDuration, PositiveSpeed, Speed
from drive_stack.config import StrictModel
from drive_stack.geometry import ReferenceLine, reference_line, wrap_angle
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.prediction.constant_velocity import Horizon, constant_velocity
from drive_stack.prediction.pedestrians import pedestrian_hypotheses
from drive_stack.types import FloatArray, Hypothesis, LaneEstimate, Prediction, Track


class LaneFollowingSettings(StrictModel):
    """Parameters that distinguish a lane change from lateral motion within the lane."""

    horizon: Horizon = Horizon()
    lane_change_duration: PositiveDuration = 3.5  # of a lane change across the width of a lane [s]
    lane_change_prior: Fraction = 0.02  # probability of a lane change without any sign of it
    lane_change_speed: PositiveSpeed = 0.35  # lateral speed at which its probability is one half [m/s]
    merge_distance: Distance = 150.0  # to the end of a lane, at which vehicles start to leave it [m]
    max_lanes_away: Distance = 1.2  # from the outermost known lane, beyond which lanes are ignored
    stationary_speed: Speed = 0.5  # [m/s]


@dataclass(frozen=True, slots=True)
class _LaneState:
    """A vehicle in coordinates of the ego lane."""

    station: float  # [m]
    lateral: float  # [m]
    longitudinal_speed: float  # [m/s]
    lateral_speed: float  # [m/s], positive to the left
    lane: int  # lanes to the left of the ego lane
    centre: float  # lateral of the centre of that lane [m]


class LaneFollowingPredictor:
    """A `Predictor`: vehicles keep their lane at constant speed, or change to an adjacent lane.

    The probability of a lane change depends on the lateral speed and on the end of the lane.
    """

    def __init__(self, settings: LaneFollowingSettings | None = None) -> None:
        self._settings = settings or LaneFollowingSettings()
        self._times = self._settings.horizon.times()

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:
        """One prediction for each track, in the same order."""
        line = reference_line(lanes.path)
        return tuple(Prediction(track, self._times, self._hypotheses(track, lanes, line)) for track in tracks)

    def _hypotheses(self, track: Track, lanes: LaneEstimate, line: ReferenceLine) -> tuple[Hypothesis, ...]:
        if GROUPS[track.label] is ClassGroup.PEDESTRIANS:
            return pedestrian_hypotheses(track, line, lanes.width / 2.0, self._times)
        obstacle = GROUPS[track.label] is ClassGroup.OBSTACLES
        if obstacle or float(np.hypot(*track.velocity)) < self._settings.stationary_speed:
            return (constant_velocity(track, self._times, "stands", 1.0),)
        state = self._lane_state(track, lanes, line)
        if state is None or state.longitudinal_speed <= 0.0:
            return (constant_velocity(track, self._times, "keeps going", 1.0),)
        candidates = [item for item in self._probabilities(state, lanes) if item[2] > 0.0]
        targets = np.array([state.centre + shift * lanes.width for _, shift, _ in candidates])
        positions, yaw = self._trajectories(line, state, targets)
        return tuple(
            Hypothesis(name, probability, points, _wrapped(yaw_row))
            for (name, _, probability), points, yaw_row in zip(candidates, positions, yaw, strict=True)
        )

    def _lane_state(self, track: Track, lanes: LaneEstimate, line: ReferenceLine) -> _LaneState | None:
        """The track in lane coordinates; None where no known lane is near."""
        station, lateral = (float(value[0]) for value in line.to_frenet(track.position[None, :]))
        heading = float(line.heading_at(np.array(station)))
        cos, sin = np.cos(heading), np.sin(heading)
        longitudinal_speed = float(track.velocity[0] * cos + track.velocity[1] * sin)
        lateral_speed = float(track.velocity[1] * cos - track.velocity[0] * sin)
        lane = round(lateral / lanes.width)
        leftmost = 1 if lanes.left.exists else 0
        rightmost = -1 if lanes.right.exists else 0
        lanes_away = max(lane - leftmost, rightmost - lane, 0)
        if lanes_away > self._settings.max_lanes_away:
            return None
        return _LaneState(station, lateral, longitudinal_speed, lateral_speed, lane, lane * lanes.width)

    def _probabilities(self, vehicle: _LaneState, lanes: LaneEstimate) -> tuple[tuple[str, int, float], ...]:
        """Name, shift in lanes to the left, and probability of each hypothesis. Probabilities add up to 1."""
        left = self._change_probability(vehicle.lateral_speed, vehicle.lateral - vehicle.centre, lanes.width)
        right = self._change_probability(
            -vehicle.lateral_speed, vehicle.centre - vehicle.lateral, lanes.width
        )
        left, right = (
            max(left, self._merge_probability(vehicle, lanes, 1)),
            max(right, self._merge_probability(vehicle, lanes, -1)),
        )
        scale = min(1.0, 0.95 / max(left + right, 1e-9))
        left, right = left * scale, right * scale
        return (
            ("keeps lane", 0, 1.0 - left - right),
            ("changes left", 1, left),
            ("changes right", -1, right),
        )

    def _change_probability(self, lateral_speed: float, displacement: float, width: float) -> float:
        """Logistic function of the lateral speed, shifted by the displacement from the lane's centre [m]."""
        settings = self._settings
        signal = lateral_speed / settings.lane_change_speed + 2.0 * displacement / width - 1.0
        probability = 1.0 / (1.0 + float(np.exp(np.clip(-4.0 * signal, -40.0, 40.0))))
        return float(np.clip(probability, settings.lane_change_prior, 0.95))

    def _merge_probability(self, vehicle: _LaneState, lanes: LaneEstimate, shift: int) -> float:
        """Probability of a change from a lane that ends to the one ``shift`` lanes to its left."""
        adjacent = {1: lanes.left, -1: lanes.right}.get(vehicle.lane)
        if adjacent is None or vehicle.lane + shift != 0:
            return 0.0
        remaining = adjacent.ends_in - vehicle.station
        if not 0.0 < remaining < self._settings.merge_distance:
            return 0.0
        return 0.6 * (1.0 - remaining / self._settings.merge_distance) + 0.15

    def _trajectories(
        self, line: ReferenceLine, vehicle: _LaneState, targets: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Positions (H, T, 2) [m] and headings (H, T) [rad] at constant longitudinal speed.

        The laterals change to ``targets`` (H,) [m] along minimum-jerk polynomials.
        """
        distance = (targets - vehicle.lateral)[:, None]
        seconds = np.maximum(np.abs(distance) / 3.5 * self._settings.lane_change_duration, 1.5)
        fraction = np.clip(self._times / seconds, 0.0, 1.0)
        blend = fraction**3 * (10.0 - 15.0 * fraction + 6.0 * fraction**2)
        slope = 30.0 * fraction**2 * (1.0 - fraction) ** 2 / seconds
        station = vehicle.station + vehicle.longitudinal_speed * self._times
        positions, heading = line.to_plane(station, vehicle.lateral + distance * blend)
        return positions, heading + np.arctan2(distance * slope, max(vehicle.longitudinal_speed, 1.0))


def _wrapped(yaw: FloatArray) -> FloatArray:
    first = wrap_angle(float(yaw[0]))
    return yaw - (float(yaw[0]) - first)
