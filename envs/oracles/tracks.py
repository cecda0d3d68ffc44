"""Oracle tracker and predictor: the true states and futures of nearby actors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import to_local, wrap_angles
from drive_stack.interfaces import TruthSource
from drive_stack.types import (
    FloatArray,
    Hypothesis,
    LaneEstimate,
    LiftedObject,
    ObjectClass,
    Prediction,
    Track,
)
from drive_stack.world_state import WorldState

MAX_AHEAD, MAX_BEHIND, MAX_LATERAL = 160.0, 90.0, 40.0  # tracked area in the ego frame [m]
COVARIANCE = np.eye(4) * 0.01  # of x, y [m²] and velocity x, y [m²/s²]
HORIZON, STEP = 4.0, 0.25  # of a prediction [s]
MAX_AGE = 0.1  # of a forecast that is used again [s]
MAX_MATCH_DISTANCE = 4.0  # between a track and the actor that it is matched with [m]


class TrueTracker:
    """Tracks each vehicle, pedestrian and obstacle near the ego, also hidden ones; ids are actor ids."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth
        self._ages: dict[int, int] = {}

    def reset(self) -> None:
        """Forget the ages of the tracks."""
        self._ages = {}

    def update(
        self,
        objects: tuple[LiftedObject, ...],  # noqa: ARG002 - the protocol's
        speed: float,  # noqa: ARG002
        yaw_rate: float,  # noqa: ARG002
    ) -> tuple[Track, ...]:
        """Return the present tracks; the arguments are not used."""
        state = self._truth.world_state()
        ages = self._ages
        tracks = true_tracks(state, ages)
        self._ages = {track.id: track.age + 1 for track in tracks}
        return tracks


@dataclass(frozen=True, slots=True)
class _NearbyActors:
    """The actors within the tracked area: vehicles, then pedestrians, then obstacles."""

    id: NDArray[np.int64]  # actor ids, (N,)
    label: NDArray[np.int64]  # values of `ObjectClass`, (N,)
    position: FloatArray  # of the centres in the ego frame [m], (N, 2)
    heading: FloatArray  # in the ego frame, −π … π [rad], (N,)
    speed: FloatArray  # along the heading [m/s], (N,)
    length: FloatArray  # [m], (N,)
    width: FloatArray  # [m], (N,)


def nearby_actors(state: WorldState) -> _NearbyActors:
    """Return all actors within the tracked area, also hidden ones."""
    vehicles, pedestrians, obstacles, ego = state.vehicles, state.pedestrians, state.obstacles, state.ego
    labels = (vehicles.label, pedestrians.label, obstacles.label)
    x = np.concatenate([vehicles.x, pedestrians.x, obstacles.x])
    y = np.concatenate([vehicles.y, pedestrians.y, obstacles.y])
    position = to_local(np.column_stack([x, y]), np.array([ego.x, ego.y]), ego.yaw)
    near = (
        (position[:, 0] > -MAX_BEHIND) & (position[:, 0] < MAX_AHEAD) & (np.abs(position[:, 1]) < MAX_LATERAL)
    )
    yaw = np.concatenate([vehicles.yaw, pedestrians.yaw, obstacles.yaw])
    speed = np.concatenate([vehicles.speed, pedestrians.speed, np.zeros(len(obstacles.id))])
    return _NearbyActors(
        id=np.concatenate([vehicles.id, pedestrians.id, obstacles.id])[near],
        label=np.concatenate(labels)[near].astype(np.int64),
        position=position[near],
        heading=wrap_angles(yaw[near] - ego.yaw),
        speed=speed[near],
        length=np.concatenate([vehicles.length, pedestrians.length, obstacles.length])[near],
        width=np.concatenate([vehicles.width, pedestrians.width, obstacles.width])[near],
    )


def true_tracks(state: WorldState, ages: dict[int, int]) -> tuple[Track, ...]:
    """Return all actors within the tracked area as tracks in the ego frame.

    Args:
        state: Present ground truth.
        ages: Age of each track by actor id [steps]; 0 if it is missing.
    """
    actors = nearby_actors(state)
    velocity = np.stack([np.cos(actors.heading), np.sin(actors.heading)], axis=1) * actors.speed[:, None]
    return tuple(
        Track(
            id=int(actor),
            label=ObjectClass(int(actors.label[row])),
            position=actors.position[row],
            velocity=velocity[row],
            covariance=COVARIANCE,
            heading=float(actors.heading[row]),
            length=float(actors.length[row]),
            width=float(actors.width[row]),
            age=ages.get(int(actor), 0),
            missed=0,
            confidence=1.0,
        )
        for row, actor in enumerate(actors.id)
    )


