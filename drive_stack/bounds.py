"""Allowed ranges of settings: wide enough for any study, and safe from division by zero and endless loops."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Duration = Annotated[float, Field(ge=0.0, le=600.0)]  # [s]
PositiveDuration = Annotated[float, Field(ge=0.01, le=600.0)]  # [s]
PlanHorizon = Annotated[float, Field(ge=2.0, le=20.0)]  # [s]
TimeStep = Annotated[float, Field(ge=0.05, le=1.0)]  # [s]
PlanStep = Annotated[float, Field(ge=0.05, le=0.2)]  # at least ten instants in any horizon [s]
Distance = Annotated[float, Field(ge=0.0, le=5000.0)]  # [m]
PositiveDistance = Annotated[float, Field(ge=0.01, le=5000.0)]  # [m]
Speed = Annotated[float, Field(ge=0.0, le=100.0)]  # [m/s]
PositiveSpeed = Annotated[float, Field(ge=0.01, le=100.0)]  # [m/s]
Acceleration = Annotated[float, Field(ge=0.01, le=50.0)]  # magnitude [m/s²]
Braking = Annotated[float, Field(ge=-50.0, le=-0.01)]  # a negative acceleration [m/s²]
Jerk = Annotated[float, Field(ge=0.01, le=1000.0)]  # magnitude [m/s³]
Pixels = Annotated[float, Field(ge=0.0, le=10_000.0)]
Threads = Annotated[int, Field(ge=1, le=64)]
Workers = Annotated[int, Field(ge=1, le=1024)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Batch = Annotated[int, Field(ge=1, le=65_536)]
Frames = Annotated[int, Field(ge=1, le=100_000_000)]
TorchSeed = Annotated[int, Field(ge=0, le=2**32 - 1)]
