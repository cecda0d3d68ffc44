"""Possible trajectories of objects."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.types.arrays import FloatArray
from drive_stack.types.objects import Track


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible future trajectory of an object."""

    name: str  # "keeps lane", "changes left", "crosses", …
    probability: float
    positions: FloatArray  # (T, 2) centre, in the ego frame of the present step [m]
    headings: FloatArray  # (T,) [rad]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Possible positions of a track over the next seconds."""

    track: Track
    times: FloatArray  # (T,) from now [s]
    hypotheses: tuple[Hypothesis, ...]  # their probabilities add up to 1
