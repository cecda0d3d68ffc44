"""Predicts vehicles along their lanes and into the next one, people by `pedestrians`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.bounds import Distance, Fraction, PositiveDuration, PositiveSpeed, Speed
from drive_stack.config import StrictModel
from drive_stack.geometry import ReferenceLine, reference_line, wrap_angle
from drive_stack.prediction.constant_velocity import Horizon, constant_velocity
from drive_stack.prediction.pedestrians import pedestrian_hypotheses
from drive_stack.types import FloatArray, Hypothesis, LaneEstimate, ObjectClass, Prediction, Track


class LaneFollowingSettings(StrictModel):
    """What tells a lane change from wandering in the lane."""

    horizon: Horizon = Horizon()
    change_seconds: PositiveDuration = 3.5  # a lane change from line to line
    prior_change: Fraction = 0.02  # chance of a change by a car that shows no sign of one
    drift_speed: PositiveSpeed = 0.35  # lateral speed at which a change is as likely as not [m/s]
    merge_within: Distance = 150.0  # a lane that ends this near empties into the next [m]
    off_road: Distance = 1.2  # lane widths from the outermost known lane at which lanes say nothing
    standing: Speed = 0.5  # [m/s]


@dataclass(frozen=True, slots=True)
class _OnLane:
    """A vehicle in lane coordinates."""

    station: float
    lateral: float
    along: float  # [m/s]
    across: float  # [m/s], positive to the left
    lane: int  # lanes left of the ego's
    centre: float  # lateral of that lane's centre


class LaneFollowingPredictor:
    """Keep lane at constant speed; change left or right as lateral speed and ending lanes suggest."""

    def __init__(self, settings: LaneFollowingSettings | None = None) -> None:
        self._settings = settings or LaneFollowingSettings()
        self._times = self._settings.horizon.times()

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:
        """One prediction a track, in the same order."""
        line = reference_line(lanes.path)
        return tuple(Prediction(track, self._times, self._hypotheses(track, lanes, line)) for track in tracks)

    def _hypotheses(self, track: Track, lanes: LaneEstimate, line: ReferenceLine) -> tuple[Hypothesis, ...]:
        if track.label is ObjectClass.PEDESTRIAN:
            return pedestrian_hypotheses(track, line, lanes.width / 2.0, self._times)
        obstacle = track.label is ObjectClass.OBSTACLE
        if obstacle or float(np.hypot(*track.velocity)) < self._settings.standing:
            return (constant_velocity(track, self._times, "stands", 1.0),)
        on_lane = self._on_lane(track, lanes, line)
        if on_lane is None or on_lane.along <= 0.0:
            return (constant_velocity(track, self._times, "keeps going", 1.0),)
        likely = [one for one in self._chances(on_lane, lanes) if one[2] > 0.0]
        targets = np.array([on_lane.centre + shift * lanes.width for _, shift, _ in likely])
        positions, yaw = self._along(line, on_lane, targets)
        return tuple(
            Hypothesis(name, chance, place, _wrapped(turned))
            for (name, _, chance), place, turned in zip(likely, positions, yaw, strict=True)
        )

    def _on_lane(self, track: Track, lanes: LaneEstimate, line: ReferenceLine) -> _OnLane | None:
        """None where no known lane is near."""
        station, lateral = (float(value[0]) for value in line.to_frenet(track.position[None, :]))
        heading = float(line.heading_at(np.array(station)))
        cos, sin = np.cos(heading), np.sin(heading)
        along = float(track.velocity[0] * cos + track.velocity[1] * sin)
        across = float(track.velocity[1] * cos - track.velocity[0] * sin)
        lane = round(lateral / lanes.width)
        leftmost = 1 if lanes.left.exists else 0
        rightmost = -1 if lanes.right.exists else 0
        beyond = max(lane - leftmost, rightmost - lane, 0)
        if beyond > self._settings.off_road:
            return None
        return _OnLane(station, lateral, along, across, lane, lane * lanes.width)

    def _chances(self, vehicle: _OnLane, lanes: LaneEstimate) -> tuple[tuple[str, int, float], ...]:
        """Name, shift in lanes to the left, and probability of each hypothesis; they add up to 1."""
        left = self._change_chance(vehicle.across, vehicle.lateral - vehicle.centre, lanes.width)
        right = self._change_chance(-vehicle.across, vehicle.centre - vehicle.lateral, lanes.width)
        left, right = (
            max(left, self._merging(vehicle, lanes, 1)),
            max(right, self._merging(vehicle, lanes, -1)),
        )
        scale = min(1.0, 0.95 / max(left + right, 1e-9))
        left, right = left * scale, right * scale
        return (
            ("keeps lane", 0, 1.0 - left - right),
            ("changes left", 1, left),
            ("changes right", -1, right),
        )

    def _change_chance(self, towards: float, displaced: float, width: float) -> float:
        """Logistic in lateral speed, moved by how far the car already is off its lane's centre."""
        settings = self._settings
        signal = towards / settings.drift_speed + 2.0 * displaced / width - 1.0
        chance = 1.0 / (1.0 + float(np.exp(np.clip(-4.0 * signal, -40.0, 40.0))))
        return float(np.clip(chance, settings.prior_change, 0.95))

    def _merging(self, vehicle: _OnLane, lanes: LaneEstimate, shift: int) -> float:
        """Chance of leaving a lane that ends for the one ``shift`` to its left."""
        beside = {1: lanes.left, -1: lanes.right}.get(vehicle.lane)
        if beside is None or vehicle.lane + shift != 0:
            return 0.0
        left = beside.ends_in - vehicle.station
        if not 0.0 < left < self._settings.merge_within:
            return 0.0
        return 0.6 * (1.0 - left / self._settings.merge_within) + 0.15

    def _along(
        self, line: ReferenceLine, vehicle: _OnLane, targets: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Positions (H, T, 2) and headings (H, T) at constant speed along the lane; lateral by minimum-jerk
        blends to ``targets`` (H,)."""
        distance = (targets - vehicle.lateral)[:, None]
        seconds = np.maximum(np.abs(distance) / 3.5 * self._settings.change_seconds, 1.5)
        share = np.clip(self._times / seconds, 0.0, 1.0)
        blend = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        slope = 30.0 * share**2 * (1.0 - share) ** 2 / seconds
        station = vehicle.station + vehicle.along * self._times
        positions, heading = line.to_plane(station, vehicle.lateral + distance * blend)
        return positions, heading + np.arctan2(distance * slope, max(vehicle.along, 1.0))


def _wrapped(yaw: FloatArray) -> FloatArray:
    first = wrap_angle(float(yaw[0]))
    return yaw - (float(yaw[0]) - first)
