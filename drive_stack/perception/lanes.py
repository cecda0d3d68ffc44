"""The lanes from the camera image: network, then filter over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drive_stack.perception.lanes_filter import ShapeFilter
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_memory import Belief, CrossableLines, LaneEnds
from drive_stack.perception.lanes_network import END_RANGE, LaneSighting
from drive_stack.perception.lanes_shape import (
    CURVATURES,
    HEADING,
    LEFT_WIDTH,
    OFFSET,
    RIGHT_WIDTH,
    STATIONS,
    WIDTH,
    boundaries,
    lane_path,
    lateral_spread,
)
from drive_stack.types import AdjacentLane, FloatArray, Image, LaneEstimate


class LaneSight(Protocol):
    """Sees lanes in one image."""

    @property
    def grid(self) -> GroundGrid:
        """Where it looks."""
        ...

    def see(self, image: Image) -> LaneSighting:
        """The evidence in ``image``."""
        ...


@dataclass(frozen=True, slots=True)
class LaneTuning:
    """When to trust what."""

    another_lane: float = 0.6  # widths by which the network's lane must differ to be another one
    overlap: float = 0.08  # the ego changes lane so far beyond the line [m]
    agreement: float = 0.4  # less than this share agreeing counts against the filter
    patience: int = 4  # such images in a row until it starts afresh
    path_spread: float = 0.9  # the path is given out to where it is known so well [m]
    path_range: tuple[float, float] = (30.0, 120.0)
    bends_known: float = 40.0  # ahead; farther ones are not relied on without images [m]
    vouched_at: float = 20.0  # ahead, where the confidence is judged [m]
    vouched_spread: float = 0.45  # spread at which the confidence has fallen to 1/e [m]
    sight_gain: float = 0.25  # of one image's distinctness in that of the last ones
    sight_power: float = 4.0  # fitted on blurred pictures: confidence is then near the share of good offsets


class FilteredLanes:
    """A `LaneDetector`: sightings filtered over time by the ego's motion."""

    def __init__(self, sight: LaneSight, dt: float, tuning: LaneTuning | None = None) -> None:
        self._sight, self._dt = sight, dt
        self._tuning = tuning or LaneTuning()
        self._anchors = sight.grid.anchors
        self.reset()

    def reset(self) -> None:
        """Forget the road."""
        self._filter = ShapeFilter()
        self._neighbours, self._crossable, self._ends = Belief(2), CrossableLines(), LaneEnds(END_RANGE)
        self._started, self._disagreed, self._agreement, self._distinct = False, 0, 0.0, 0.0
        self._seeing = False  # whether there was an image in the last step
        self._network_lane = 0  # lanes by which the network last counted left (+) of the filter

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:
        """The lanes now; ``speed`` [m/s] and ``yaw_rate`` [rad/s] are those since the last step.

        Without an image the road is carried on by the ego's motion.
        """
        if self._started:
            self._filter.predict(speed * self._dt, yaw_rate * self._dt)
            self._crossable.predict(speed * self._dt)
            self._ends.predict(speed * self._dt)
        if image is not None:
            self._take_in(self._sight.see(image))
        elif self._seeing:
            self._filter.bend_on(self._tuning.bends_known)
        self._seeing = image is not None
        self._settle()
        return self._estimate()

    def _take_in(self, sighting: LaneSighting) -> None:
        shift = self._network_lane = self._shift(sighting.y)
        y, sigma = _shifted(sighting.y, shift, np.nan), _shifted(sighting.sigma, shift, 1.0)
        agreement = self._filter.update(self._anchors, y, sigma, rounds=3 if self._started else 8)
        seen, was_started = bool(np.isfinite(y).any()), self._started
        self._started |= seen
        self._agreement += 0.4 * (agreement - self._agreement)
        gain = self._tuning.sight_gain if was_started else 1.0
        self._distinct += gain * (sighting.sight - self._distinct)
        self._disagreed = self._disagreed + 1 if seen and agreement < self._tuning.agreement else 0
        if self._disagreed >= self._tuning.patience:
            self._disagreed = 0
            self._filter.reset()
            self._filter.update(self._anchors, sighting.y, sighting.sigma, rounds=8)
        if shift == 0 and seen:
            self._neighbours.learn(sighting.neighbour)
            self._crossable.learn(sighting.crossable, self._anchors)
            self._ends.learn(sighting.ends, self._anchors)

    def _shift(self, y: FloatArray) -> int:
        """+1 where the network counts from the lane on the filter's left, −1 the right, else 0."""
        if not self._started:
            return 0
        both = np.isfinite(y[1]) & np.isfinite(y[2])
        if not both.any():
            return 0
        near = np.flatnonzero(both)[:12]
        expected = boundaries(self._filter.mean[None], self._anchors[near])[0]
        apart = float(np.median((y[1] + y[2])[near] - (expected[1] + expected[2]))) / 2.0
        limit = self._tuning.another_lane * float(self._filter.mean[WIDTH])
        return int(apart > limit) - int(apart < -limit)

    def _settle(self) -> None:
        """Count from the neighbouring lane once the ego is over the line."""
        over = abs(float(self._filter.mean[OFFSET])) - 0.5 * float(self._filter.mean[WIDTH])
        if over <= self._tuning.overlap:
            return
        side = 1 if self._filter.mean[OFFSET] > 0.0 else -1
        if self._network_lane != side and not self._neighbours.likely[0 if side > 0 else 1]:
            return  # off the road's edge there is no lane to count from
        self._filter.enter(side)
        left_to_right: tuple[int | None, int | None] = (None, 0) if side > 0 else (1, None)
        self._neighbours.move(left_to_right, 0.0)
        was_left = np.array([0.5, 0.5])
        was_left[1 if side > 0 else 0] = 0.95  # the lane that was left exists
        self._neighbours.learn(was_left)
        self._crossable.enter(side)
        self._ends.enter(side)

    def _estimate(self) -> LaneEstimate:
        mean, tuning = self._filter.mean, self._tuning
        spread = lateral_spread(self._filter.covariance)
        known = STATIONS[(spread < tuning.path_spread) & (STATIONS >= 0.0)]
        reach = float(np.clip(known.max(initial=0.0), *tuning.path_range))
        left_ends, ends, right_ends = self._ends.distances()
        return LaneEstimate(
            offset=float(mean[OFFSET]),
            heading=float(mean[HEADING]),
            curvature=float(mean[CURVATURES][0]),
            width=float(mean[WIDTH]),
            path=lane_path(mean, reach),
            left=self._adjacent(0, float(mean[LEFT_WIDTH]), left_ends),
            right=self._adjacent(1, float(mean[RIGHT_WIDTH]), right_ends),
            confidence=self._confidence(spread),
            ends_in=max(ends, 0.0),
        )

    def _adjacent(self, index: int, width: float, ends_in: float) -> AdjacentLane:
        if not self._neighbours.likely[index]:
            return AdjacentLane(exists=False, enterable=False, width=0.0)
        enterable = self._crossable.here[index]
        return AdjacentLane(exists=True, enterable=enterable, width=width, ends_in=max(ends_in, 0.0))

    def _confidence(self, spread: FloatArray) -> float:
        """How well the path just ahead is known, whether lines show now, and whether they agree with it."""
        if not self._started:
            return 0.0
        here = float(np.interp(self._tuning.vouched_at, STATIONS, spread))
        known = float(np.exp(-((here / self._tuning.vouched_spread) ** 2)))
        shown = float(np.power(self._distinct, self._tuning.sight_power))
        return known * shown * min(1.0, self._agreement / 0.6 + 0.35)


def _shifted(values: FloatArray, shift: int, fill: float) -> FloatArray:
    """Rows of the four boundaries as the filter counts them, when the network is ``shift`` lanes left."""
    if shift == 0:
        return values
    moved = np.full_like(values, fill)
    if shift > 0:
        moved[:-1] = values[1:]
    else:
        moved[1:] = values[:-1]
    return moved
