"""What is remembered of the neighbouring lanes and of where lanes end."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

SUREST = 4.0  # log-odds beyond which evidence no longer adds up
FADING = 0.9  # of old evidence, per step
CELL = 2.0  # of what is remembered along the road [m]
NO_END = 0.98  # how likely a lane goes on, before anything is seen
DOUBTED_NO_END = 0.5  # a picture speaks for an end where it gives no end less than this
FORGETTING = 0.02  # of what is known of ends, per step
INDEPENDENCE = 0.3  # of one image's evidence from the one before
KNOWN = 0.5  # log-odds from which a line's kind counts as known


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


class CrossableLines:
    """Where the ego lane's lines may be crossed: log-odds in cells ahead, that stay where they are on
    the road while the ego drives over them; the picture begins some metres ahead of the ego."""

    def __init__(self, reach: float = 60.0) -> None:
        self._ahead = np.arange(0.0, reach + CELL, CELL)
        self._odds = np.zeros((2, len(self._ahead)))

    @property
    def here(self) -> tuple[bool, ...]:
        """Whether the left, right line may be crossed: as the nearest cell says that is known."""
        known = np.abs(self._odds) > KNOWN
        nearest = known.argmax(axis=1)
        return tuple(bool(row[cell] > KNOWN) for row, cell in zip(self._odds, nearest, strict=True))

    def predict(self, travelled: float) -> None:
        """The ego drove on by ``travelled`` [m]."""
        there = self._ahead + travelled
        self._odds = np.stack([np.interp(there, self._ahead, row, right=0.0) for row in self._odds])

    def learn(self, probability: FloatArray, anchors: FloatArray) -> None:
        """Take in one image's probabilities ``(2, R)`` at ``anchors`` [m]."""
        bounded = np.clip(probability, 0.05, 0.95)
        evidence = np.log(bounded / (1.0 - bounded))
        seen = self._ahead >= anchors[0] - CELL
        for row, odds in zip(evidence, self._odds, strict=True):
            odds[seen] += 0.4 * np.interp(self._ahead[seen], anchors, row)
        self._odds = np.clip(self._odds, -SUREST, SUREST)

    def enter(self, side: int) -> None:
        """Count from the lane on the left (+1) or right (−1): its far line is not known yet."""
        crossed = self._odds[0 if side > 0 else 1]
        fresh = np.zeros_like(crossed)
        self._odds = np.stack([fresh, crossed] if side > 0 else [crossed, fresh])


class LaneEnds:
    """Where the left, ego and right lane end: a histogram filter (Thrun, Burgard & Fox, 2005, 4.1) over
    cells ahead, and over there being no end."""

    def __init__(self, reach: float) -> None:
        self._ahead = np.arange(0.0, reach, CELL)
        self._prior, self._doubted = (self._evenly(none) for none in (NO_END, DOUBTED_NO_END))
        self._chance = np.tile(self._prior, (3, 1))

    def _evenly(self, none: float) -> FloatArray:
        """Chances of an end in each cell, alike, and of none."""
        return np.append(np.full(len(self._ahead), (1.0 - none) / len(self._ahead)), none)

    def distances(self) -> tuple[float, ...]:
        """Distance to each lane's end [m], inf where none is more likely than one."""
        return tuple(self._median(row) for row in self._chance)

    def _median(self, chance: FloatArray) -> float:
        if chance[-1] > 0.5:
            return float("inf")
        passed = np.cumsum(chance[:-1])
        return float(np.interp(0.5 * passed[-1], passed, self._ahead))

    def predict(self, travelled: float) -> None:
        """The ego drove on by ``travelled`` [m]; an end that is passed is none.

        Ends come into reach as likely as they are at its edge: else those announced by arrows long
        before would seem to draw near.
        """
        there = self._ahead + travelled
        for row in self._chance:
            passed = row[:-1][self._ahead < travelled].sum()
            row[:-1] = np.interp(there, self._ahead, row[:-1])
            row[-1] += passed
        self._chance += FORGETTING * (self._prior - self._chance)
        self._chance /= self._chance.sum(axis=1, keepdims=True)

    def learn(self, probability: FloatArray, anchors: FloatArray) -> None:
        """Take in one image's probabilities ``(3, R + 2)``: at the anchors [m], beyond, none."""
        density = probability[:, :-2] / np.gradient(anchors)
        far = self._ahead[-1] + CELL - anchors[-1]
        for row, at_anchors, rest in zip(self._chance, density, probability[:, -2:], strict=True):
            there = np.interp(self._ahead, anchors, at_anchors)
            there[self._ahead > anchors[-1]] = rest[0] / far
            seen = np.append(CELL * there, rest[1])
            # pictures that follow one another err alike: each counts for less than one
            likelihood = (seen / self._doubted + 0.02) ** INDEPENDENCE
            np.multiply(row, likelihood, out=row)
        self._chance /= self._chance.sum(axis=1, keepdims=True)

    def enter(self, side: int) -> None:
        """Count from the lane on the left (+1) or right (−1) from now on."""
        left, ego, right = self._chance
        fresh = self._prior.copy()
        self._chance = np.stack([fresh, left, ego] if side > 0 else [ego, right, fresh])
