"""Senses made to fail on purpose: between the world and the driver, or in place of a stage's answer.

A driver's configuration names the fault, for instance ``--set faults.camera=frozen --set faults.begin=5``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.interfaces import Detector, LaneDetector
from drive_stack.pipeline import Stages
from drive_stack.types import Detection, Image, LaneEstimate, ObjectClass, Observation

SWAMPED = 300  # boxes of a detector gone wild


class FaultSettings(StrictModel):
    """What fails, and when."""

    camera: Literal["none", "black", "white", "frozen", "late", "missing"] = "none"
    detector: Literal["none", "blind", "swamped"] = "none"  # sees nothing; sees things everywhere
    lanes: Literal["none", "unseen"] = "none"
    begin: Annotated[float, Field(ge=0.0)] = 0.0  # since the episode began [s]
    end: Annotated[float, Field(ge=0.0)] = float("inf")  # [s]
    delay: Annotated[float, Field(ge=0.0, le=60.0)] = 0.3  # of late pictures [s]


class Faults:
    """Counts time by observations and spoils what passes through while the fault lasts."""

    def __init__(self, settings: FaultSettings, dt: float) -> None:
        self._settings, self._dt = settings, dt
        self._pictures: deque[Image] = deque(maxlen=max(round(settings.delay / dt), 1) + 1)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin an episode; ``seed`` draws what a wild detector sees."""
        self._steps = -1
        self._pictures.clear()
        self._held: tuple[Image, int] | None = None  # the last good picture, and when it came
        self.rng = np.random.default_rng(seed)

    @property
    def active(self) -> bool:
        """Whether the fault is there now."""
        return self._settings.begin <= self._steps * self._dt + 1e-9 < self._settings.end

    def observe(self, seen: Observation) -> Observation:
        """What the driver gets of ``seen``; call it once a step, before the stages run."""
        self._steps += 1
        self._pictures.append(seen.image)
        kind = self._settings.camera if self.active else "none"
        if kind in ("frozen", "missing"):
            image, since = self._held or (np.zeros_like(seen.image), self._steps)
            age = (self._steps - since) * self._dt if kind == "missing" else 0.0
            return replace(seen, image=image, image_age=age)
        self._held = (seen.image, self._steps)
        if kind == "late":
            return replace(seen, image=self._pictures[0], image_age=(len(self._pictures) - 1) * self._dt)
        if kind in ("black", "white"):
            return replace(seen, image=np.full_like(seen.image, 0 if kind == "black" else 255))
        return seen

    def wrap(self, stages: Stages) -> Stages:
        """The stages, with those that are to fail wrapped."""
        settings = self._settings
        if settings.detector != "none":
            stages = replace(stages, detector=FaultyDetector(stages.detector, self, settings.detector))
        if settings.lanes != "none":
            stages = replace(stages, lanes=FaultyLanes(stages.lanes, self))
        return stages


class FaultyDetector:
    """A `Detector` that sees nothing, or boxes everywhere, while the fault lasts."""

    def __init__(self, inner: Detector, faults: Faults, kind: Literal["blind", "swamped"]) -> None:
        self._inner, self._faults, self._kind = inner, faults, kind

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What the detector inside sees, as long as nothing is wrong."""
        if not self._faults.active:
            return self._inner.detect(image)
        if self._kind == "blind":
            return ()
        rng, (height, width) = self._faults.rng, image.shape[:2]
        corners = rng.uniform((0.0, 0.0), (width - 40.0, height - 40.0), (SWAMPED, 2))
        sizes = rng.uniform(10.0, 40.0, (SWAMPED, 2))
        labels = rng.integers(0, len(ObjectClass), SWAMPED)
        return tuple(
            Detection((x, y, x + wide, y + high), ObjectClass(label), 0.9)
            for (x, y), (wide, high), label in zip(
                corners.tolist(), sizes.tolist(), labels.tolist(), strict=True
            )
        )


class FaultyLanes:
    """A `LaneDetector` that gets no picture, and so knows only what it remembers, while the fault lasts."""

    def __init__(self, inner: LaneDetector, faults: Faults) -> None:
        self._inner, self._faults = inner, faults

    def reset(self) -> None:
        """Forget the road."""
        self._inner.reset()

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:
        """The estimate of the stage inside; unseen, with no confidence."""
        if not self._faults.active:
            return self._inner.estimate(image, speed, yaw_rate)
        return replace(self._inner.estimate(None, speed, yaw_rate), confidence=0.0)
