"""Predictions against what the actors then did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.geometry import to_world
from drive_stack.types import FloatArray, ObjectClass, Prediction
from drive_stack.world_state import EgoState, WorldState

HORIZONS = (1.0, 2.0, 3.0)  # [s]
EVERY = 5  # steps between two predictions that are judged
APART = 1.0  # two ways whose ends lie nearer to each other are one [m]
LAST = HORIZONS[-1]


@dataclass(frozen=True, slots=True)
class PredictionSample:
    """One prediction at one horizon."""

    label: ObjectClass
    horizon: float  # [s]
    likeliest: float  # distance of the most probable hypothesis from what came [m]
    closest: float  # of the closest hypothesis [m]
    motion: float  # of the most probable one's motion from the actor's: without the track's own error [m]
    probabilities: tuple[float, ...]  # of the hypotheses
    came: int | None  # which of them is the closest; None where they can't be told apart


@dataclass(frozen=True, slots=True)
class _Waiting:
    label: ObjectClass
    actor: int
    due: float  # [s]
    horizon: float
    ends: FloatArray  # (K, 2) world [m]
    moves: FloatArray  # (2,) of the most probable one, world [m]
    start: FloatArray  # (2,) the actor's true place when it was predicted, world [m]
    probabilities: tuple[float, ...]


@dataclass(slots=True)
class Prophecies:
    """Predictions of one episode that wait for their time."""

    waiting: list[_Waiting] = field(default_factory=list)

    def add(
        self,
        predictions: tuple[Prediction, ...],
        followed: Mapping[int, TrueObject],
        state: WorldState,
    ) -> None:
        """Predictions made now; ``followed`` tells the actor of a track's id."""
        for prediction in predictions:
            true = followed.get(prediction.track.id)
            if true is None or not prediction.hypotheses:
                continue
            for horizon in HORIZONS:
                if prediction.times[-1] >= horizon - 1e-6:
                    self.waiting.append(_waiting(prediction, true, state, horizon))

    def due(self, state: WorldState) -> Iterator[PredictionSample]:
        """What can be judged now. Who is no longer there is not judged."""
        places = _places(state)
        ripe = [one for one in self.waiting if one.due <= state.time + 1e-6]
        self.waiting = [one for one in self.waiting if one.due > state.time + 1e-6]
        for one in ripe:
            if one.actor in places:
                yield _judged(one, places[one.actor])


def _waiting(prediction: Prediction, true: TrueObject, state: WorldState, horizon: float) -> _Waiting:
    track = prediction.track
    ends = np.array([_at(horizon, prediction.times, h.positions) for h in prediction.hypotheses])
    probabilities = tuple(h.probability for h in prediction.hypotheses)
    likeliest = int(np.argmax(probabilities))
    return _Waiting(
        label=true.label,
        actor=true.actor,
        due=state.time + horizon,
        horizon=horizon,
        ends=_in_world(ends, state.ego),
        moves=_in_world(ends[likeliest], state.ego) - _in_world(track.position, state.ego),
        start=_in_world(true.centre, state.ego),
        probabilities=probabilities,
    )


def _at(time: float, times: FloatArray, positions: FloatArray) -> FloatArray:
    return np.array([np.interp(time, times, positions[:, axis]) for axis in (0, 1)])


def _in_world(points: FloatArray, ego: EgoState) -> FloatArray:
    return to_world(points, np.array([ego.x, ego.y]), ego.yaw)


def _places(state: WorldState) -> dict[int, FloatArray]:
    return {
        int(actor): np.array([x, y])
        for group in (state.vehicles, state.pedestrians, state.obstacles)
        for actor, x, y in zip(group.id, group.x, group.y, strict=True)
    }


def _judged(one: _Waiting, place: FloatArray) -> PredictionSample:
    away = np.hypot(*(one.ends - place).T)
    spread = np.hypot(*(one.ends[:, None] - one.ends[None]).transpose(2, 0, 1))
    told_apart = len(away) > 1 and bool((spread[np.triu_indices(len(away), 1)] >= APART).all())
    return PredictionSample(
        label=one.label,
        horizon=one.horizon,
        likeliest=float(away[int(np.argmax(one.probabilities))]),
        closest=float(away.min()),
        motion=float(np.hypot(*(one.moves - (place - one.start)))),
        probabilities=one.probabilities,
        came=int(np.argmin(away)) if told_apart else None,
    )
