"""Offline errors: detections compared with labels, and a policy with the expert on the expert's drives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.registry import build_agent
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.evaluation.offline import offline_errors
from drive_stack.evaluation.stage_errors.detection import DetectionSample
from drive_stack.evaluation.stage_errors.detection_tables import detection_conditions_table, detection_table
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.interfaces import Agent
from drive_stack.types import Control, Detection, ObjectClass, Observation, StepTrace

BOX = (100.0, 100.0, 140.0, 130.0)


def sample(*, detected: bool, distance: float) -> DetectionSample:
    """A frame with one car, which is detected or not."""
    truth = FrameTruth(
        np.array([BOX], np.float32),
        np.array([0], np.int8),
        np.ones(1, np.float32),
        np.array([distance], np.float32),
    )
    detections = (Detection(BOX, ObjectClass.CAR, 0.9),) if detected else ()
    return DetectionSample(detections, truth)


def measure(samples: list[DetectionSample], weather: str) -> EpisodeMeasurements:
    return EpisodeMeasurements(
        "cruise", 1, weather, "day", "completed", False, tuple(samples), (), (), {}, (), (), (), {}
    )


def test_recall_is_reported_by_distance() -> None:
    near = [sample(detected=True, distance=10.0)] * 10
    far = [sample(detected=False, distance=100.0)] * 30
    rows = {(row[0], row[1]): row[2:] for row in detection_table([measure(near + far, "clear")]).rows}
    assert rows["car", "all"] == pytest.approx(
        (40, 25.0, 100.0, 25.0)
    )  # precision is 1, so AP equals the recall
    assert rows["car", "0–20"][-1] == 100.0 and rows["car", "80–120"][-1] == 0.0
    assert ("pedestrian", "all") not in rows


def test_average_precision_is_reported_by_weather_and_light() -> None:
    clear = measure([sample(detected=True, distance=10.0)] * 20, "clear")
    fog = measure([sample(detected=False, distance=10.0)] * 20, "fog")
    rows = {row[0]: row[1:] for row in detection_conditions_table([clear, fog]).rows}
    assert rows["clear"][:2] == (20, 100.0) and rows["fog"][:2] == (20, 0.0) and rows["day"][:2] == (40, 50.0)
    assert rows["clear"][2] is None  # no pedestrians, so no AP


class Shifted:
    """Adds a constant acceleration to the expert's control."""

    name, privileged = "shifted", False

    def __init__(self, expert: Agent, acceleration: float) -> None:
        self._expert, self._added = expert, acceleration
        self.trace: StepTrace | None = None

    def reset(self, seed: int) -> None:
        self._expert.reset(seed)

    def act(self, observation: Observation) -> Control:
        control = self._expert.act(observation)
        return replace(control, acceleration=control.acceleration + self._added)


@pytest.mark.parametrize("added", [0.0, 0.75])
def test_offline_errors_are_what_is_added_to_the_expert(added: float) -> None:
    env = DrivingEnv(EnvSpec("braking_lead", camera=False))
    try:
        experts = [
            build_agent("expert", env.platform, oracles=env.oracles, truth=env.truth) for _ in range(2)
        ]
        errors = offline_errors(env, experts[0], Shifted(experts[1], added), scenario="braking_lead", seed=3)
    finally:
        env.close()
    assert errors is not None and errors.steps > 100 and errors.braking_steps > 5
    assert errors.forward == pytest.approx(added, abs=1e-6) and errors.braking == pytest.approx(
        added, abs=1e-6
    )
    assert errors.sideways == pytest.approx(0.0, abs=1e-6)


class Failing(Shifted):
    def act(self, observation: Observation) -> Control:
        raise ValueError("no")


def test_a_driver_that_fails_has_no_errors() -> None:
    env = DrivingEnv(EnvSpec("cruise", camera=False))
    try:
        expert = build_agent("expert", env.platform, oracles=env.oracles, truth=env.truth)
        assert offline_errors(env, expert, Failing(expert, 0.0), scenario="cruise", seed=3) is None
    finally:
        env.close()
