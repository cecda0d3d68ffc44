"""Oracle tracker and predictor: the true states and futures of nearby actors."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import rotation, to_local, wrap_angle
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
from drive_stack.world_state import EgoState, WorldState

MAX_AHEAD, MAX_BEHIND, MAX_LATERAL = 160.0, 90.0, 40.0  # tracked area in the ego frame [m]
COVARIANCE = np.eye(4) * 0.01  # of x, y [m²] and velocity x, y [m²/s²]
HORIZON, STEP = 4.0, 0.25  # of a prediction [s]
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


def true_tracks(state: WorldState, ages: dict[int, int]) -> tuple[Track, ...]:
    """Return all actors within the tracked area as tracks in the ego frame.

    Args:
        state: Present ground truth.
        ages: Age of each track by actor id [steps]; 0 if it is missing.
    """
    tracks: list[Track] = []
    vehicles, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    for row, actor in enumerate(vehicles.id):
        label = ObjectClass(int(vehicles.label[row]))
        pose = (vehicles.x[row], vehicles.y[row], vehicles.yaw[row], vehicles.speed[row])
        size = (float(vehicles.length[row]), float(vehicles.width[row]))
        _append(tracks, state.ego, int(actor), label, pose, size, ages)
    for row, actor in enumerate(pedestrians.id):
        pose = (pedestrians.x[row], pedestrians.y[row], pedestrians.yaw[row], pedestrians.speed[row])
        size = (2.0 * float(pedestrians.radius[row]), 2.0 * float(pedestrians.radius[row]))
        _append(tracks, state.ego, int(actor), ObjectClass.PEDESTRIAN, pose, size, ages)
    for row, actor in enumerate(obstacles.id):
        pose = (obstacles.x[row], obstacles.y[row], obstacles.yaw[row], 0.0)
        size = (float(obstacles.length[row]), float(obstacles.width[row]))
        _append(tracks, state.ego, int(actor), ObjectClass.OBSTACLE, pose, size, ages)
    return tuple(tracks)


def _append(
    tracks: list[Track],
    ego: EgoState,
    actor: int,
    label: ObjectClass,
    pose: tuple[float, float, float, float],
    size: tuple[float, float],
    ages: dict[int, int],
) -> None:
    """Append one track if it is within the tracked area.

    ``pose`` is x, y [m], yaw [rad] and speed [m/s] in the world frame; ``size`` is length and width [m].
    """
    x, y, yaw, speed = (float(value) for value in pose)
    position = to_local(np.array([x, y]), np.array([ego.x, ego.y]), ego.yaw)
    if not (-MAX_BEHIND < position[0] < MAX_AHEAD and abs(position[1]) < MAX_LATERAL):
        return
    heading = wrap_angle(yaw - ego.yaw)
    tracks.append(
        Track(
            id=actor,
            label=label,
            position=position,
            velocity=np.array([np.cos(heading), np.sin(heading)]) * speed,
            covariance=COVARIANCE,
            heading=heading,
            length=size[0],
            width=size[1],
            age=ages.get(actor, 0),
            missed=0,
            confidence=1.0,
        )
    )


class TruePredictor:
    """Predicts one hypothesis per track by stepping a copy of the world.

    Tracks are matched with actors by position, so that it works with real trackers too. A track without a
    matching actor, or whose actor does not exist until the end, continues at constant velocity.
    """

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth
        self._times = np.linspace(STEP, HORIZON, round(HORIZON / STEP))

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:  # noqa: ARG002
        """Return one prediction per track, in the same order."""
        if not tracks:
            return ()
        state = self._truth.world_state()
        actors = {track.id: track for track in true_tracks(state, {})}
        futures = self._truth.forecast(HORIZON, STEP)
        return tuple(
            Prediction(track, self._times, (self._future(track, actors, futures, state.ego),))
            for track in tracks
        )

    def _future(
        self, track: Track, actors: dict[int, Track], futures: dict[int, FloatArray], ego: EgoState
    ) -> Hypothesis:
        nearest = min(
            actors.values(),
            key=lambda actor: float(np.hypot(*(actor.position - track.position))),
            default=None,
        )
        matched = (
            nearest is not None and float(np.hypot(*(nearest.position - track.position))) < MAX_MATCH_DISTANCE
        )
        if nearest is None or not matched or nearest.id not in futures:
            positions = track.position + self._times[:, None] * track.velocity
            return Hypothesis("keeps going", 1.0, positions, np.full(len(self._times), track.heading))
        future = futures[nearest.id]
        positions = (future[:, :2] - np.array([ego.x, ego.y])) @ rotation(ego.yaw)
        return Hypothesis("what comes", 1.0, positions, np.unwrap(future[:, 2] - ego.yaw))
