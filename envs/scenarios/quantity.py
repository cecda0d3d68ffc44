"""Numbers of a scenario file: fixed, uniform in a range, or one of several choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from drive_stack.config import StrictModel

MAX_DECELERATION = 9.81  # of a scripted brake manoeuvre [m/s²]


class Quantity(StrictModel):
    """A number, ``{min: …, max: …}`` (uniform) or ``{choices: […]}`` (equally likely)."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None
    choices: tuple[FiniteFloat, ...] = Field(default=(), description="one of these")

    @model_validator(mode="before")
    @classmethod
    def _accept_number(cls, value: object) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"choices": (value,)}
        if not isinstance(value, dict | Quantity):
            raise ValueError("expected a number, {min: …, max: …} or {choices: […]}")
        return value

    @model_validator(mode="after")
    def _exactly_one_form(self) -> Quantity:
        ranged = self.min is not None and self.max is not None
        partly = (self.min is None) != (self.max is None)
        if partly or ranged == bool(self.choices):
            raise ValueError("give a number, both min and max, or choices")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Minimum and maximum value that can be drawn."""
        if self.min is not None and self.max is not None:
            return self.min, self.max
        return min(self.choices), max(self.choices)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value.

        A number is always taken from ``rng``, even for a fixed value, so that later draws do not change.
        """
        fraction = float(rng.random())
        if self.min is not None and self.max is not None:
            return self.min + (self.max - self.min) * fraction
        return self.choices[min(int(fraction * len(self.choices)), len(self.choices) - 1)]


def fixed(value: float) -> Quantity:
    """Return a quantity that is always ``value``."""
    return Quantity(choices=(value,))


def between(low: float, high: float) -> Quantity:
    """Return a quantity that is uniform in ``low`` … ``high``."""
    return Quantity(min=low, max=high)


@dataclass(frozen=True, slots=True)
class Within:
    """Requires all values of a quantity to be within ``low`` … ``high``."""

    low: float
    high: float

    def __call__(self, quantity: Quantity) -> Quantity:
        """Return the quantity; raises `ValueError` for a value outside."""
        minimum, maximum = quantity.bounds
        if minimum < self.low or maximum > self.high:
            raise ValueError(f"must lie within {self.low:g} … {self.high:g}")
        return quantity


def within(low: float, high: float) -> AfterValidator:
    """Return a validator that requires all values of a quantity to be within ``low`` … ``high``."""
    return AfterValidator(Within(low, high))


def _check_whole(quantity: Quantity) -> Quantity:
    if any(value != round(value) for value in (*quantity.bounds, *quantity.choices)):
        raise ValueError("must be whole numbers")
    return quantity


WHOLE = AfterValidator(_check_whole)

Distance: TypeAlias = Annotated[Quantity, within(0.0, 5000.0)]  # [m]
Clearance: TypeAlias = Annotated[Quantity, within(0.0, 20.0)]  # [m]
Offset: TypeAlias = Annotated[Quantity, within(-20.0, 20.0)]  # [m]
SolidSize: TypeAlias = Annotated[Quantity, within(0.2, 3.0)]  # [m]
Angle: TypeAlias = Annotated[Quantity, within(-20.0, 20.0)]  # [°]
Turn: TypeAlias = Annotated[Quantity, within(-180.0, 180.0)]  # [°]
Bearing: TypeAlias = Annotated[Quantity, within(-180.0, 180.0)]  # [°]
Elevation: TypeAlias = Annotated[Quantity, within(1.0, 80.0)]  # of the sun [°]
Duration: TypeAlias = Annotated[Quantity, within(0.0, 600.0)]  # [s]
Fraction: TypeAlias = Annotated[Quantity, within(0.0, 1.0)]
SpeedKmh: TypeAlias = Annotated[Quantity, within(0.0, 130.0)]
DrivingSpeedKmh: TypeAlias = Annotated[Quantity, within(1.0, 130.0)]  # of moving vehicles
WalkingSpeedKmh: TypeAlias = Annotated[Quantity, within(0.0, 40.0)]
CrossingSpeedKmh: TypeAlias = Annotated[Quantity, within(0.5, 40.0)]  # positive, so that a crossing ends
SpeedLimitKmh: TypeAlias = Annotated[Quantity, within(30.0, 130.0)]
Deceleration: TypeAlias = Annotated[Quantity, within(0.5, MAX_DECELERATION)]  # [m/s²], positive
Density: TypeAlias = Annotated[Quantity, within(0.0, 150.0)]  # [vehicles / km / lane]
Count: TypeAlias = Annotated[Quantity, WHOLE, within(0.0, 40.0)]  # a draw from a range is rounded
