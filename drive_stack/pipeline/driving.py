"""The modular pipeline from image to control. The stages are injected; each is timed and each step traced."""

from __future__ import annotations

from dataclasses import dataclass

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
    report_applied,
)
from drive_stack.monitoring.camera_monitor import CameraMonitor
from drive_stack.monitoring.detection_monitor import DetectionMonitor
from drive_stack.pipeline.perceiving import Percept, Perception, PerceptionStages, StageClock
from drive_stack.types import Control, LaneEstimate, Observation, Plan, PlanningInput, Prediction, StepTrace


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
    lanes_are_present: bool = False
    tracks_are_present: bool = False

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
            self.lanes_are_present,
            self.tracks_are_present,
        )

    @property
    def driving(self) -> DrivingStages:
        """The stages from the prediction to the control."""
        return DrivingStages(self.predictor, self.planner, self.lateral, self.longitudinal, self.grip)


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


class Driving:
    """From lanes and tracks to the controls. With a fault, the planner stops."""

    def __init__(self, stages: DrivingStages, platform: Platform) -> None:
        self._stages = stages
        self._acceleration = AccelerationEstimate(platform.car.acceleration_lag, platform.dt)
        self._limits = platform.car
        self._applied: Control | None = None  # in the last step

    def use(self, stages: DrivingStages) -> None:
        """Run other stages from the next step on; the estimate of the acceleration is kept."""
        self._stages = stages

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        stages = self._stages
        for stage in (stages.planner, stages.lateral, stages.longitudinal):
            stage.reset()
        self._acceleration.reset()
        self._applied = None

    def drive(self, observation: Observation, percept: Percept, clock: StageClock | None = None) -> StepTrace:
        """Drive one step. The trace holds the percept, the plan and the control; ``clock`` measures."""
        stages, clock = self._stages, clock or StageClock()
        lanes, tracks = percept.lanes, percept.tracks
        predictions = clock.time("predictor", lambda: stages.predictor.predict(tracks, lanes))
        inputs = self._planning_input(observation, lanes, predictions, percept.fault)
        plan = clock.time("planner", lambda: stages.planner.plan(inputs))
        control = clock.time("control", lambda: self._control(plan, observation))
        self._applied = control
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

    def applied(self, control: Control) -> None:
        """Take ``control`` as that of the present step in place of the own one."""
        self._applied = control
        report_applied(self._stages.longitudinal, control)

    def _planning_input(
        self,
        observation: Observation,
        lanes: LaneEstimate,
        predictions: tuple[Prediction, ...],
        fault: str | None,
    ) -> PlanningInput:
        if self._applied is not None:
            self._acceleration.command(self._applied.acceleration)
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
        self._perception = Perception(stages.perception, platform.dt)
        self._driving = Driving(stages.driving, platform)

    def use(self, stages: Stages) -> None:
        """Run other stages from the next step on; the estimate of the acceleration is kept."""
        self._perception.use(stages.perception)
        self._driving.use(stages.driving)

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._perception.reset()
        self._driving.reset()

    def applied(self, control: Control) -> None:
        """Take ``control`` as that of the present step in place of the own one."""
        self._driving.applied(control)

    def step(self, observation: Observation) -> StepTrace:
        """Drive one step. The trace holds the control and the outputs of every stage."""
        clock = StageClock()
        return self._driving.drive(observation, self._perception.perceive(observation, clock), clock)