def _match(tracks: tuple[Track, ...], actors: _NearbyActors) -> tuple[int | None, ...]:
    """Row of the nearest actor of each track; None where none is within `MAX_MATCH_DISTANCE`."""
    if not len(actors.id):
        return (None,) * len(tracks)
    offsets = np.stack([track.position for track in tracks])[:, None] - actors.position[None]
    distance = np.hypot(offsets[..., 0], offsets[..., 1])
    nearest = distance.argmin(axis=1)
    return tuple(
        int(row) if distance[track, row] < MAX_MATCH_DISTANCE else None for track, row in enumerate(nearest)
    )


class TruePredictor:
    """Predicts one hypothesis per track by stepping a copy of the world.

    Tracks are matched with actors by position, so that it works with real trackers too. A track without a
    matching actor, or whose actor does not exist until the end, continues at constant velocity.
    """

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth
        self._times = np.linspace(STEP, HORIZON, round(HORIZON / STEP))
        self._forecast: _Forecast | None = None

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:  # noqa: ARG002
        """Return one prediction per track, in the same order."""
        if not tracks:
            return ()
        state = self._truth.world_state()
        actors = nearby_actors(state)
        if self._forecast is None or not self._forecast.is_recent(state):
            self._forecast = _Forecast(state, self._truth.forecast(HORIZON + STEP, STEP))
        rows = self._forecast.rows(actors.id)
        positions, headings = self._forecast.in_ego_frame(state)
        predictions = []
        for track, match in zip(tracks, _match(tracks, actors), strict=True):
            row = None if match is None else rows[match]
            if row is None:
                ahead = track.position + self._times[:, None] * track.velocity
                future = Hypothesis("keeps going", 1.0, ahead, np.full(len(self._times), track.heading))
            else:
                future = Hypothesis("what comes", 1.0, positions[row], headings[row])
            predictions.append(Prediction(track, self._times, (future,)))
        return tuple(predictions)


class _Forecast:
    """The poses of all actors over a horizon, used at the step of its start and at the next one.

    Stepping a copy of the world is by far the most expensive part of a privileged driver. A forecast that is
    one step old differs only by what the ego did in that step.

    Args:
        state: The state at the start of the forecast.
        poses: x, y [m] and yaw [rad] in the world frame at `STEP`, 2·`STEP`, …, (T + 1, 3), by actor id.
    """

    def __init__(self, state: WorldState, poses: dict[int, FloatArray]) -> None:
        self._start, self._road = state.time, state.road
        self._row = {actor: row for row, actor in enumerate(poses)}
        count = round(HORIZON / STEP) + 1
        self._poses = np.array(list(poses.values()), dtype=np.float64).reshape(len(poses), count, 3)
        self._poses[..., 2] = np.unwrap(self._poses[..., 2], axis=1)

    def is_recent(self, state: WorldState) -> bool:
        """Whether the forecast was made for the same episode, at most `MAX_AGE` before ``state``."""
        return state.road is self._road and 0.0 <= state.time - self._start <= MAX_AGE + 1e-9

    def rows(self, actors: NDArray[np.int64]) -> list[int | None]:
        """Return the row of each actor id in the results of `in_ego_frame`; None for an unknown actor."""
        return [self._row.get(actor) for actor in actors.tolist()]

    def in_ego_frame(self, state: WorldState) -> tuple[FloatArray, FloatArray]:
        """Return positions (N, T, 2) [m] and continuous headings (N, T) [rad] at `STEP`, 2·`STEP`, …

        Times count from ``state``. Between two instants of the forecast, poses are interpolated.
        """
        later = (state.time - self._start) / STEP
        poses = (1.0 - later) * self._poses[:, :-1] + later * self._poses[:, 1:]
        ego = state.ego
        return to_local(poses[..., :2], np.array([ego.x, ego.y]), ego.yaw), poses[..., 2] - ego.yaw
