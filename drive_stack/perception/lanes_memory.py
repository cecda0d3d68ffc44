"""Filters over time for the existence of adjacent lanes, crossable lines and the ends of lanes."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

MAX_LOG_ODDS = 4.0  # limit of accumulated log-odds
DECAY = 0.9  # factor of old evidence in each step
CELL_LENGTH = 2.0  # length of a cell along the road [m]
NO_END_PRIOR = 0.98  # prior probability that a lane has no end in range
DOUBTFUL_NO_END = 0.5  # an image is evidence for an end where it gives a lower probability to no end
FORGET_RATE = 0.02  # fraction by which the belief returns to the prior in each step
INDEPENDENCE = 0.3  # exponent of the likelihood: the evidence of consecutive images is correlated
KNOWN_LOG_ODDS = 0.5  # absolute log-odds from which the type of a line is known


class LogOddsFilter:
    """Independent binary probabilities, accumulated over images as log-odds with decay."""

    def __init__(self, size: int) -> None:
        self._log_odds = np.zeros(size)

    @property
    def likely(self) -> tuple[bool, ...]:
        """For each entry, whether its probability is above one half."""
        return tuple(bool(log_odds > 0.0) for log_odds in self._log_odds)

    def update(self, probability: FloatArray) -> None:
        """Update with the probabilities (size,) of one image."""
        bounded = np.clip(probability, 0.05, 0.95)
        evidence = np.log(bounded / (1.0 - bounded))
        self._log_odds = np.clip(DECAY * self._log_odds + 0.5 * evidence, -MAX_LOG_ODDS, MAX_LOG_ODDS)

    def reassign(self, source: tuple[int | None, ...], initial: float) -> None:
        """Set entry i to the former entry ``source[i]``, or to the log-odds ``initial`` for None."""
        self._log_odds = np.array([initial if index is None else self._log_odds[index] for index in source])


class CrossableLines:
    """Where the lines of the ego lane may be crossed: log-odds in cells along the road.

    The image starts some metres ahead of the ego, so the cells between are remembered while the ego drives
    over them.
    """

    def __init__(self, max_range: float = 60.0) -> None:
        self._ahead = np.arange(0.0, max_range + CELL_LENGTH, CELL_LENGTH)
        self._log_odds = np.zeros((2, len(self._ahead)))

    @property
    def at_ego(self) -> tuple[bool, ...]:
        """Whether the left and the right line may be crossed, from the nearest cell whose state is known."""
        known = np.abs(self._log_odds) > KNOWN_LOG_ODDS
        nearest = known.argmax(axis=1)
        return tuple(
            bool(row[cell] > KNOWN_LOG_ODDS) for row, cell in zip(self._log_odds, nearest, strict=True)
        )

    def predict(self, travelled: float) -> None:
        """Propagate over a distance ``travelled`` [m] of the ego."""
        shifted = self._ahead + travelled
        self._log_odds = np.stack([np.interp(shifted, self._ahead, row, right=0.0) for row in self._log_odds])

    def update(self, probability: FloatArray, anchors: FloatArray) -> None:
        """Update with the probabilities ``(2, R)`` of one image at ``anchors`` (R,) [m]."""
        bounded = np.clip(probability, 0.05, 0.95)
        evidence = np.log(bounded / (1.0 - bounded))
        observed = self._ahead >= anchors[0] - CELL_LENGTH
        for row, log_odds in zip(evidence, self._log_odds, strict=True):
            log_odds[observed] += 0.4 * np.interp(self._ahead[observed], anchors, row)
        self._log_odds = np.clip(self._log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)

    def change_lane(self, side: int) -> None:
        """Make the lane on the left (+1) or right (−1) the ego lane. Its outer line is not known yet."""
        crossed = self._log_odds[0 if side > 0 else 1]
        initial = np.zeros_like(crossed)
        self._log_odds = np.stack([initial, crossed] if side > 0 else [crossed, initial])


class LaneEnds:
    """Distances to the ends of the left, ego and right lane.

    A histogram filter (Thrun, Burgard & Fox, 2005, 4.1) over cells ahead and over the state that there is no
    end.
    """

    def __init__(self, max_range: float) -> None:
        self._ahead = np.arange(0.0, max_range, CELL_LENGTH)
        self._prior, self._doubtful = (self._uniform(no_end) for no_end in (NO_END_PRIOR, DOUBTFUL_NO_END))
        self._probability = np.tile(self._prior, (3, 1))

    def _uniform(self, no_end: float) -> FloatArray:
        """Equal probabilities of an end in every cell, and the probability ``no_end`` of none."""
        return np.append(np.full(len(self._ahead), (1.0 - no_end) / len(self._ahead)), no_end)

    def distances(self) -> tuple[float, ...]:
        """Median distance to the end of each lane [m]; inf where no end is more likely."""
        return tuple(self._median(row) for row in self._probability)

    def _median(self, probability_row: FloatArray) -> float:
        if probability_row[-1] > 0.5:
            return float("inf")
        cumulative = np.cumsum(probability_row[:-1])
        return float(np.interp(0.5 * cumulative[-1], cumulative, self._ahead))

    def predict(self, travelled: float) -> None:
        """Propagate over a distance ``travelled`` [m] of the ego. An end that is passed becomes no end.

        New cells at the far edge get the probability of the last one. Otherwise an end that arrows announce
        long before would seem to come near.
        """
        shifted = self._ahead + travelled
        for row in self._probability:
            passed = row[:-1][self._ahead < travelled].sum()
            row[:-1] = np.interp(shifted, self._ahead, row[:-1])
            row[-1] += passed
        self._probability += FORGET_RATE * (self._prior - self._probability)
        self._probability /= self._probability.sum(axis=1, keepdims=True)

    def update(self, probability: FloatArray, anchors: FloatArray) -> None:
        """Update with one image's probabilities ``(3, R + 2)``: at each anchor [m], beyond them, no end."""
        density = probability[:, :-2] / np.gradient(anchors)
        range_beyond = self._ahead[-1] + CELL_LENGTH - anchors[-1]
        for row, at_anchors, remainder in zip(self._probability, density, probability[:, -2:], strict=True):
            in_cells = np.interp(self._ahead, anchors, at_anchors)
            in_cells[self._ahead > anchors[-1]] = remainder[0] / range_beyond
            observed = np.append(CELL_LENGTH * in_cells, remainder[1])
            # errors of consecutive images are correlated, so each image counts less
            likelihood = (observed / self._doubtful + 0.02) ** INDEPENDENCE
            np.multiply(row, likelihood, out=row)
        self._probability /= self._probability.sum(axis=1, keepdims=True)

    def change_lane(self, side: int) -> None:
        """Make the lane on the left (+1) or right (−1) the ego lane."""
        left, ego, right = self._probability
        initial = self._prior.copy()
        self._probability = np.stack([initial, left, ego] if side > 0 else [ego, right, initial])
