"""Statistics of features, computed from batches without keeping their values."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from drive_stack.types import FloatArray


class FeatureStatistics(TypedDict):
    """Statistics of a feature as ``meta/stats.json`` has them; for images nested lists of shape (3, 1, 1)."""

    min: list[object]
    max: list[object]
    mean: list[object]
    std: list[object]
    count: list[int]


class RunningStatistics:
    """Minimum, maximum, mean and standard deviation of each component of a feature.

    Means and squared deviations of batches are combined by Chan et al. (1979), "Updating formulae and a
    pairwise algorithm for computing sample variances", equation 1.5.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Statistics without values yet, with results of the given shape."""
        self._shape = shape
        size = int(np.prod(shape))
        self._count, self._frames = 0, 0
        self._mean, self._squares = np.zeros(size), np.zeros(size)
        self._min, self._max = np.full(size, np.inf), np.full(size, -np.inf)

    def update(self, values: FloatArray, frames: int) -> None:
        """Add values (N, C) that come from so many frames."""
        batch = RunningStatistics(self._shape)
        batch._count, batch._frames = len(values), frames
        batch._mean = values.mean(axis=0)
        batch._squares = ((values - batch._mean) ** 2).sum(axis=0)
        batch._min, batch._max = values.min(axis=0), values.max(axis=0)
        self.merge(batch)

    def merge(self, other: RunningStatistics) -> None:
        """Add all values that ``other`` has received."""
        count = self._count + other._count
        if count == 0:
            return
        step = other._mean - self._mean
        self._mean = self._mean + step * other._count / count
        self._squares = self._squares + other._squares + step**2 * self._count * other._count / count
        self._min, self._max = np.minimum(self._min, other._min), np.maximum(self._max, other._max)
        self._count, self._frames = count, self._frames + other._frames

    def result(self) -> FeatureStatistics:
        """The statistics of all values; the count is that of frames."""
        deviation = np.sqrt(self._squares / self._count)
        return {
            "min": self._min.reshape(self._shape).tolist(),
            "max": self._max.reshape(self._shape).tolist(),
            "mean": self._mean.reshape(self._shape).tolist(),
            "std": deviation.reshape(self._shape).tolist(),
            "count": [self._frames],
        }
