"""Predictions compared with what the actors then did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.geometry import to_world
from drive_stack.types import FloatArray, ObjectClass, Prediction
from drive_stack.world_state import EgoState, WorldState

HORIZONS = (1.0, 2.0, 3.0)  # [s]
SAMPLING_INTERVAL = 5  # steps between two predictions that are evaluated
MIN_SEPARATION = 1.0  # hypotheses whose ends are nearer to each other are not distinct [m]


@dataclass(frozen=True, slots=True)
class PredictionSample:
    """Errors of one prediction at one horizon; distances are between positions [m]."""

    label: ObjectClass
    horizon: float  # [s]
    most_probable_error: float  # of the most probable hypothesis [m]
    min_error: float  # of the closest hypothesis [m]
    motion_error: float  # of the most probable one's displacement, without the track's position error [m]
    probabilities: tuple[float, ...]  # of the hypotheses
    closest: int | None  # index of the closest hypothesis; None where they are not distinct


@dataclass(frozen=True, slots=True)
class _PendingPrediction:
    label: ObjectClass
    actor: int
    due: float  # [s]
    horizon: float
    ends: FloatArray  # (K, 2) of the hypotheses, world [m]
    displacement: FloatArray  # (2,) of the most probable hypothesis, world [m]
    start: FloatArray  # (2,) true position when the prediction was made, world [m]
    probabilities: tuple[float, ...]


@dataclass(slots=True)
class PendingPredictions:
    """Predictions of one episode whose horizon has not passed yet."""

    pending: list[_PendingPrediction] = field(default_factory=list)

    def add(
        self,
        predictions: tuple[Prediction, ...],
        matches: Mapping[int, TrueObject],
        state: WorldState,
    ) -> None:
        """Store predictions made at ``state``; ``matches`` maps the ids of tracks to their true objects."""
        for prediction in predictions:
            true = matches.get(prediction.track.id)
            if true is None or not prediction.hypotheses:
                continue
            for horizon in HORIZONS:
                if prediction.times[-1] >= horizon - 1e-6:
                    self.pending.append(_pending_prediction(prediction, true, state, horizon))

    def pop_due(self, state: WorldState) -> Iterator[PredictionSample]:
        """Remove the predictions that are due and compare them with ``state``.

        A prediction of an actor that no longer exists gives no sample.
        """
        positions = _positions(state)
        due = [prediction for prediction in self.pending if prediction.due <= state.time + 1e-6]
        self.pending = [prediction for prediction in self.pending if prediction.due > state.time + 1e-6]
        for prediction in due:
            if prediction.actor in positions:
                yield _sample(prediction, positions[prediction.actor])


def _pending_prediction(
    prediction: Prediction, true: TrueObject, state: WorldState, horizon: float
) -> _PendingPrediction:
    track = prediction.track
    ends = np.array(
        [
            _position_at(horizon, prediction.times, hypothesis.positions)
            for hypothesis in prediction.hypotheses
        ]
    )
    probabilities = tuple(hypothesis.probability for hypothesis in prediction.hypotheses)
    most_probable = int(np.argmax(probabilities))
    return _PendingPrediction(
        label=true.label,
        actor=true.actor,
        due=state.time + horizon,
        horizon=horizon,
        ends=_in_world(ends, state.ego),
        displacement=_in_world(ends[most_probable], state.ego) - _in_world(track.position, state.ego),
        start=_in_world(true.centre, state.ego),
        probabilities=probabilities,
    )


def _position_at(time: float, times: FloatArray, positions: FloatArray) -> FloatArray:
    return np.array([np.interp(time, times, positions[:, axis]) for axis in (0, 1)])


def _in_world(points: FloatArray, ego: EgoState) -> FloatArray:
    return to_world(points, np.array([ego.x, ego.y]), ego.yaw)


def _positions(state: WorldState) -> dict[int, FloatArray]:
    """Position (2,) of every actor in the world [m], by its id."""
    return {
        int(actor): np.array([x, y])
        for group in (state.vehicles, state.pedestrians, state.obstacles)
        for actor, x, y in zip(group.id, group.x, group.y, strict=True)
    }


def _sample(prediction: _PendingPrediction, position: FloatArray) -> PredictionSample:
    ends = prediction.ends
    errors = np.hypot(*(ends - position).T)
    separations = np.hypot(*(ends[:, None] - ends[None]).transpose(2, 0, 1))
    pairs = separations[np.triu_indices(len(errors), 1)]
    distinct = len(errors) > 1 and bool((pairs >= MIN_SEPARATION).all())
    displacement = position - prediction.start
    return PredictionSample(
        label=prediction.label,
        horizon=prediction.horizon,
        most_probable_error=float(errors[int(np.argmax(prediction.probabilities))]),
        min_error=float(errors.min()),
        motion_error=float(np.hypot(*(prediction.displacement - displacement))),
        probabilities=prediction.probabilities,
        closest=int(np.argmin(errors)) if distinct else None,
    )
