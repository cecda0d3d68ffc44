"""Prediction of vehicles along their lanes and into adjacent ones; pedestrians as in `pedestrians`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.bounds import Distance, Fraction, PositiveDuration, PositiveSpeed, Speed
from drive_stack.config import StrictModel
from drive_stack.geometry import ReferenceLine, reference_line, wrap_angles
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.prediction.constant_velocity import Horizon, constant_velocity
from drive_stack.prediction.pedestrians import pedestrian_hypotheses
from drive_stack.types import Hypothesis, LaneEstimate, Prediction, Track


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


@dataclass(frozen=True, slots=True)
class _Option:
    """A lane that a vehicle may follow."""

    vehicle: _LaneState
    name: str
    probability: float
    target: float  # lateral of the lane's centre [m]


class LaneFollowingPredictor:
    """A `Predictor`: vehicles keep their lane at constant speed, or change to an adjacent lane.

    The probability of a lane change depends on the lateral speed and on the end of the lane.
    """

    def __init__(self, settings: LaneFollowingSettings | None = None) -> None:
        self._settings = settings or LaneFollowingSettings()
        self._times = self._settings.horizon.times()

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:
        """One prediction for each track, in the same order. The trajectories of all are computed together."""
        line = reference_line(lanes.path)
        options = [self._options(state, lanes) for state in self._lane_states(tracks, lanes, line)]
        along_lanes = iter(self._along_lanes([option for own in options for option in own], line))
        return tuple(
            Prediction(
                track,
                self._times,
                tuple(next(along_lanes) for _ in own) if own else self._without_lane(track, lanes, line),
            )
            for track, own in zip(tracks, options, strict=True)
        )

    def _without_lane(self, track: Track, lanes: LaneEstimate, line: ReferenceLine) -> tuple[Hypothesis, ...]:
        """Hypotheses of a track that follows no lane."""
        if GROUPS[track.label] is ClassGroup.PEDESTRIANS:
            return pedestrian_hypotheses(track, line, lanes.width / 2.0, self._times)
        name = "stands" if self._stands(track) else "keeps going"
        return (constant_velocity(track, self._times, name, 1.0),)

    def _stands(self, track: Track) -> bool:
        obstacle = GROUPS[track.label] is ClassGroup.OBSTACLES
        return obstacle or math.hypot(*track.velocity.tolist()) < self._settings.stationary_speed

    def _lane_states(
        self, tracks: tuple[Track, ...], lanes: LaneEstimate, line: ReferenceLine
    ) -> list[_LaneState | None]:
        """The tracks in lane coordinates; None for each one that follows no lane."""
        positions = np.array([track.position for track in tracks]).reshape(-1, 2)
        station, lateral = line.to_frenet(positions)
        places = zip(station.tolist(), lateral.tolist(), line.heading_at(station).tolist(), strict=True)
        return [
            None
            if GROUPS[track.label] is ClassGroup.PEDESTRIANS or self._stands(track)
            else self._lane_state(track, lanes, *place)
            for track, place in zip(tracks, places, strict=True)
        ]

    def _lane_state(
        self, track: Track, lanes: LaneEstimate, station: float, lateral: float, heading: float
    ) -> _LaneState | None:
        """The track in lane coordinates; None where no known lane is near, or against its direction.

        ``station`` and ``lateral`` are those of the track [m], ``heading`` is that of the lane there [rad].
        """
        (vx, vy), cos, sin = track.velocity.tolist(), math.cos(heading), math.sin(heading)
        longitudinal_speed, lateral_speed = vx * cos + vy * sin, vy * cos - vx * sin
        lane = round(lateral / lanes.width)
        leftmost = 1 if lanes.left.exists else 0
        rightmost = -1 if lanes.right.exists else 0
        lanes_away = max(lane - leftmost, rightmost - lane, 0)
        if lanes_away > self._settings.max_lanes_away or longitudinal_speed <= 0.0:
            return None
        return _LaneState(station, lateral, longitudinal_speed, lateral_speed, lane, lane * lanes.width)

    def _options(self, vehicle: _LaneState | None, lanes: LaneEstimate) -> list[_Option]:
        """The lanes that a vehicle may follow; none for one that follows no lane."""
        if vehicle is None:
            return []
        return [
            _Option(vehicle, name, probability, vehicle.centre + shift * lanes.width)
            for name, shift, probability in self._probabilities(vehicle, lanes)
            if probability > 0.0
        ]

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
        probability = 1.0 / (1.0 + math.exp(min(max(-4.0 * signal, -40.0), 40.0)))
        return min(max(probability, settings.lane_change_prior), 0.95)

    def _merge_probability(self, vehicle: _LaneState, lanes: LaneEstimate, shift: int) -> float:
        """Probability of a change from a lane that ends to the one ``shift`` lanes to its left."""
        adjacent = {1: lanes.left, -1: lanes.right}.get(vehicle.lane)
        if adjacent is None or vehicle.lane + shift != 0:
            return 0.0
        remaining = adjacent.ends_in - vehicle.station
        if not 0.0 < remaining < self._settings.merge_distance:
            return 0.0
        return 0.6 * (1.0 - remaining / self._settings.merge_distance) + 0.15

    def _along_lanes(self, options: list[_Option], line: ReferenceLine) -> list[Hypothesis]:
        """The hypothesis of each option, at constant longitudinal speed.

        The laterals change to those of the lanes along minimum-jerk polynomials.
        """
        vehicles = [option.vehicle for option in options]
        rows = [(own.station, own.lateral, own.longitudinal_speed) for own in vehicles]
        station, lateral, speed = np.array(rows).reshape(-1, 3).T[:, :, None]
        distance = np.array([option.target for option in options]).reshape(-1, 1) - lateral
        seconds = np.maximum(np.abs(distance) / 3.5 * self._settings.lane_change_duration, 1.5)
        fraction = np.clip(self._times / seconds, 0.0, 1.0)
        blend = fraction**3 * (10.0 - 15.0 * fraction + 6.0 * fraction**2)
        slope = 30.0 * fraction**2 * (1.0 - fraction) ** 2 / seconds
        positions, heading = line.to_plane(station + speed * self._times, lateral + distance * blend)
        yaw = heading + np.arctan2(distance * slope, np.maximum(speed, 1.0))
        yaw -= yaw[:, :1] - wrap_angles(yaw[:, :1])
        return [
            Hypothesis(option.name, option.probability, *trajectory)
            for option, *trajectory in zip(options, positions, yaw, strict=True)
        ]
