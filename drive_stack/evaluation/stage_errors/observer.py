"""Observes one episode of a driver that leaves traces, and compares each stage with the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Rollout
from drive_stack.evaluation.stage_errors import detection, prediction
from drive_stack.evaluation.stage_errors.detection import DetectionSample, detection_sample
from drive_stack.evaluation.stage_errors.identity import SequenceScores, TrackCollector
from drive_stack.evaluation.stage_errors.lanes import LaneSample, lane_sample
from drive_stack.evaluation.stage_errors.lifting import LiftingSample, lifting_samples
from drive_stack.evaluation.stage_errors.plan_following import ControlSample, PendingPlans
from drive_stack.evaluation.stage_errors.prediction import PendingPredictions, PredictionSample
from drive_stack.evaluation.stage_errors.tracked_actors import VisibilityHistory
from drive_stack.evaluation.stage_errors.tracks import TrackSample, match_tracks, track_sample
from drive_stack.evaluation.stage_errors.true_objects import TrueObject, background_objects, true_objects
from drive_stack.interfaces import Agent, Platform
from drive_stack.objects.classes import ClassGroup
from drive_stack.types import FrameLabels, StepTrace
from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class EpisodeMeasurements:
    """Errors of every stage in one episode."""

    scenario: str
    seed: int
    weather: str
    light: str
    status: str  # how the episode ended
    privileged: bool  # some stage read the truth
    detections: tuple[DetectionSample, ...]
    lifting: tuple[LiftingSample, ...]
    tracks: tuple[TrackSample, ...]
    identity: dict[ClassGroup, SequenceScores]
    lanes: tuple[LaneSample, ...]
    predictions: tuple[PredictionSample, ...]
    control: tuple[ControlSample, ...]
    stage_ms: dict[str, tuple[float, ...]]


@dataclass
class StageObserver:
    """Collects the errors of all stages over one episode."""

    platform: Platform
    detections: list[DetectionSample] = field(default_factory=list)
    lifting: list[LiftingSample] = field(default_factory=list)
    tracks: list[TrackSample] = field(default_factory=list)
    lanes: list[LaneSample] = field(default_factory=list)
    predictions: list[PredictionSample] = field(default_factory=list)
    control: list[ControlSample] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        camera = self.platform.camera
        self._camera_position = np.array([camera.mount_x, 0.0])
        self._visibility = VisibilityHistory(camera)
        self._collectors = [TrackCollector(group, camera) for group in ClassGroup]
        self._pending_predictions, self._pending_plans = PendingPredictions(), PendingPlans()
        self._frame = 0

    def observe(self, labels: FrameLabels, state: WorldState, trace: StepTrace) -> None:
        """Compare one step's trace with the labels and the state of the same instant."""
        if self._frame % detection.SAMPLING_INTERVAL == 0:
            self.detections.append(detection_sample(trace.detections, labels))
        truth, background = true_objects(state), background_objects(state)
        self.lifting += lifting_samples(trace.objects, labels.boxes, truth, self._camera_position)
        counted = self._visibility.update(truth, labels.boxes, state.time)
        for collector in self._collectors:
            collector.add(truth | background, counted, trace.tracks)
        matches = match_tracks(trace.tracks, labels.boxes, truth, self._camera_position)
        self.tracks += [
            track_sample(trace.tracks[index], true, self._camera_position, self.platform.dt)
            for index, true in matches.items()
        ]
        if trace.lanes is not None:
            self.lanes.append(lane_sample(trace.lanes, state))
        self._compare_pending(state)
        self._add_pending(trace, {trace.tracks[index].id: true for index, true in matches.items()}, state)
        for stage, milliseconds in trace.stage_ms.items():
            self.stage_ms.setdefault(stage, []).append(milliseconds)
        self._frame += 1

    def _compare_pending(self, state: WorldState) -> None:
        """Compare the predictions and plans that are due with the state."""
        self.predictions += self._pending_predictions.pop_due(state)
        self.control += self._pending_plans.pop_due(state)

    def _add_pending(self, trace: StepTrace, matches: dict[int, TrueObject], state: WorldState) -> None:
        """Store the step's predictions and its plan until they are due."""
        if self._frame % prediction.SAMPLING_INTERVAL == 0:
            self._pending_predictions.add(trace.predictions, matches, state)
        if trace.plan is not None:
            self._pending_plans.add(trace.plan, state)

    def identity(self) -> dict[ClassGroup, SequenceScores]:
        """How well the tracks follow the objects of each group."""
        return {collector.group: collector.result() for collector in self._collectors}


def measure_episode(env: DrivingEnv, agent: Agent, *, scenario: str, seed: int) -> EpisodeMeasurements:
    """Drive one whole episode and measure its stages; an agent that fails is measured up to that step."""
    rollout = Rollout(env, agent, scenario=scenario, seed=seed)
    observer = StageObserver(env.platform)
    while not rollout.done:
        labels = env.truth.labels()
        moment = rollout.advance()
        if moment.trace is not None:
            observer.observe(labels, moment.state, moment.trace)
    conditions = env.truth.world_state().conditions
    return EpisodeMeasurements(
        scenario=scenario,
        seed=seed,
        weather=str(conditions.weather),
        light=str(conditions.light),
        status=str(rollout.status),
        privileged=rollout.episode.privileged,
        detections=tuple(observer.detections),
        lifting=tuple(observer.lifting),
        tracks=tuple(observer.tracks),
        identity=observer.identity(),
        lanes=tuple(observer.lanes),
        predictions=tuple(observer.predictions),
        control=tuple(observer.control),
        stage_ms={stage: tuple(values) for stage, values in observer.stage_ms.items()},
    )
