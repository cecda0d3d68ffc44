"""Tracks, lanes and the ego as numbers: the input of the network from tracks and lanes to controls.

The input is one row: `MAX_TRACKS` tracks in any order, which of them exist, and the context (lanes, past
motion of the ego, state). Frames and units of the records are those of `drive_stack.types`.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import reference_line
from drive_stack.objects.classes import TAUGHT_CLASSES
from drive_stack.policy.state_vector import STATE_SIZE, YAW_RATE, state_of
from drive_stack.types import AdjacentLane, FloatArray, LaneEstimate, Observation, Track

MAX_TRACKS = 24  # the nearest ones
HISTORY = (0.4, 1.0)  # ages of the past motion of the ego [s]
_KNOTS = np.array([0.0, 30.0, 60.0, 100.0])  # ahead, at which the lane's curvature is given [m]
_HEIGHTS = np.array([30.0, 60.0, 100.0])  # ahead, at which the height of the road is given [m]
_MAX_TIME = 1.0  # age, and time without a detection [s]
_HALF_END = 50.0  # distance to the end of a lane at which its proximity is 1/2 [m]

TRACK_SIZE = 19 + len(TAUGHT_CLASSES)
LANES_SIZE = 17 + len(_KNOTS)
HISTORY_SIZE = 2 * len(HISTORY)
CONTEXT_SIZE = LANES_SIZE + HISTORY_SIZE + STATE_SIZE
INPUT_SIZE = MAX_TRACKS * (TRACK_SIZE + 1) + CONTEXT_SIZE
# parts of the input
TRACKS = slice(0, MAX_TRACKS * TRACK_SIZE)
EXISTS = slice(TRACKS.stop, TRACKS.stop + MAX_TRACKS)
CONTEXT = slice(EXISTS.stop, INPUT_SIZE)
PAST = slice(CONTEXT.start + LANES_SIZE, CONTEXT.start + LANES_SIZE + HISTORY_SIZE)
STATE = slice(PAST.stop, INPUT_SIZE)


class TrackEncoder:
    """Encodes the steps of one car, of which it remembers the past motion.

    Args:
        dt: time between two steps [s].
        tracker_dt: time between two steps of the tracker [s].
    """

    def __init__(self, dt: float, tracker_dt: float) -> None:
        self._tracker_dt = tracker_dt
        self._ages = [round(age / dt) for age in HISTORY]
        self._motion: deque[tuple[float, float]] = deque(maxlen=max(self._ages) + 1)  # speed, yaw rate

    def reset(self) -> None:
        """Forget the motion of the previous episode."""
        self._motion.clear()

    def encode(
        self, tracks: tuple[Track, ...], lanes: LaneEstimate, observation: Observation
    ) -> NDArray[np.float32]:
        """The input (`INPUT_SIZE`,) of one step. The first step stands for all before it."""
        self._motion.appendleft((observation.speed, observation.yaw_rate))
        nearest = sorted(tracks, key=lambda track: float(np.hypot(*track.position)))[:MAX_TRACKS]
        rows, exists = np.zeros((MAX_TRACKS, TRACK_SIZE)), np.zeros(MAX_TRACKS)
        exists[: len(nearest)] = 1.0
        if nearest:
            rows[: len(nearest)] = self._tracks(nearest, lanes, observation.speed)
        past, state = self._past(observation.speed), state_of(observation)
        return np.concatenate([rows.ravel(), exists, _lanes(lanes), past, state]).astype(np.float32)

    def _tracks(self, tracks: list[Track], lanes: LaneEstimate, speed: float) -> FloatArray:
        """One row (`TRACK_SIZE`,) for each track."""
        line = reference_line(lanes.path)
        station, lateral = line.to_frenet(np.array([track.position for track in tracks]))
        directions = line.heading_at(station)
        return np.array(
            [
                self._track(track, speed, *numbers)
                for track, *numbers in zip(
                    tracks, station.tolist(), lateral.tolist(), directions.tolist(), strict=True
                )
            ]
        )

    def _track(
        self, track: Track, speed: float, station: float, lateral: float, direction: float
    ) -> list[float]:
        turned = track.heading - direction
        (x, y), (vx, vy) = track.position.tolist(), track.velocity.tolist()
        missed, age = (min(steps * self._tracker_dt, _MAX_TIME) for steps in (track.missed, track.age))
        sigmas = [math.log1p(math.sqrt(max(value, 0.0))) for value in track.covariance.diagonal().tolist()]
        return [
            x / 50.0, y / 10.0, (vx - speed) / 10.0, vx / 30.0, vy / 5.0, station / 50.0, lateral / 4.0,
            math.sin(turned), math.cos(turned), track.length / 10.0, track.width / 3.0, missed,
            track.confidence, *sigmas, float(track.label not in TAUGHT_CLASSES), age,
            *(float(track.label is label) for label in TAUGHT_CLASSES),
        ]  # fmt: skip

    def _past(self, speed: float) -> FloatArray:
        """Change of the speed since each age, and the yaw rate then, in scales of order 1."""
        past = [self._motion[min(age, len(self._motion) - 1)] for age in self._ages]
        return np.array([[(speed - then) / 3.0, yaw_rate / YAW_RATE] for then, yaw_rate in past]).ravel()


def _lanes(lanes: LaneEstimate) -> FloatArray:
    path = lanes.path
    curvature = np.interp(_KNOTS, path.station, path.curvature)
    heights, pitch = np.zeros(len(_HEIGHTS)), 0.0
    if lanes.ground is not None:
        heights, pitch = np.interp(_HEIGHTS, lanes.ground.distance, lanes.ground.height), lanes.ground.pitch
    numbers = [
        lanes.confidence, lanes.offset / 2.0, lanes.heading / 0.1, lanes.width / 4.0,
        path.station[-1] / 100.0, _proximity(lanes.ends_in), *_adjacent(lanes.left), *_adjacent(lanes.right),
        float(lanes.ground is not None), pitch / 0.02, *(heights / 2.0),
    ]  # fmt: skip
    return np.concatenate([numbers, curvature * 250.0])


def _adjacent(lane: AdjacentLane) -> tuple[float, float, float]:
    return float(lane.exists), float(lane.enterable), _proximity(lane.ends_in) if lane.exists else 0.0


def _proximity(distance: float) -> float:
    """1 at the end of a lane, 0 where it does not end."""
    return 1.0 / (1.0 + max(distance, 0.0) / _HALF_END)
