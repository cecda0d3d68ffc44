"""What is remembered of the neighbouring lanes and of where lanes end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import FloatArray

SUREST = 4.0  # log-odds beyond which evidence no longer adds up
FADING = 0.9  # of old evidence, per step
NEVER = float("inf")


class Belief:
    """Probabilities that build up over images, by adding faded log-odds."""

    def __init__(self, size: int) -> None:
        self._odds = np.zeros(size)

    @property
    def likely(self) -> tuple[bool, ...]:
        """Which are more likely than not."""
        return tuple(bool(odds > 0.0) for odds in self._odds)

    def learn(self, probability: FloatArray) -> None:
        """Take in one image's probabilities."""
        bounded = np.clip(probability, 0.05, 0.95)
        evidence = np.log(bounded / (1.0 - bounded))
        self._odds = np.clip(FADING * self._odds + 0.5 * evidence, -SUREST, SUREST)

    def move(self, source: tuple[int | None, ...], fresh: float) -> None:
        """Entry i becomes what ``source[i]`` was, or log-odds ``fresh`` where that is None."""
        self._odds = np.array([fresh if index is None else self._odds[index] for index in source])


@dataclass(frozen=True, slots=True)
class _End:
    distance: float
    weight: float


class LaneEnds:
    """Where the left, ego and right lane end: sightings averaged while the ego drives towards them."""

    def __init__(self) -> None:
        self._belief = Belief(3)
        self._ends: list[_End] = [_End(0.0, 0.0)] * 3

    def distances(self) -> tuple[float, ...]:
        """Distance to each lane's end [m], inf where none is believed in."""
        return tuple(
            end.distance if likely else NEVER
            for end, likely in zip(self._ends, self._belief.likely, strict=True)
        )

    def predict(self, travelled: float) -> None:
        """The ego drove on by ``travelled`` [m]."""
        self._ends = [_End(end.distance - travelled, end.weight) for end in self._ends]

    def learn(self, probability: FloatArray, distance: FloatArray) -> None:
        """Take in one image's probabilities and distances [m]."""
        self._belief.learn(probability)
        for index, (chance, seen) in enumerate(zip(probability, distance, strict=True)):
            old = self._ends[index]
            if chance < 0.5:
                self._ends[index] = _End(old.distance, FADING * old.weight)
                continue
            weight = min(old.weight + 1.0, 5.0)
            self._ends[index] = _End(old.distance + (float(seen) - old.distance) / weight, weight)

    def enter(self, side: int) -> None:
        """Count from the lane on the left (+1) or right (−1) from now on."""
        source: tuple[int | None, ...] = (None, 0, 1) if side > 0 else (1, 2, None)
        self._belief.move(source, -1.0)
        self._ends = [_End(0.0, 0.0) if index is None else self._ends[index] for index in source]
