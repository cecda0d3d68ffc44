"""Watches one episode of a driver that leaves traces, and compares each stage with the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Rollout
from drive_stack.evaluation.stage_errors import detection as detecting
from drive_stack.evaluation.stage_errors.detection import DetectionSample, detection_sample
from drive_stack.evaluation.stage_errors.identity import Follower, Sequence3D
from drive_stack.evaluation.stage_errors.lanes import LaneSample, lane_sample
from drive_stack.evaluation.stage_errors.lifting import LiftingSample, lifting_samples
from drive_stack.evaluation.stage_errors.plan_following import ControlSample, Promises
from drive_stack.evaluation.stage_errors.prediction import EVERY, PredictionSample, Prophecies
from drive_stack.evaluation.stage_errors.tracked_actors import Memory
from drive_stack.evaluation.stage_errors.tracks import TrackSample, identify, track_sample
from drive_stack.evaluation.stage_errors.true_objects import Group, TrueObject, true_objects
from drive_stack.interfaces import Agent, Platform
from drive_stack.types import FrameLabels, StepTrace
from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class EpisodeMeasure:
    """All that was said in one episode, against the truth."""

    scenario: str
    seed: int
    weather: str
    light: str
    status: str  # how the episode ended
    privileged: bool  # some stage read the truth
    detections: tuple[DetectionSample, ...]
    lifting: tuple[LiftingSample, ...]
    tracks: tuple[TrackSample, ...]
    identity: dict[Group, Sequence3D]
    lanes: tuple[LaneSample, ...]
    predictions: tuple[PredictionSample, ...]
    control: tuple[ControlSample, ...]
    stage_ms: dict[str, tuple[float, ...]]


@dataclass
class Observer:
    """Takes one frame after another."""

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
        self._eye = np.array([camera.mount_x, 0.0])
        self._memory = Memory(camera)
        self._followers = [Follower(group, camera) for group in Group]
        self._prophecies, self._promises = Prophecies(), Promises()
        self._frame = 0

    def see(self, labels: FrameLabels, state: WorldState, trace: StepTrace) -> None:
        """What was said of the frame of ``state`` and ``labels``."""
        if self._frame % detecting.EVERY == 0:
            self.detections.append(detection_sample(trace.detections, labels))
        truth = true_objects(state)
        self.lifting += lifting_samples(trace.objects, labels.boxes, truth, self._eye)
        counted = self._memory.counted(truth, labels.boxes, state.time)
        for follower in self._followers:
            follower.add(truth, counted, trace.tracks)
        followed = identify(trace.tracks, labels.boxes, truth, self._eye)
        self.tracks += [
            track_sample(trace.tracks[index], true, self._eye, self.platform.dt)
            for index, true in followed.items()
        ]
        if trace.lanes is not None:
            self.lanes.append(lane_sample(trace.lanes, state))
        self._look_ahead(trace, {trace.tracks[index].id: true for index, true in followed.items()}, state)
        for stage, milliseconds in trace.stage_ms.items():
            self.stage_ms.setdefault(stage, []).append(milliseconds)

    def _look_ahead(self, trace: StepTrace, followed: dict[int, TrueObject], state: WorldState) -> None:
        """Judge what was foretold of now, and take down what is foretold now."""
        self.predictions += self._prophecies.due(state)
        self.control += self._promises.due(state)
        if self._frame % EVERY == 0:
            self._prophecies.add(trace.predictions, followed, state)
        if trace.plan is not None:
            self._promises.add(trace.plan, state)
        self._frame += 1

    def identity(self) -> dict[Group, Sequence3D]:
        """How well the objects of each group were followed."""
        return {follower.group: follower.result() for follower in self._followers}


def measure_episode(env: DrivingEnv, agent: Agent, *, scenario: str, seed: int) -> EpisodeMeasure:
    """Drive one whole episode and watch. A driver that fails is measured up to there."""
    rollout = Rollout(env, agent, scenario=scenario, seed=seed)
    observer = Observer(env.platform)
    while not rollout.done:
        labels = env.truth.labels()
        moment = rollout.advance()
        if moment.trace is not None:
            observer.see(labels, moment.state, moment.trace)
    conditions = env.truth.world_state().conditions
    return EpisodeMeasure(
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
