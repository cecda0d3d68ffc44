"""Perception of the modular driver: from the observation to lanes and tracks at the present step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from drive_stack.interfaces import Detector, LaneDetector, Lifter, Platform, Tracker
from drive_stack.monitoring.camera_monitor import CameraMonitor, ImageCheck
from drive_stack.monitoring.detection_monitor import DetectionMonitor
from drive_stack.pipeline.advance import advance_lanes, advance_tracks, ego_steps
from drive_stack.pipeline.timeline import DueSteps, ExposureTimeline, Motion
from drive_stack.types import Detection, Image, LaneEstimate, LiftedObject, Observation, Track

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PerceptionStages:
    """One implementation of every stage of perception, and the monitors of the sensors."""

    detector: Detector
    lanes: LaneDetector
    lifter: Lifter
    tracker: Tracker
    camera_monitor: CameraMonitor | None = None  # None where no stage uses the image
    detection_monitor: DetectionMonitor | None = None  # None where there is no detector
    lanes_are_present: bool = False  # of the present step however old the image is, as an oracle's are
    tracks_are_present: bool = False


@dataclass(frozen=True, slots=True)
class Percept:
    """What was perceived in one step."""

    detections: tuple[Detection, ...]  # in the last usable image
    objects: tuple[LiftedObject, ...]  # in the ego frame at its exposure
    tracks: tuple[Track, ...]
    lanes: LaneEstimate
    fault: str | None = None  # description of a sensor or perception fault

    @property
    def notes(self) -> tuple[str, ...]:
        """The fault, if there is one, as a note of the trace."""
        return () if self.fault is None else (self.fault,)


class StageClock:
    """Measures the milliseconds of each stage, for the trace only: no decision depends on them."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        """Do the work of a stage, and add its time to that of the stage."""
        start = time.perf_counter()
        result = work()
        elapsed = (time.perf_counter() - start) * 1000.0
        self.milliseconds[stage] = self.milliseconds.get(stage, 0.0) + elapsed
        return result


@dataclass(frozen=True, slots=True)
class PerceptionSource:
    """Makes the perception of a driver."""

    make: Callable[[Platform], Perception]
    identity: str  # text that changes with everything that determines tracks and lanes


class Perception:
    """From the observation to lanes and tracks.

    The stages are run at the steps at which images were exposed, see `ExposureTimeline`; their tracks and
    lanes are then moved to the present step by the motion of the ego. While a sensor fails, tracks and lanes
    are propagated without measurements.
    """

    def __init__(self, stages: PerceptionStages, dt: float) -> None:
        """``dt`` is the time between two steps [s]."""
        self._stages, self._dt = stages, dt
        self._clear()

    def use(self, stages: PerceptionStages) -> None:
        """Run other stages from the next step on."""
        self._stages = stages

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        stages = self._stages
        for stage in (stages.lanes, stages.tracker, stages.camera_monitor, stages.detection_monitor):
            if stage is not None:
                stage.reset()
        self._clear()

    def _clear(self) -> None:
        monitor = self._stages.camera_monitor
        self._timeline = ExposureTimeline(self._dt, 0.0 if monitor is None else monitor.max_age)
        self._processed: Motion | None = None  # at the last step that the stages have processed
        self._lanes: LaneEstimate | None = None  # of that step, as the following
        self._detections: tuple[Detection, ...] = ()
        self._objects: tuple[LiftedObject, ...] = ()
        self._tracks: tuple[Track, ...] = ()
        self._detection_fault: str | None = None

    def perceive(self, observation: Observation, clock: StageClock | None = None) -> Percept:
        """Perceive one step; ``clock`` measures the stages."""
        stages, clock = self._stages, clock or StageClock()
        monitor = stages.camera_monitor
        camera = ImageCheck(usable=True) if monitor is None else monitor.check(observation)
        image = observation.image if camera.usable else None
        due = self._timeline.advance(
            observation.speed, observation.yaw_rate, observation.image_age, usable=camera.usable
        )
        present = _present_step(observation, usable=camera.usable)
        for motion, seen in _steps(present if stages.lanes_are_present else due, image):
            self._update_lanes(motion, seen, clock)
        for motion, seen in _steps(present if stages.tracks_are_present else due, image):
            self._update_tracks(motion, seen, clock)
        lanes, tracks = self._advanced(due)
        if camera.fault is not None:
            lanes = replace(lanes, confidence=0.0)
        return Percept(self._detections, self._objects, tracks, lanes, camera.fault or self._detection_fault)

    def _update_lanes(self, motion: Motion, image: Image | None, clock: StageClock) -> None:
        stage = self._stages.lanes
        self._lanes = clock.time("lanes", lambda: stage.estimate(image, motion.speed, motion.yaw_rate))

    def _update_tracks(self, motion: Motion, image: Image | None, clock: StageClock) -> None:
        stages, monitor = self._stages, self._stages.detection_monitor
        reported = clock.time("detector", lambda: () if image is None else stages.detector.detect(image))
        excess = None if monitor is None else monitor.check_count(reported)
        detections = () if excess is not None else reported  # none of them is reliable
        ground = None if self._lanes is None else self._lanes.ground
        objects = clock.time("lifter", lambda: stages.lifter.lift(detections, ground))
        tracks = clock.time("tracker", lambda: stages.tracker.update(objects, motion.speed, motion.yaw_rate))
        missing = None if monitor is None or image is None else monitor.check_missing(reported, tracks)
        self._detections, self._objects, self._tracks = detections, objects, tracks
        self._detection_fault = excess or missing

    def _advanced(self, due: DueSteps) -> tuple[LaneEstimate, tuple[Track, ...]]:
        """Lanes and tracks at the present step."""
        lanes, tracks, stages = self._lanes, self._tracks, self._stages
        if due.exposure is not None or due.without_image:
            self._processed = due.exposure or due.without_image[-1]
        assert lanes is not None and self._processed is not None, "the first step is always processed"
        if due.since:
            steps = ego_steps(self._processed, due.since, self._dt)
            lanes = lanes if stages.lanes_are_present else advance_lanes(lanes, steps)
            tracks = tracks if stages.tracks_are_present else advance_tracks(tracks, steps, self._dt)
        return lanes, tracks


def _present_step(observation: Observation, *, usable: bool) -> DueSteps:
    """The present step alone, however old its image is."""
    motion = Motion(observation.speed, observation.yaw_rate)
    return DueSteps((), motion, ()) if usable else DueSteps((motion,), None, ())


def _steps(due: DueSteps, image: Image | None) -> list[tuple[Motion, Image | None]]:
    """Each step to process with its image, oldest first."""
    steps: list[tuple[Motion, Image | None]] = [(motion, None) for motion in due.without_image]
    return steps if due.exposure is None else [*steps, (due.exposure, image)]
