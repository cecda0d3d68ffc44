"""An agent for tests that reports its observation and records a full trace."""

from __future__ import annotations

import hashlib

import numpy as np

from drive_stack import types
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace

LINE = np.linspace(0.0, 30.0, 7)
BOX = (0.0, 1.0, 2.0, 3.0)
PATH = np.stack([LINE, 0.1 * LINE], axis=1)


def full_trace(control: Control, notes: tuple[str, ...]) -> StepTrace:
    """A trace in which every field has a value."""
    detection = types.Detection((1.0, 2.0, 3.5, 4.0), types.ObjectClass.PEDESTRIAN, 0.25)
    cues = (types.RangeCue(20.0, 0.1, 1.5, 0.2), types.RangeCue(21.0, 0.3))
    lifted = types.LiftedObject(
        np.array([1.0, 1 / 3]),
        np.eye(2),
        types.ObjectClass.CAR,
        0.5,
        1.8,
        detection,
        types.LineOfSight(np.array([1.7, 0.0]), 0.3, cues),
        truncated_at_side=True,
    )
    track = types.Track(
        4,
        types.ObjectClass.CAR,
        np.ones(2),
        np.zeros(2),
        np.eye(4),
        0.1,
        4.5,
        1.8,
        12,
        0,
        0.9,
        (0.0, 1.0, 2.0, 3.0),
    )
    path = types.LanePath(LINE, PATH, LINE, LINE)
    side = types.AdjacentLane(True, False, 3.5, 120.0)
    lanes = types.LaneEstimate(
        0.1,
        0.01,
        0.001,
        3.6,
        path,
        side,
        types.AdjacentLane(False, False, 0.0),
        1.0,
    )
    prediction = types.Prediction(track, LINE, (types.Hypothesis("keep lane", 1.0, PATH, LINE),))
    plan = types.Plan(
        LINE,
        PATH,
        LINE,
        LINE,
        LINE,
        LINE,
        types.Behaviour.YIELD,
        "why",
        True,
        (PATH, PATH[:3]),
        ("braked",),
        types.Cause("person", 3, 12.5),
    )
    return StepTrace(
        control,
        (detection,),
        (lifted,),
        (track,),
        lanes,
        (prediction,),
        plan,
        {"think": 1.25},
        notes,
        attention=lambda: np.zeros((2, 2), np.float32),
    )


class Echo:
    """An agent whose notes are the fields of the observation."""

    name, privileged = "echo", False
    trace: StepTrace | None = None

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def reset(self, seed: int) -> None:
        self._seed = seed

    def act(self, observation: Observation) -> Control:
        values = {name: getattr(observation, name) for name in Observation.__slots__ if name != "image"}
        image_hash = hashlib.sha256(observation.image.tobytes()).hexdigest()
        notes = (
            repr(values),
            image_hash,
            repr(observation.image.shape),
            repr(self._platform),
            repr(self._seed),
        )
        control = Control(observation.speed / 7.0, -observation.speed)
        self.trace = full_trace(control, notes)
        return control


class Thinking(Echo):
    """Records the same full trace in each step."""

    def act(self, observation: Observation) -> Control:
        control = Control(0.0, 0.0)
        self.trace = full_trace(control, ())
        return control
