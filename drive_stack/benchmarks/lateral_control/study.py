"""Drives of every controller on every path under every condition."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.benchmarks.lateral_control.loop import CONDITIONS, Condition, Drive, MakeDynamics, drive
from drive_stack.benchmarks.lateral_control.measures import Measures, measure
from drive_stack.benchmarks.lateral_control.paths import StudyPath, study_paths
from drive_stack.interfaces import LateralController, Platform

Controllers = Mapping[str, Callable[[], LateralController]]


@dataclass(frozen=True, slots=True)
class Result:
    """One drive of the study."""

    path: StudyPath
    condition: Condition
    controller: str
    drive: Drive
    measures: Measures


def study(
    controllers: Controllers, dynamics: MakeDynamics, platform: Platform, seed: int
) -> Iterator[Result]:
    """Run all drives. The noise is drawn from ``seed`` and the path, so it is equal for every controller."""
    made = {name: make() for name, make in controllers.items()}
    for condition in CONDITIONS:
        car = dataclasses.replace(platform.car, steering_lag=platform.car.steering_lag * condition.lag)
        for number, path in enumerate(study_paths()):
            for name, controller in made.items():
                rng = np.random.default_rng((seed, number))
                driven = drive(controller, dynamics(car), path, condition.noise, platform.dt, rng)
                yield Result(path, condition, name, driven, measure(driven))
