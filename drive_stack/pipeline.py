"""The modular chain from image to control: stages injected, each timed, each step traced."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from drive_stack.interfaces import (
    Detector,
    DiagnosticSource,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Planner,
    Platform,
    Predictor,
    Tracker,
)
from drive_stack.monitoring.detection_watch import DetectionWatch
from drive_stack.monitoring.sense_watch import Look, SenseWatch
from drive_stack.types import Control, LaneEstimate, Observation, Plan, PlanningInput, Prediction, StepTrace
from drive_stack.vehicle import road_grip

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Stages:
    """One implementation of every stage."""

    detector: Detector
    lanes: LaneDetector
    lifter: Lifter
    tracker: Tracker
    predictor: Predictor
    planner: Planner
    lateral: LateralController
    longitudinal: LongitudinalController
    watch: SenseWatch | None = None  # None where nothing looks at the image
    census: DetectionWatch | None = None  # None where nothing is detected


class AccelerationEstimate:
    """The car's acceleration: its lag model driven by the commands, drawn to the change of speed."""

    def __init__(self, lag: float, dt: float, trust: float = 0.3) -> None:
        self._share = 1.0 - float(np.exp(-dt / lag))
        self._dt = dt
        self._trust = trust
        self.reset()

    def reset(self) -> None:
        """The car coasts at an unknown speed."""
        self._value = 0.0
        self._speed: float | None = None

    def update(self, speed: float) -> float:
        """Estimate [m/s²] from the speed measured now."""
        if self._speed is not None:
            measured = (speed - self._speed) / self._dt
            self._value += self._trust * (measured - self._value)
        if speed < 0.05:
            self._value = max(self._value, 0.0)
        self._speed = speed
        return self._value

    def command(self, acceleration: float) -> None:
        """Take note of what is asked of the car until the next update."""
        self._value += self._share * (acceleration - self._value)


class Pipeline:
    """Runs the stages in order; where a sense fails it goes on by memory, and the planner slows to a stop."""

    def __init__(self, stages: Stages, platform: Platform) -> None:
        self._stages = stages
        self._acceleration = AccelerationEstimate(platform.car.acceleration_lag, platform.dt)
        self._limits = platform.car

    def reset(self) -> None:
        """Forget the episode before."""
        stages = self._stages
        for stage in (stages.lanes, stages.tracker, stages.planner, stages.lateral, stages.longitudinal):
            stage.reset()
        for watch in (stages.watch, stages.census):
            if watch is not None:
                watch.reset()
        self._acceleration.reset()

    def step(self, seen: Observation) -> StepTrace:
        """Drive one step; the trace holds the control and all that led to it."""
        stages, clock = self._stages, _Clock()
        look = Look(usable=True) if stages.watch is None else stages.watch.look(seen)
        image = seen.image if look.usable else None
        reported = clock.time("detector", lambda: () if image is None else stages.detector.detect(image))
        crowd = None if stages.census is None else stages.census.crowd(reported)
        detections = () if crowd is not None else reported  # none of them can be believed
        lanes = clock.time("lanes", lambda: stages.lanes.estimate(image, seen.speed, seen.yaw_rate))
        if look.fault is not None:
            lanes = replace(lanes, confidence=0.0)
        objects = clock.time("lifter", lambda: stages.lifter.lift(detections))
        tracks = clock.time("tracker", lambda: stages.tracker.update(objects, seen.speed, seen.yaw_rate))
        predictions = clock.time("predictor", lambda: stages.predictor.predict(tracks, lanes))
        lost = None if stages.census is None or image is None else stages.census.lost(reported, tracks)
        fault = look.fault or crowd or lost
        given = self._given(seen, lanes, predictions, fault)
        plan = clock.time("planner", lambda: stages.planner.plan(given))
        control = clock.time("control", lambda: self._control(plan, seen))
        self._acceleration.command(control.acceleration)
        return StepTrace(
            control=control,
            detections=detections,
            objects=objects,
            tracks=tracks,
            lanes=lanes,
            predictions=predictions,
            plan=plan,
            stage_ms=clock.milliseconds,
            notes=(() if fault is None else (fault,)) + plan.interventions + self._diagnostics(),
        )

    def _given(
        self,
        seen: Observation,
        lanes: LaneEstimate,
        predictions: tuple[Prediction, ...],
        fault: str | None,
    ) -> PlanningInput:
        return PlanningInput(
            speed=seen.speed,
            acceleration=self._acceleration.update(seen.speed),
            yaw_rate=seen.yaw_rate,
            speed_limit=seen.speed_limit,
            command=seen.command,
            blind_spot_left=seen.blind_spot_left,
            blind_spot_right=seen.blind_spot_right,
            lanes=lanes,
            predictions=predictions,
            grip=road_grip(wet=seen.rain),
            fault=fault,
        )

    def _diagnostics(self) -> tuple[str, ...]:
        controllers = (self._stages.lateral, self._stages.longitudinal)
        said = (stage.diagnostic for stage in controllers if isinstance(stage, DiagnosticSource))
        return tuple(diagnostic for diagnostic in said if diagnostic is not None)

    def _control(self, plan: Plan, seen: Observation) -> Control:
        stages, car = self._stages, self._limits
        steering = stages.lateral.steer(plan, seen.speed, seen.yaw_rate)
        acceleration = stages.longitudinal.accelerate(plan, seen.speed)
        return Control(
            steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
            acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
        )


class _Clock:
    """Milliseconds of each stage, for the trace alone: nothing is decided by them."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        begin = time.perf_counter()
        result = work()
        self.milliseconds[stage] = (time.perf_counter() - begin) * 1000.0
        return result
