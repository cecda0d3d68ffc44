"""One controller on one path, closed loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drive_stack.benchmarks.lateral_control.paths import StudyPath
from drive_stack.geometry import ReferenceLine, to_local, wrap_angles
from drive_stack.interfaces import LateralController
from drive_stack.types import Behaviour, Control, FloatArray, Plan
from drive_stack.vehicle import VehicleParameters

TICKS = 2  # of the dynamics in a step of the controller
HORIZON = 4.0  # of a plan [s]


class Dynamics(Protocol):
    """The car as it moves; world frame, referred to its rear axle."""

    x: float
    y: float
    yaw: float
    speed: float
    yaw_rate: float
    steering: float

    def reset(self, x: float, y: float, yaw: float, speed: float) -> None:
        """Place it [m, rad, m/s], wheels straight."""
        ...

    def step(self, control: Control, dt: float) -> None:
        """Move on by ``dt`` [s]."""
        ...


MakeDynamics = Callable[[VehicleParameters], Dynamics]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is not as the controller thinks."""

    name: str
    noise: float = 0.0  # of the plan beside the path: standard deviation [m]
    lag: float = 1.0  # the car's steering lag over the one the controller knows


CONDITIONS = (
    Condition("as modelled"),
    Condition("noisy plan, 5 cm", noise=0.05),
    Condition("steering 20 % slower than known", lag=1.2),
)


@dataclass(frozen=True, slots=True)
class Drive:
    """What came of it, at every tick of the dynamics; ``(T,)`` each."""

    dt: float  # of a tick [s]
    lateral: FloatArray  # left of the path [m]
    heading: FloatArray  # car minus path [rad]
    steering: FloatArray  # wheels [rad]
    acceleration: FloatArray  # sideways [m/s²]
    milliseconds: FloatArray  # (N,) of each call of the controller


def drive(
    controller: LateralController,
    car: Dynamics,
    path: StudyPath,
    noise: float,
    dt: float,
    rng: np.random.Generator,
) -> Drive:
    """Drive ``path`` to where a plan would leave it; each plan is off by ``noise`` [m]."""
    controller.reset()
    line, speed = path.line, path.speed
    car.reset(0.0, path.aside, float(line.heading[0]), speed)
    seen: list[tuple[float, float, float, float]] = []
    spent: list[float] = []
    steps = int((line.station[-1] / speed - HORIZON) / dt)
    for _ in range(steps):
        plan = plan_along(line, car, speed, noise * rng.standard_normal(3))
        begin = time.perf_counter()
        steering = controller.steer(plan, car.speed, car.yaw_rate)
        spent.append((time.perf_counter() - begin) * 1000.0)
        for _ in range(TICKS):
            car.step(Control(steering, 0.0), dt / TICKS)
            seen.append((*_errors(line, car), car.steering, car.yaw_rate * car.speed))
    lateral, heading, wheels, sideways = np.array(seen).T
    return Drive(dt / TICKS, lateral, wrap_angles(heading), wheels, sideways, np.array(spent))


def plan_along(line: ReferenceLine, car: Dynamics, speed: float, off: FloatArray) -> Plan:
    """The path from abreast of the car on, as a planner would give it.

    ``off`` (3,): how far to the left of it the plan lies now, in one and in two seconds [m]; a parabola
    between, as the error of a lane that is fitted anew to every image.
    """
    times = np.linspace(0.0, HORIZON, 41)
    here, _ = line.to_frenet(np.array([car.x, car.y]))
    stations = float(here) + speed * times
    aside = np.asarray(np.polyval(_parabola(off), times), dtype=np.float64)
    points, headings = line.to_plane(stations, aside)
    slope, bend = np.polyval(np.polyder(_parabola(off)), times) / speed, 2.0 * _parabola(off)[0] / speed**2
    return Plan(
        times=times,
        positions=to_local(points, np.array([car.x, car.y]), car.yaw),
        headings=headings + np.arctan(slope) - car.yaw,
        curvatures=line.curvature_at(stations) + bend,
        speeds=np.full(len(times), speed),
        accelerations=np.zeros(len(times)),
        behaviour=Behaviour.CRUISE,
        reason="",
    )


def _parabola(off: FloatArray) -> FloatArray:
    now, one, two = off
    bend = (now - 2.0 * one + two) / 2.0
    return np.array([bend, one - now - bend, now])


def _errors(line: ReferenceLine, car: Dynamics) -> tuple[float, float]:
    station, lateral = line.to_frenet(np.array([car.x, car.y]))
    return float(lateral), car.yaw - float(line.heading_at(station))
