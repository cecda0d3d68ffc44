"""How the ego car moves: a kinematic bicycle with lags, limits and tyre grip."""

from __future__ import annotations

import math

from drive_stack.geometry import wrap_angle
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters

_FIRM_BRAKING = 0.75  # of the greatest deceleration, when a control is not finite
_TOLERANCE = 1e-6  # relative; what rounding to float32 may add to a limit


class Ego:
    """The car under test, referred to its rear axle; world frame, SI units.

    Steering and acceleration follow their commands with a first-order lag, discretised exactly for
    a command held over the step. The path of a step is an arc, integrated exactly; its curvature is
    tan(δ) / L (kinematic bicycle) and saturates where speed² · curvature would exceed the grip.
    """

    def __init__(self, car: VehicleParameters, grip: float | None = None) -> None:
        self.car = car
        self.grip = car.grip if grip is None else grip  # [m/s²]
        self.clamped = 0  # controls so far that were not finite or out of range
        self.reset(0.0, 0.0, 0.0, 0.0)

    def reset(self, x: float, y: float, yaw: float, speed: float) -> None:
        """Place the rear axle [m, rad] with a speed [m/s], wheels straight; the count starts anew."""
        self.x, self.y, self.yaw = x, y, wrap_angle(yaw)
        self.speed = max(speed, 0.0)
        self.acceleration = self.steering = self.yaw_rate = 0.0
        self.clamped = 0
        self._held_steering = 0.0  # last valid command [rad]

    def step(self, control: Control, dt: float) -> None:
        """Move on by ``dt`` [s]. A control that is not finite brakes firmly; one out of range is clamped."""
        steering, acceleration = self._admissible(control)
        self._held_steering = steering
        before = self.steering
        self._steer(steering, dt)
        distance = self._accelerate(acceleration, dt)
        bend = self._curvature((before + self.steering) / 2.0)
        turned = bend * distance
        chord = distance if abs(turned) < 1e-9 else 2.0 * math.sin(turned / 2.0) / bend
        self.x += chord * math.cos(self.yaw + turned / 2.0)
        self.y += chord * math.sin(self.yaw + turned / 2.0)
        self.yaw = wrap_angle(self.yaw + turned)
        self.yaw_rate = self.speed * self._curvature(self.steering)

    def _admissible(self, control: Control) -> tuple[float, float]:
        car = self.car
        if not (math.isfinite(control.steering) and math.isfinite(control.acceleration)):
            self.clamped += 1
            return self._held_steering, _FIRM_BRAKING * car.min_acceleration
        steering = min(max(control.steering, -car.max_steering), car.max_steering)
        acceleration = min(max(control.acceleration, car.min_acceleration), car.max_acceleration)
        beyond = abs(control.steering - steering) / car.max_steering
        beyond = max(beyond, abs(control.acceleration - acceleration) / car.max_acceleration)
        self.clamped += beyond > _TOLERANCE
        return steering, acceleration

    def _steer(self, command: float, dt: float) -> None:
        change = (command - self.steering) * -math.expm1(-dt / self.car.steering_lag)
        most = self.car.max_steering_rate * dt
        self.steering += min(max(change, -most), most)

    def _accelerate(self, command: float, dt: float) -> float:
        """Bring acceleration and speed to the step's end; the distance covered [m]."""
        lag, start, speed = self.car.acceleration_lag, self.acceleration, self.speed
        settled = -math.expm1(-dt / lag)
        self.acceleration = start + (command - start) * settled
        gained = command * dt + (start - command) * lag * settled
        if speed + gained > 0.0:
            self.speed = speed + gained
            return speed * dt + command * dt * dt / 2.0 + (start - command) * lag * (dt - lag * settled)
        self.speed = 0.0
        self.acceleration = max(self.acceleration, 0.0)  # brakes hold, they do not push back
        return speed * speed * dt / (-2.0 * gained) if gained < 0.0 else 0.0

    def _curvature(self, steering: float) -> float:
        """What the tyres can hold of tan(δ) / L [1/m]."""
        bend = math.tan(steering) / self.car.wheelbase
        most = self.grip / max(self.speed * self.speed, 1e-6)
        return min(max(bend, -most), most)
