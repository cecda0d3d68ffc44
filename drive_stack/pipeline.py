"""The modular pipeline from image to control. The stages are injected; each is timed and each step traced."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from drive_stack.interfaces import (
    Detector,
    DiagnosticSource,
    GripEstimator,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Planner,
    Platform,
    Predictor,
    Tracker,
)
from drive_stack.monitoring.camera_monitor import CameraMonitor, ImageCheck
from drive_stack.monitoring.detection_monitor import DetectionMonitor
from drive_stack.types import (
    Control,
    Detection,
    LaneEstimate,
    LiftedObject,
    Observation,
    Plan,
    PlanningInput,
    Prediction,
    StepTrace,
    Track,
)

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


@dataclass(frozen=True, slots=True)
class DrivingStages:
    """One implementation of every stage from the prediction to the control."""

    predictor: Predictor
    planner: Planner
    lateral: LateralController
    longitudinal: LongitudinalController
    grip: GripEstimator


@dataclass(frozen=True, slots=True)
class Stages:
    """One implementation of every stage of the modular driver, and the monitors of the sensors."""

    detector: Detector
    lanes: LaneDetector
    lifter: Lifter
    tracker: Tracker
    predictor: Predictor
    planner: Planner
    lateral: LateralController
    longitudinal: LongitudinalController
    grip: GripEstimator
    camera_monitor: CameraMonitor | None = None
    detection_monitor: DetectionMonitor | None = None

    @property
    def perception(self) -> PerceptionStages:
        """The stages of perception."""
        return PerceptionStages(
            self.detector,
            self.lanes,
            self.lifter,
            self.tracker,
            self.camera_monitor,
            self.detection_monitor,
        )

    @property
    def driving(self) -> DrivingStages:
        """The stages from the prediction to the control."""
        return DrivingStages(self.predictor, self.planner, self.lateral, self.longitudinal, self.grip)


@dataclass(frozen=True, slots=True)
class Percept:
    """What was perceived in one step."""

    detections: tuple[Detection, ...]
    objects: tuple[LiftedObject, ...]
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
        """Do the work of a stage, and measure it."""
        start = time.perf_counter()
        result = work()
        self.milliseconds[stage] = (time.perf_counter() - start) * 1000.0
        return result


@dataclass(frozen=True, slots=True)
class PerceptionSource:
    """Makes the perception of a driver."""

    make: Callable[[Platform], Perception]
    identity: str  # text that changes with everything that determines tracks and lanes


class AccelerationEstimate:
    """Estimates the acceleration: a first-order lag model of the commands, corrected by measured speeds.

    Args:
        lag: time constant of the car's acceleration [s].
        dt: time between two steps [s].
        gain: fraction of the difference to the measured acceleration that is corrected in a step.
    """

    def __init__(self, lag: float, dt: float, gain: float = 0.3) -> None:
        self._step_response = 1.0 - float(np.exp(-dt / lag))
        self._dt = dt
        self._gain = gain
        self.reset()

    def reset(self) -> None:
        """Assume no acceleration at an unknown speed."""
        self._value = 0.0
        self._speed: float | None = None

    def update(self, speed: float) -> float:
        """Update the estimate with the speed measured now [m/s]; returns the acceleration [m/s²]."""
        if self._speed is not None:
            measured = (speed - self._speed) / self._dt
            self._value += self._gain * (measured - self._value)
        if speed < 0.05:
            self._value = max(self._value, 0.0)
        self._speed = speed
        return self._value

    def command(self, acceleration: float) -> None:
        """Apply the command [m/s²] that holds until the next update."""
        self._value += self._step_response * (acceleration - self._value)


class Perception:
    """From the observation to lanes and tracks.

    While a sensor fails, tracks and lanes are propagated without measurements.
    """

    def __init__(self, stages: PerceptionStages) -> None:
        self._stages = stages

    def use(self, stages: PerceptionStages) -> None:
        """Run other stages from the next step on."""
        self._stages = stages

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        stages = self._stages
        for stage in (stages.lanes, stages.tracker, stages.camera_monitor, stages.detection_monitor):
            if stage is not None:
                stage.reset()

    def perceive(self, observation: Observation, clock: StageClock | None = None) -> Percept:
        """Perceive one step; ``clock`` measures the stages."""
        stages, clock = self._stages, clock or StageClock()
        speed, yaw_rate = observation.speed, observation.yaw_rate
        monitor, camera_monitor = stages.detection_monitor, stages.camera_monitor
        camera = ImageCheck(usable=True) if camera_monitor is None else camera_monitor.check(observation)
        image = observation.image if camera.usable else None
        reported = clock.time("detector", lambda: () if image is None else stages.detector.detect(image))
        excess = None if monitor is None else monitor.check_count(reported)
        detections = () if excess is not None else reported  # none of them is reliable
        lanes = clock.time("lanes", lambda: stages.lanes.estimate(image, speed, yaw_rate))
        if camera.fault is not None:
            lanes = replace(lanes, confidence=0.0)
        objects = clock.time("lifter", lambda: stages.lifter.lift(detections, lanes.ground))
        tracks = clock.time("tracker", lambda: stages.tracker.update(objects, speed, yaw_rate))
        missing = None if monitor is None or image is None else monitor.check_missing(reported, tracks)
        return Percept(detections, objects, tracks, lanes, camera.fault or excess or missing)


class Driving:
    """From lanes and tracks to the controls. With a fault, the planner stops."""

    def __init__(self, stages: DrivingStages, platform: Platform) -> None:
        self._stages = stages
        self._acceleration = AccelerationEstimate(platform.car.acceleration_lag, platform.dt)
        self._limits = platform.car

    def use(self, stages: DrivingStages) -> None:
        """Run other stages from the next step on; the estimate of the acceleration is kept."""
        self._stages = stages

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        stages = self._stages
        for stage in (stages.planner, stages.lateral, stages.longitudinal):
            stage.reset()
        self._acceleration.reset()

    def drive(self, observation: Observation, percept: Percept, clock: StageClock | None = None) -> StepTrace:
        """Drive one step. The trace holds the percept, the plan and the control; ``clock`` measures."""
        stages, clock = self._stages, clock or StageClock()
        lanes, tracks = percept.lanes, percept.tracks
        predictions = clock.time("predictor", lambda: stages.predictor.predict(tracks, lanes))
        inputs = self._planning_input(observation, lanes, predictions, percept.fault)
        plan = clock.time("planner", lambda: stages.planner.plan(inputs))
        control = clock.time("control", lambda: self._control(plan, observation))
        self._acceleration.command(control.acceleration)
        return StepTrace(
            control=control,
            detections=percept.detections,
            objects=percept.objects,
            tracks=tracks,
            lanes=lanes,
            predictions=predictions,
            plan=plan,
            stage_ms=clock.milliseconds,
            notes=percept.notes + plan.interventions + self._diagnostics(),
        )

    def _planning_input(
        self,
        observation: Observation,
        lanes: LaneEstimate,
        predictions: tuple[Prediction, ...],
        fault: str | None,
    ) -> PlanningInput:
        return PlanningInput(
            speed=observation.speed,
            acceleration=self._acceleration.update(observation.speed),
            yaw_rate=observation.yaw_rate,
            speed_limit=observation.speed_limit,
            command=observation.command,
            blind_spot_left=observation.blind_spot_left,
            blind_spot_right=observation.blind_spot_right,
            lanes=lanes,
            predictions=predictions,
            grip=self._stages.grip.estimate(observation),
            fault=fault,
        )

    def _diagnostics(self) -> tuple[str, ...]:
        controllers = (self._stages.lateral, self._stages.longitudinal)
        messages = (stage.diagnostic for stage in controllers if isinstance(stage, DiagnosticSource))
        return tuple(message for message in messages if message is not None)

    def _control(self, plan: Plan, observation: Observation) -> Control:
        stages, car = self._stages, self._limits
        steering = stages.lateral.steer(plan, observation.speed, observation.yaw_rate)
        acceleration = stages.longitudinal.accelerate(plan, observation.speed)
        return Control(
            steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
            acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
        )


class Pipeline:
    """The modular driver: perception, then driving."""

    def __init__(self, stages: Stages, platform: Platform) -> None:
        self._perception = Perception(stages.perception)
        self._driving = Driving(stages.driving, platform)

    def use(self, stages: Stages) -> None:
        """Run other stages from the next step on; the estimate of the acceleration is kept."""
        self._perception.use(stages.perception)
        self._driving.use(stages.driving)

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._perception.reset()
        self._driving.reset()

    def step(self, observation: Observation) -> StepTrace:
        """Drive one step. The trace holds the control and the outputs of every stage."""
        clock = StageClock()
        return self._driving.drive(observation, self._perception.perceive(observation, clock), clock)
