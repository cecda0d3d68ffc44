"""Dynamics of the ego car: a kinematic bicycle with actuator lags, limits and a friction circle."""

from __future__ import annotations

import math

from drive_stack.geometry import wrap_angle
from drive_stack.types import Control
from drive_stack.vehicle import DRY_GRIP, GRAVITY, VehicleParameters
from drive_stack.world_state import EgoState

from .suspension import BodyMotion

STATIONARY_SPEED = 0.1  # an ego slower than this counts as stationary [m/s]
_BRAKE_LAMP_DECELERATION = 0.5  # braking harder than this lights the brake lamps [m/s²]

_FALLBACK_BRAKING = 0.75  # fraction of the maximum deceleration, used if a control is not finite
_TOLERANCE = 1e-6  # relative excess of a limit that does not count, because of rounding to float32


class Ego:
    """State and dynamics of the ego car; position of the rear axle in the world frame, SI units.

    The steering angle and the demanded acceleration follow their commands with first-order lags, discretised
    exactly for a command that is constant over the step. The path of a step is an arc with the curvature
    tan(δ) / L (kinematic bicycle), integrated exactly.

    The tyres transmit at most the acceleration g, the road's grip, in any horizontal direction (friction
    circle): if the demand (a_x, a_y = v²·κ) exceeds g, both components are scaled by g / √(a_x² + a_y²).

    On a grade tan θ, gravity adds −9.81·sin θ to the acceleration along the road, and the circle shrinks to
    g·cos θ. Positions are those of the plan view, so they advance by cos θ times the distance driven. The car
    never rolls backwards: uphill, a standing car starts when the demand exceeds gravity. Downhill, the brakes
    hold it as long as they are asked for more than gravity.

    Args:
        car: Dimensions, limits and lags of the car.
        grip: Radius of the friction circle [m/s²].
    """

    def __init__(self, car: VehicleParameters, grip: float = DRY_GRIP) -> None:
        self.car = car
        self.grip = grip  # radius of the friction circle [m/s²]
        self.clamped = 0  # number of controls that were not finite or out of range
        self.reset(0.0, 0.0, 0.0, 0.0)

    def reset(self, x: float, y: float, yaw: float, speed: float) -> None:
        """Set the pose of the rear axle [m, rad] and the speed [m/s]; everything else becomes 0."""
        self.x, self.y, self.yaw = x, y, wrap_angle(yaw)
        self.speed = max(speed, 0.0)
        self.acceleration = self.steering = self.yaw_rate = 0.0
        self.clamped = 0
        self._demand = 0.0  # acceleration that drive train and brakes demand of the tyres [m/s²]
        self.tyre_acceleration = 0.0  # what the tyres transmit along the car, gravity excluded [m/s²]
        self._grip_here = self.grip  # on the present grade [m/s²]
        self._last_steering_command = 0.0  # last valid command [rad]

    def step(self, control: Control, dt: float, grade: float = 0.0) -> None:
        """Advance by ``dt`` [s] on a ``grade`` (rise over run, positive uphill).

        A control out of range is clamped. One that is not finite is replaced by firm braking with the last
        valid steering. Both are counted in ``clamped``.
        """
        level_share = 1.0 / math.hypot(1.0, grade)  # cos θ
        gravity, self._grip_here = -GRAVITY * grade * level_share, self.grip * level_share
        steering, acceleration = self._clamp(control)
        self._last_steering_command = steering
        steering_before = self.steering
        self._steer(steering, dt)
        curvature = self._curvature((steering_before + self.steering) / 2.0)
        start_demand = self._demand
        settled = -math.expm1(-dt / self.car.acceleration_lag)
        self._demand = start_demand + (acceleration - start_demand) * settled
        speed_change = acceleration * dt + (start_demand - acceleration) * self.car.acceleration_lag * settled
        fraction = self._friction_fraction(
            speed_change / dt, max(self.speed, self.speed + speed_change) ** 2 * curvature
        )
        pull = fraction * speed_change + gravity * dt
        distance = self._advance(acceleration, start_demand, settled, pull, fraction, gravity, dt)
        distance *= level_share
        curvature *= fraction
        yaw_change = curvature * distance
        chord = distance if abs(yaw_change) < 1e-9 else 2.0 * math.sin(yaw_change / 2.0) / curvature
        self.x += chord * math.cos(self.yaw + yaw_change / 2.0)
        self.y += chord * math.sin(self.yaw + yaw_change / 2.0)
        self.yaw = wrap_angle(self.yaw + yaw_change)
        curvature = self._curvature(self.steering)
        fraction = self._friction_fraction(self._demand, self.speed**2 * curvature)
        self.tyre_acceleration = self._demand * fraction
        self.acceleration = self.tyre_acceleration + gravity
        if self.speed == 0.0 and self.acceleration < 0.0:  # uphill, the brakes hold the car
            self.acceleration, self.tyre_acceleration = 0.0, -gravity
        self.yaw_rate = self.speed * curvature * fraction

    def state(self, station: float, lateral: float, body: BodyMotion) -> EgoState:
        """Return the present state, completed by the position on the road [m] and the motion of the body."""
        return EgoState(
            x=self.x, y=self.y, yaw=self.yaw, speed=self.speed, acceleration=self.acceleration,
            steering=self.steering, yaw_rate=self.yaw_rate, station=station, lateral=lateral,
            brake_lamp=self.acceleration < -_BRAKE_LAMP_DECELERATION or self.speed < STATIONARY_SPEED,
            body_pitch=body.pitch, body_roll=body.roll,
        )  # fmt: skip

    def _clamp(self, control: Control) -> tuple[float, float]:
        car = self.car
        if not (math.isfinite(control.steering) and math.isfinite(control.acceleration)):
            self.clamped += 1
            return self._last_steering_command, _FALLBACK_BRAKING * car.min_acceleration
        steering = min(max(control.steering, -car.max_steering), car.max_steering)
        acceleration = min(max(control.acceleration, car.min_acceleration), car.max_acceleration)
        excess = abs(control.steering - steering) / car.max_steering
        excess = max(excess, abs(control.acceleration - acceleration) / car.max_acceleration)
        self.clamped += excess > _TOLERANCE
        return steering, acceleration

    def _steer(self, command: float, dt: float) -> None:
        change = (command - self.steering) * -math.expm1(-dt / self.car.steering_lag)
        max_change = self.car.max_steering_rate * dt
        self.steering += min(max(change, -max_change), max_change)

    def _advance(
        self, command: float, start: float, settled: float, speed_change: float, fraction: float,
        gravity: float, dt: float,
    ) -> float:  # fmt: skip
        """Update the speed to the end of the step and return the distance covered [m].

        Args:
            command: Commanded acceleration, towards which the demand converges [m/s²].
            start: Acceleration demanded at the start of the step [m/s²].
            settled: Fraction of the way from ``start`` to ``command`` at the end of the step, 0 to 1.
            speed_change: Change of the speed over the step by tyres and gravity [m/s].
            fraction: Fraction of the demand that the tyres transmit, 0 to 1.
            gravity: Acceleration by gravity, positive downhill [m/s²].
            dt: Duration of the step [s].
        """
        lag, speed = self.car.acceleration_lag, self.speed
        if speed + speed_change > 0.0:
            self.speed = speed + speed_change
            distance = command * dt * dt / 2.0 + (start - command) * lag * (dt - lag * settled)
            return speed * dt + fraction * distance + gravity * dt * dt / 2.0
        self.speed = 0.0
        # brakes hold the car, they do not accelerate it backwards
        self._demand = max(self._demand, -gravity if gravity > 0.0 else 0.0)
        return speed * speed * dt / (-2.0 * speed_change) if speed_change < 0.0 else 0.0

    def _curvature(self, steering: float) -> float:
        """Curvature of the path at a steering angle without slip, tan(δ) / L [1/m]."""
        return math.tan(steering) / self.car.wheelbase

    def _friction_fraction(self, longitudinal: float, lateral: float) -> float:
        """Fraction (0, 1] of a demanded acceleration [m/s²] that the friction circle allows."""
        demanded = math.hypot(longitudinal, lateral)
        return 1.0 if demanded <= self._grip_here else self._grip_here / demanded
