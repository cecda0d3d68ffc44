"""True tracks of everything near, and their true futures."""

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

AHEAD, BEHIND, BESIDE = 160.0, 90.0, 40.0  # what is tracked [m]
SURE = np.eye(4) * 0.01
HORIZON, STEP = 4.0, 0.25  # of a prediction [s]


class TrueTracker:
    """A track of each vehicle, person and obstacle near the ego, hidden ones too; ids are the actors'."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth
        self._ages: dict[int, int] = {}

    def reset(self) -> None:
        """Forget how long things have been there."""
        self._ages = {}

    def update(
        self,
        objects: tuple[LiftedObject, ...],  # noqa: ARG002 - the protocol's
        speed: float,  # noqa: ARG002
        yaw_rate: float,  # noqa: ARG002
    ) -> tuple[Track, ...]:
        """Tracks at this instant."""
        state = self._truth.world_state()
        ages = self._ages
        tracks = true_tracks(state, ages)
        self._ages = {track.id: track.age + 1 for track in tracks}
        return tracks


def true_tracks(state: WorldState, ages: dict[int, int]) -> tuple[Track, ...]:
    """Everything within reach as tracks in the ego frame; what closes lanes included."""
    tracks: list[Track] = []
    vehicles, people, things = state.vehicles, state.pedestrians, state.obstacles
    for row, actor in enumerate(vehicles.id):
        label = ObjectClass(int(vehicles.label[row]))
        pose = (vehicles.x[row], vehicles.y[row], vehicles.yaw[row], vehicles.speed[row])
        size = (float(vehicles.length[row]), float(vehicles.width[row]))
        _append(tracks, state.ego, int(actor), label, pose, size, ages)
    for row, actor in enumerate(people.id):
        pose = (people.x[row], people.y[row], people.yaw[row], people.speed[row])
        size = (2.0 * float(people.radius[row]), 2.0 * float(people.radius[row]))
        _append(tracks, state.ego, int(actor), ObjectClass.PEDESTRIAN, pose, size, ages)
    for row, actor in enumerate(things.id):
        pose = (things.x[row], things.y[row], things.yaw[row], 0.0)
        size = (float(things.length[row]), float(things.width[row]))
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
    """Add one track, unless it is out of reach. Pose: x, y [m], yaw [rad], speed [m/s] in the world."""
    x, y, yaw, speed = (float(value) for value in pose)
    position = to_local(np.array([x, y]), np.array([ego.x, ego.y]), ego.yaw)
    if not (-BEHIND < position[0] < AHEAD and abs(position[1]) < BESIDE):
        return
    heading = wrap_angle(yaw - ego.yaw)
    tracks.append(
        Track(
            id=actor,
            label=label,
            position=position,
            velocity=np.array([np.cos(heading), np.sin(heading)]) * speed,
            covariance=SURE,
            heading=heading,
            length=size[0],
            width=size[1],
            age=ages.get(actor, 0),
            missed=0,
            confidence=1.0,
        )
    )


class TruePredictor:
    """One hypothesis a track: what a copy of the world does next.

    Tracks are matched to actors by place, so it serves real trackers too; who matches nobody, or is
    not there to the end, is carried on at constant velocity.
    """

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth
        self._times = np.linspace(STEP, HORIZON, round(HORIZON / STEP))

    def predict(self, tracks: tuple[Track, ...], lanes: LaneEstimate) -> tuple[Prediction, ...]:  # noqa: ARG002
        """One prediction a track, in the same order."""
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
        near = min(
            actors.values(),
            key=lambda actor: float(np.hypot(*(actor.position - track.position))),
            default=None,
        )
        matched = near is not None and float(np.hypot(*(near.position - track.position))) < 4.0
        if near is None or not matched or near.id not in futures:
            positions = track.position + self._times[:, None] * track.velocity
            return Hypothesis("keeps going", 1.0, positions, np.full(len(self._times), track.heading))
        future = futures[near.id]
        positions = (future[:, :2] - np.array([ego.x, ego.y])) @ rotation(ego.yaw)
        return Hypothesis("what comes", 1.0, positions, np.unwrap(future[:, 2] - ego.yaw))
