"""What a driver would do on the expert's drives: the error by which imitation is usually judged.

Offline errors and how a driver does when it drives itself hang together loosely (Codevilla et al., 2018, "On
offline evaluation of vision-based driving models"), which is why reports show one beside the other.
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

BRAKING = -1.0  # what the expert does below it counts as braking [m/s²]


@dataclass(frozen=True, slots=True)
class OfflineErrors:
    """Mean absolute differences from the expert over one of its drives."""

    scenario: str
    seed: int
    steps: int
    sideways: float  # lateral acceleration that the steering asks for [m/s²]
    forward: float  # acceleration [m/s²]
    braking_steps: int  # in which the expert braked
    braking: float | None  # acceleration, in those alone [m/s²]


class Questioned:
    """The expert drives, and a student is asked at each step what it would do. An `Agent`."""

    name = "questioned"
    privileged = True
    trace: StepTrace | None = None

    def __init__(self, expert: Agent, student: Agent, truth: TruthSource) -> None:
        self._expert, self._student, self._truth = expert, student, truth
        self.said: list[tuple[float, Control, Control]] = []  # speed [m/s], expert, student

    def reset(self, seed: int) -> None:
        """Begin."""
        self._expert.reset(seed)
        self._student.reset(seed)
        self.said.clear()

    def act(self, observation: Observation) -> Control:
        """What the expert does."""
        control = self._expert.act(observation)
        self.said.append((self._truth.world_state().ego.speed, control, self._student.act(observation)))
        return control


def offline_errors(
    env: DrivingEnv, expert: Agent, student: Agent, *, scenario: str, seed: int
) -> OfflineErrors | None:
    """Drive one episode by the expert; None where either fails."""
    driver = Questioned(expert, student, env.truth)
    rollout = Rollout(env, driver, scenario=scenario, seed=seed)
    while not rollout.done:
        rollout.advance()
    if rollout.status is Status.ERROR:
        return None
    car = VehicleParameters()
    speed = np.array([one[0] for one in driver.said])
    steering, pedals = (
        np.array([[getattr(one[who], name) for who in (1, 2)] for one in driver.said], dtype=np.float64)
        for name in ("steering", "acceleration")
    )
    sideways = np.abs(np.diff(np.tan(steering), axis=1)[:, 0]) * speed**2 / car.wheelbase
    forward = np.abs(pedals[:, 1] - pedals[:, 0])
    braking = pedals[:, 0] < BRAKING
    return OfflineErrors(
        scenario=scenario,
        seed=seed,
        steps=len(speed),
        sideways=float(sideways.mean()),
        forward=float(forward.mean()),
        braking_steps=int(braking.sum()),
        braking=float(forward[braking].mean()) if braking.any() else None,
    )
