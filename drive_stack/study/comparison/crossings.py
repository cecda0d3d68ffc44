"""From how much data, labels or computing on does one arm drive better than another?

Of a pair, the *incumbent* is the arm that is expected to be better with little data, and the *challenger* the
one that may overtake it. A bootstrap replicate has one position: the start of the challenger's last
uninterrupted lead that holds at the end of the range. It is 0 if the challenger leads over the whole range.
If it does not lead at the end of the range, the position is the first amount beyond it at which it overtakes,
and infinity if there is none. A lead that is lost again within the range does not count. Quantiles of the
positions are therefore 0 or infinity where the data do not bound them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.config import Axis
from drive_stack.study.costs import CostMap, common_range
from drive_stack.study.resampling import TAILS, CurveSample
from drive_stack.types import FloatArray

_RANGE_POINTS, _EXTRAPOLATION_POINTS = 300, 400  # amounts at which the curves are compared
# Where the amounts at which both arms were measured span less, costs differ by the noise of their measurement
# and by slowly growing updates rather than by the amount of data. Neighbouring sizes differ by this factor.
MIN_SPAN = 2.0


class Verdict(StrEnum):
    """What the interval of a crossing says; the rule stands in docs/study/protocol.md."""

    LEADS = "leads over the whole range"
    OVERTAKES = "overtakes within the range"
    AHEAD_AT_END = "overtakes within the range, or leads over the whole of it"
    DOES_NOT = "does not overtake within the range"
    UNDECIDED = "too wide to say"


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the challenger overtakes the incumbent on one axis, in the axis's unit."""

    axis: Axis
    incumbent: str
    challenger: str
    range: tuple[float, float]  # amounts at which both were measured
    estimate: float  # of the fits to all drives
    position: Estimate  # median and interval of the replicates
    never_in_range: float  # probability that the two curves do not cross within the range
    never: float  # the same, up to the limit of the extrapolation
    ahead_from_start: float  # probability that the challenger is better at the start of the range

    @property
    def verdict(self) -> Verdict:
        """By the interval of the position: before the range, inside it, beyond it, or on both sides."""
        if self.position.high == 0.0:
            return Verdict.LEADS
        if self.position.high <= self.range[1]:
            return Verdict.OVERTAKES if self.position.low > 0.0 else Verdict.AHEAD_AT_END
        return Verdict.DOES_NOT if self.position.low > self.range[1] else Verdict.UNDECIDED


@dataclass(frozen=True, slots=True)
class NoCrossing:
    """Why a crossing makes no sense on an axis."""

    axis: Axis
    incumbent: str
    challenger: str
    reason: str


class FailureCurves(Protocol):
    """B curves of failure against rows."""

    def failure(self, sizes: FloatArray, /) -> FloatArray:
        """Failure probabilities (B, G) at numbers of rows (G,)."""
        ...


@dataclass(frozen=True, slots=True)
class Competitor:
    """An arm with its curves and its costs on an axis; without costs where they do not grow with the data."""

    arm: str
    best: FailureCurves  # one curve, of all drives
    drawn: FailureCurves  # of each replicate
    costs: CostMap | None

    @classmethod
    def fitted(cls, arm: str, sample: CurveSample, costs: CostMap | None) -> Competitor:
        """An arm with fitted curves."""
        return cls(arm, CurveSample.of_fit(sample.fit).curves, sample.curves, costs)


def find_crossing(
    axis: Axis, incumbent: Competitor, challenger: Competitor, extrapolation: float
) -> Crossing | NoCrossing:
    """Find where the challenger overtakes the incumbent.

    Args:
        axis: what is on the horizontal axis.
        incumbent: an arm, resampled with the same courses as the challenger.
        challenger: the other arm.
        extrapolation: up to which factor beyond the range a crossing is searched for.
    """
    pair = incumbent.arm, challenger.arm
    if axis is Axis.DECISION_MS:
        return NoCrossing(axis, *pair, "the time of a decision does not depend on the amount of data")
    if incumbent.costs is None or challenger.costs is None:
        arm = incumbent.arm if incumbent.costs is None else challenger.arm
        return NoCrossing(axis, *pair, f"{arm} costs nothing more on this axis with more data")
    low, high = common_range(incumbent.costs, challenger.costs)
    if low >= high:
        return NoCrossing(axis, *pair, "the two arms were measured at no common amount")
    if high < MIN_SPAN * low:
        return NoCrossing(
            axis,
            *pair,
            f"the amounts at which both arms were measured differ by less than {MIN_SPAN:g} times",
        )
    inside = np.geomspace(low, high, _RANGE_POINTS)
    beyond = np.geomspace(high, high * extrapolation, _EXTRAPOLATION_POINTS)
    amounts, end = np.append(inside, beyond[1:]), len(inside) - 1
    rows = incumbent.costs.rows(amounts), challenger.costs.rows(amounts)
    leads = _leads((incumbent.drawn, challenger.drawn), rows)
    positions = lasting_overtaking(amounts, leads, end)
    estimate = lasting_overtaking(amounts, _leads((incumbent.best, challenger.best), rows), end)[0]
    changes = np.diff(leads > 0.0, axis=1)
    return Crossing(
        axis=axis,
        incumbent=incumbent.arm,
        challenger=challenger.arm,
        range=(low, high),
        estimate=float(estimate),
        position=_position(positions),
        never_in_range=float(np.mean(~changes[:, :end].any(axis=1))),
        never=float(np.mean(~changes.any(axis=1))),
        ahead_from_start=float(np.mean(leads[:, 0] > 0.0)),
    )


def lasting_overtaking(amounts: FloatArray, leads: FloatArray, end: int) -> FloatArray:
    """The amount from which on each of B leads is positive until the end of the range, or else beyond it.

    Args:
        amounts: increasing amounts, (G,).
        leads: how much better the challenger is at each amount, (B, G).
        end: index of the last amount of the range; later ones are its extrapolation.

    Returns:
        Amounts (B,), interpolated in the logarithm. A lead that is positive at the end of the range: where it
        became so for the last time, and 0 if it is positive over the whole range. Other leads: where they
        first become positive beyond the range, and infinity if they never do.
    """
    positive = leads > 0.0
    within, beyond = positive[:, : end + 1], positive[:, end:]
    last_behind = end - np.argmax(~within[:, ::-1], axis=1)
    after = np.where(positive[:, end], last_behind + 1, end + np.argmax(beyond, axis=1))
    after = np.minimum(after, len(amounts) - 1)
    before = np.maximum(after - 1, 0)
    each = np.arange(len(leads))
    gained = leads[each, after] - leads[each, before]
    part = np.divide(-leads[each, before], gained, out=np.zeros(len(leads)), where=gained > 0.0)
    part = np.clip(part, 0.0, 1.0)  # outside where there is no crossing
    logs = np.log(amounts)
    positions = np.exp(logs[before] + part * (logs[after] - logs[before]))
    positions[within.all(axis=1)] = 0.0
    positions[~beyond.any(axis=1)] = math.inf
    return np.asarray(positions)


def _leads(curves: tuple[FailureCurves, FailureCurves], rows: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Failure of the incumbent minus failure of the challenger, (B, G)."""
    return curves[0].failure(rows[0]) - curves[1].failure(rows[1])


def _position(positions: FloatArray) -> Estimate:
    """Median and interval; of positions themselves, because a mean with infinity is none."""
    low, median, high = np.quantile(positions, (TAILS[0], 0.5, TAILS[1]), method="inverted_cdf")
    return Estimate(float(median), float(low), float(high))
