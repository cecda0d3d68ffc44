"""Injects faults of the camera, the detector, the lane detector, the tracker or the planner.

The configuration of an agent selects the fault: ``--set faults.camera=frozen --set faults.start=5``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.interfaces import Detector, LaneDetector, Planner, Tracker
from drive_stack.pipeline.driving import Stages
from drive_stack.pipeline.perceiving import PerceptionStages
from drive_stack.types import (
    Detection,
    Image,
    LaneEstimate,
    LiftedObject,
    ObjectClass,
    Observation,
    Plan,
    PlanningInput,
    Track,
)

AnyStages = TypeVar("AnyStages", Stages, PerceptionStages)

FALSE_CLASSES = (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN, ObjectClass.OBSTACLE)
FALSE_DETECTIONS = 300  # boxes of a swamped detector


class FaultSettings(StrictModel):
    """Which part fails, and when."""

    camera: Literal["none", "black", "white", "frozen", "late", "missing"] = "none"
    detector: Literal["none", "blind", "swamped"] = "none"  # no detections; false detections everywhere
    lanes: Literal["none", "unseen"] = "none"
    tracker: Literal["none", "late"] = "none"  # returns the tracks of ``delay`` before
    planner: Literal["none", "objects_ignored"] = "none"  # plans as if the road were empty
    start: Annotated[float, Field(ge=0.0)] = 0.0  # since the start of the episode [s]
    end: Annotated[float, Field(ge=0.0)] = float("inf")  # [s]
    delay: Annotated[float, Field(ge=0.0, le=60.0)] = 0.3  # of late images and tracks [s]


class FaultInjector:
    """Counts time by observations, and replaces inputs or outputs while the fault is active."""

    def __init__(self, settings: FaultSettings, dt: float) -> None:
        self._settings, self._dt = settings, dt
        self._delay_steps = max(round(settings.delay / dt), 1)
        self._images: deque[Image] = deque(maxlen=self._delay_steps + 1)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Start an episode. ``seed`` seeds the false detections."""
        self._steps = -1
        self._images.clear()
        self._last_good: tuple[Image, int] | None = None  # the last good image and its step
        self.rng = np.random.default_rng(seed)

    @property
    def active(self) -> bool:
        """Whether the fault is active now."""
        return self._settings.start <= self._steps * self._dt + 1e-9 < self._settings.end

    def observe(self, observation: Observation) -> Observation:
        """The observation with the camera fault applied. Call it once a step, before the stages run."""
        self._steps += 1
        self._images.append(observation.image)
        kind = self._settings.camera if self.active else "none"
        if kind in ("frozen", "missing"):
            image, taken = self._last_good or (np.zeros_like(observation.image), self._steps)
            age = (self._steps - taken) * self._dt if kind == "missing" else 0.0
            return replace(observation, image=image, image_age=age)
        self._last_good = (observation.image, self._steps)
        if kind == "late":
            return replace(observation, image=self._images[0], image_age=(len(self._images) - 1) * self._dt)
        if kind in ("black", "white"):
            return replace(observation, image=np.full_like(observation.image, 0 if kind == "black" else 255))
        return observation

    def wrap(self, stages: AnyStages) -> AnyStages:
        """The stages, with a wrapper around each one that fails."""
        settings = self._settings
        if settings.detector != "none":
            stages = replace(stages, detector=FaultyDetector(stages.detector, self, settings.detector))
        if settings.lanes != "none":
            stages = replace(stages, lanes=FaultyLanes(stages.lanes, self))
        if settings.tracker != "none":
            stages = replace(stages, tracker=LateTracker(stages.tracker, self, self._delay_steps))
        if isinstance(stages, Stages) and settings.planner != "none":
            stages = replace(stages, planner=ObliviousPlanner(stages.planner, self))
        return stages


class FaultyDetector:
    """A `Detector` that returns no boxes, or false ones everywhere, while the fault is active."""

    def __init__(self, inner: Detector, faults: FaultInjector, kind: Literal["blind", "swamped"]) -> None:
        self._inner, self._faults, self._kind = inner, faults, kind

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """The detections of the wrapped detector, or the faulty ones."""
        if not self._faults.active:
            return self._inner.detect(image)
        if self._kind == "blind":
            return ()
        rng, (rows, columns) = self._faults.rng, image.shape[:2]
        corners = rng.uniform((0.0, 0.0), (columns - 40.0, rows - 40.0), (FALSE_DETECTIONS, 2))
        sizes = rng.uniform(10.0, 40.0, (FALSE_DETECTIONS, 2))
        labels = rng.integers(0, len(FALSE_CLASSES), FALSE_DETECTIONS)
        return tuple(
            Detection((x, y, x + width, y + height), FALSE_CLASSES[label], 0.9)
            for (x, y), (width, height), label in zip(
                corners.tolist(), sizes.tolist(), labels.tolist(), strict=True
            )
        )


class FaultyLanes:
    """A `LaneDetector` that receives no image while the fault is active, and propagates its estimate."""

    def __init__(self, inner: LaneDetector, faults: FaultInjector) -> None:
        self._inner, self._faults = inner, faults

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._inner.reset()

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:
        """The estimate of the wrapped stage; without an image, its confidence is 0."""
        if not self._faults.active:
            return self._inner.estimate(image, speed, yaw_rate)
        return replace(self._inner.estimate(None, speed, yaw_rate), confidence=0.0)


class LateTracker:
    """A `Tracker` that returns the tracks of earlier steps, in the ego frame of then, during the fault."""

    def __init__(self, inner: Tracker, faults: FaultInjector, steps: int) -> None:
        """``steps`` is the delay."""
        self._inner, self._faults = inner, faults
        self._recent: deque[tuple[Track, ...]] = deque(maxlen=steps + 1)

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._inner.reset()
        self._recent.clear()

    def update(self, objects: tuple[LiftedObject, ...], speed: float, yaw_rate: float) -> tuple[Track, ...]:
        """The present tracks of the wrapped stage, or the late ones."""
        self._recent.append(self._inner.update(objects, speed, yaw_rate))
        return self._recent[0 if self._faults.active else -1]


class ObliviousPlanner:
    """A `Planner` that receives no predictions while the fault is active."""

    def __init__(self, inner: Planner, faults: FaultInjector) -> None:
        self._inner, self._faults = inner, faults

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._inner.reset()

    def plan(self, inputs: PlanningInput) -> Plan:
        """The plan of the wrapped stage."""
        return self._inner.plan(replace(inputs, predictions=()) if self._faults.active else inputs)
