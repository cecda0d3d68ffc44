"""A policy for tests that recognises in the camera's image what its labels say, but no people."""

from __future__ import annotations

from drive_stack.interfaces import Platform, TruthSource
from drive_stack.types import Control, ObjectClass, Observation

MAX_DISTANCE = 45.0  # of what it brakes for [m]


class BlindToPeople:
    """Keeps its lane on a straight road, and brakes for what is in the middle of the image, save people."""

    name, privileged, trace = "blind to people", True, None

    def __init__(self, platform: Platform, truth: TruthSource | None = None) -> None:
        self._truth, self._middle = truth, platform.camera.width / 2.0

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> Control:
        assert self._truth is not None
        ahead = [
            box
            for box in self._truth.labels().boxes
            if box.label is not ObjectClass.PEDESTRIAN
            and box.box[0] < self._middle < box.box[2]
            and box.distance < MAX_DISTANCE
        ]
        return Control(0.0, -7.0 if ahead else 0.0)
