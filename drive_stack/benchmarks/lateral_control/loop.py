"""Closed-loop simulation of a controller on a path."""

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

TICKS = 2  # steps of the dynamics in one step of the controller
HORIZON = 4.0  # of a plan [s]


class Dynamics(Protocol):
    """Simulation of the car; the pose is that of the rear axle in the world frame [m, rad]."""

    x: float
    y: float
    yaw: float
    speed: float
    yaw_rate: float
    steering: float

    def reset(self, x: float, y: float, yaw: float, speed: float) -> None:
        """Place the car at a pose [m, rad] with a speed [m/s] and straight wheels."""
        ...

    def step(self, control: Control, dt: float) -> None:
        """Simulate ``dt`` [s]."""
        ...


MakeDynamics = Callable[[VehicleParameters], Dynamics]


@dataclass(frozen=True, slots=True)
class Condition:
    """Deviations from the model of the controller."""

    name: str
    noise: float = 0.0  # lateral standard deviation of the plan from the path [m]
    lag: float = 1.0  # factor of the car's steering lag on that of the controller's model


CONDITIONS = (
    Condition("as modelled"),
    Condition("noisy plan, 5 cm", noise=0.05),
    Condition("steering lag 20 % longer", lag=1.2),
)


@dataclass(frozen=True, slots=True)
class Drive:
    """Time series of a drive at every tick of the dynamics, each ``(T,)``."""

    dt: float  # of a tick [s]
    lateral: FloatArray  # of the rear axle, left of the path [m]
    heading: FloatArray  # car minus path [rad]
    steering: FloatArray  # road-wheel angle [rad]
    acceleration: FloatArray  # lateral [m/s²]
    milliseconds: FloatArray  # (N,) of each call of the controller


def drive(
    controller: LateralController,
    car: Dynamics,
    path: StudyPath,
    noise: float,
    dt: float,
    rng: np.random.Generator,
) -> Drive:
    """Drive along ``path`` while a whole plan fits on it; plans deviate by noise with std ``noise`` [m]."""
    controller.reset()
    line, speed = path.line, path.speed
    car.reset(0.0, path.start_offset, float(line.heading[0]), speed)
    samples: list[tuple[float, float, float, float]] = []
    milliseconds: list[float] = []
    steps = int((line.station[-1] / speed - HORIZON) / dt)
    for _ in range(steps):
        plan = plan_along(line, car, speed, noise * rng.standard_normal(3))
        start = time.perf_counter()
        steering = controller.steer(plan, car.speed, car.yaw_rate)
        milliseconds.append((time.perf_counter() - start) * 1000.0)
        for _ in range(TICKS):
            car.step(Control(steering, 0.0), dt / TICKS)
            samples.append((*_errors(line, car), car.steering, car.yaw_rate * car.speed))
    lateral, heading, wheels, lateral_acceleration = np.array(samples).T
    return Drive(
        dt / TICKS, lateral, wrap_angles(heading), wheels, lateral_acceleration, np.array(milliseconds)
    )


def plan_along(line: ReferenceLine, car: Dynamics, speed: float, offsets: FloatArray) -> Plan:
    """The path from the position of the car on, as the plan of a planner.

    ``offsets`` (3,) are the laterals of the plan now, in one and in two seconds [m], joined by a parabola,
    like the error of a lane that is fitted again to every image.
    """
    times = np.linspace(0.0, HORIZON, 41)
    car_station, _ = line.to_frenet(np.array([car.x, car.y]))
    stations = float(car_station) + speed * times
    laterals = np.asarray(np.polyval(_parabola(offsets), times), dtype=np.float64)
    points, headings = line.to_plane(stations, laterals)
    slope, curvature = (
        np.polyval(np.polyder(_parabola(offsets)), times) / speed,
        2.0 * _parabola(offsets)[0] / speed**2,
    )
    return Plan(
        times=times,
        positions=to_local(points, np.array([car.x, car.y]), car.yaw),
        headings=headings + np.arctan(slope) - car.yaw,
        curvatures=line.curvature_at(stations) + curvature,
        speeds=np.full(len(times), speed),
        accelerations=np.zeros(len(times)),
        behaviour=Behaviour.CRUISE,
        reason="",
    )


def _parabola(offsets: FloatArray) -> FloatArray:
    now, in_one_second, in_two_seconds = offsets
    curvature = (now - 2.0 * in_one_second + in_two_seconds) / 2.0
    return np.array([curvature, in_one_second - now - curvature, now])


def _errors(line: ReferenceLine, car: Dynamics) -> tuple[float, float]:
    station, lateral = line.to_frenet(np.array([car.x, car.y]))
    return float(lateral), car.yaw - float(line.heading_at(station))
