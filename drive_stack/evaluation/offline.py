"""Offline errors: the difference between a driver's controls and the expert's while the expert drives.

Offline errors correlate only weakly with success in closed loop (Codevilla et al., 2018, "On offline
evaluation of vision-based driving models"), so reports show both next to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, TruthSource
from drive_stack.types import Control, Observation, StepTrace
from drive_stack.vehicle import VehicleParameters

BRAKING = -1.0  # the expert brakes where its acceleration is lower [m/s²]


@dataclass(frozen=True, slots=True)
class OfflineErrors:
    """Mean absolute differences from the expert over one episode that the expert drives."""

    scenario: str
    seed: int
    steps: int
    sideways: float  # lateral acceleration that the steering angle causes [m/s²]
    forward: float  # longitudinal acceleration [m/s²]
    braking_steps: int  # in which the expert braked
    braking: float | None  # longitudinal acceleration in these steps alone [m/s²]


class ShadowedExpert:
    """An `Agent` that drives as the expert and records what a student would do in each step."""

    name = "shadowed_expert"
    privileged = True
    trace: StepTrace | None = None

    def __init__(self, expert: Agent, student: Agent, truth: TruthSource) -> None:
        self._expert, self._student, self._truth = expert, student, truth
        self.steps: list[tuple[float, Control, Control]] = []  # speed [m/s], expert, student

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self._expert.reset(seed)
        self._student.reset(seed)
        self.steps.clear()

    def act(self, observation: Observation) -> Control:
        """Return the expert's control, and record it with the student's."""
        control = self._expert.act(observation)
        self.steps.append((self._truth.world_state().ego.speed, control, self._student.act(observation)))
        return control


def offline_errors(
    env: DrivingEnv, expert: Agent, student: Agent, *, scenario: str, seed: int
) -> OfflineErrors | None:
    """Drive one episode with the expert; None where the expert or the student fails."""
    driver = ShadowedExpert(expert, student, env.truth)
    rollout = Rollout(env, driver, scenario=scenario, seed=seed)
    while not rollout.done:
        rollout.advance()
    if rollout.status is Status.ERROR:
        return None
    car = VehicleParameters()
    speed = np.array([step[0] for step in driver.steps])
    steering, acceleration = (
        np.array(
            [[getattr(step[agent], name) for agent in (1, 2)] for step in driver.steps], dtype=np.float64
        )
        for name in ("steering", "acceleration")
    )
    lateral_errors = np.abs(np.diff(np.tan(steering), axis=1)[:, 0]) * speed**2 / car.wheelbase
    longitudinal_errors = np.abs(acceleration[:, 1] - acceleration[:, 0])
    braking = acceleration[:, 0] < BRAKING
    return OfflineErrors(
        scenario=scenario,
        seed=seed,
        steps=len(speed),
        sideways=float(lateral_errors.mean()),
        forward=float(longitudinal_errors.mean()),
        braking_steps=int(braking.sum()),
        braking=float(longitudinal_errors[braking].mean()) if braking.any() else None,
    )
