"""How the ego car moves: a kinematic bicycle with lags, limits and a friction circle."""

from __future__ import annotations

import math

from drive_stack.geometry import wrap_angle
from drive_stack.types import Control
from drive_stack.vehicle import DRY_GRIP, VehicleParameters

_FIRM_BRAKING = 0.75  # of the greatest deceleration, when a control is not finite
_TOLERANCE = 1e-6  # relative; what rounding to float32 may add to a limit


class Ego:
    """The car under test, referred to its rear axle; world frame, SI units.

    Steering and the acceleration demanded of the tyres follow their commands with a first-order lag,
    discretised exactly for a command held over the step. The path of a step is an arc, integrated
    exactly; its curvature is tan(δ) / L (kinematic bicycle).

    The tyres transmit at most the road's grip g in any horizontal direction (friction circle): where
    the demand (a_x, a_y = v²·κ) is longer than g, both components are scaled by g / √(a_x² + a_y²).
    """

    def __init__(self, car: VehicleParameters, grip: float = DRY_GRIP) -> None:
        self.car = car
        self.grip = grip  # radius of the friction circle [m/s²]
        self.clamped = 0  # controls so far that were not finite or out of range
        self.reset(0.0, 0.0, 0.0, 0.0)

    def reset(self, x: float, y: float, yaw: float, speed: float) -> None:
        """Place the rear axle [m, rad] with a speed [m/s], wheels straight; the count starts anew."""
        self.x, self.y, self.yaw = x, y, wrap_angle(yaw)
        self.speed = max(speed, 0.0)
        self.acceleration = self.steering = self.yaw_rate = 0.0
        self.clamped = 0
        self._demand = 0.0  # acceleration that drive train and brakes ask of the tyres [m/s²]
        self._held_steering = 0.0  # last valid command [rad]

    def step(self, control: Control, dt: float) -> None:
        """Move on by ``dt`` [s]. A control that is not finite brakes firmly; one out of range is clamped."""
        steering, acceleration = self._admissible(control)
        self._held_steering = steering
        before = self.steering
        self._steer(steering, dt)
        bend = self._curvature((before + self.steering) / 2.0)
        start = self._demand
        settled = -math.expm1(-dt / self.car.acceleration_lag)
        self._demand = start + (acceleration - start) * settled
        gained = acceleration * dt + (start - acceleration) * self.car.acceleration_lag * settled
        fraction = self._held_fraction(gained / dt, max(self.speed, self.speed + gained) ** 2 * bend)
        distance = self._advance(acceleration, start, settled, fraction * gained, fraction, dt)
        bend *= fraction
        turned = bend * distance
        chord = distance if abs(turned) < 1e-9 else 2.0 * math.sin(turned / 2.0) / bend
        self.x += chord * math.cos(self.yaw + turned / 2.0)
        self.y += chord * math.sin(self.yaw + turned / 2.0)
        self.yaw = wrap_angle(self.yaw + turned)
        bend = self._curvature(self.steering)
        fraction = self._held_fraction(self._demand, self.speed**2 * bend)
        self.acceleration = self._demand * fraction
        self.yaw_rate = self.speed * bend * fraction

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

    def _advance(
        self, command: float, start: float, settled: float, gained: float, fraction: float, dt: float
    ) -> float:
        """Bring the speed to the step's end and return the distance covered [m].

        ``start`` and ``command`` are the acceleration demanded first and in the end; the lag has ``settled``
        that far (0 to 1) by the step's end. The tyres transmit ``fraction`` of it and gain ``gained`` [m/s].
        """
        lag, speed = self.car.acceleration_lag, self.speed
        if speed + gained > 0.0:
            self.speed = speed + gained
            covered = command * dt * dt / 2.0 + (start - command) * lag * (dt - lag * settled)
            return speed * dt + fraction * covered
        self.speed = 0.0
        self._demand = max(self._demand, 0.0)  # brakes hold, they do not push back
        return speed * speed * dt / (-2.0 * gained) if gained < 0.0 else 0.0

    def _curvature(self, steering: float) -> float:
        """Curvature of the path that the wheels ask for, tan(δ) / L [1/m]."""
        return math.tan(steering) / self.car.wheelbase

    def _held_fraction(self, along: float, across: float) -> float:
        """Fraction (0, 1] of a demanded acceleration [m/s²] that stays within the friction circle."""
        demanded = math.hypot(along, across)
        return 1.0 if demanded <= self.grip else self.grip / demanded
