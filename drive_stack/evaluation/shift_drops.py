"""What each shift costs a driver: success on base courses, on their shifted twins, and the drop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.result import succeeded
from drive_stack.evaluation.statistics import Estimate, fraction, paired_fraction_difference
from drive_stack.evaluation.summary import Course, world_of
from drive_stack.shifts import Shift, base_and_shift


@dataclass(frozen=True, slots=True)
class ShiftDrop:
    """The pairs of one driver in one family, at one severity or at all of them."""

    label: str
    family: str
    severity: int | None  # None: all severities
    pairs: int  # of which base and shifted course are both driven
    unpaired: int  # shifted courses that are driven, but whose base is not
    base: Estimate  # success, 0 … 1
    shifted: Estimate
    drop: Estimate  # base − shifted, paired, −1 … 1


@dataclass(frozen=True, slots=True)
class _Pair:
    shift: Shift
    base: Row | None
    shifted: Row


def shift_drops(comparison: Comparison) -> list[ShiftDrop]:
    """All drivers' drops, by family, first of all its severities and then of each; empty without shifts.

    Intervals count worlds: a base course and all its twins share the world of their seed.
    """
    return [drop for label in comparison.labels for drop in _drops(label, comparison.rows(label))]


def drop_over(
    comparison: Comparison, label: str, families: Collection[str] | None = None
) -> ShiftDrop | None:
    """A driver's drop over all pairs of some families together, or of all; None without such pairs."""
    pairs = [
        pair for pair in _pairs(comparison.rows(label)) if families is None or pair.shift.family in families
    ]
    return _drop(label, "all" if families is None else ", ".join(families), None, pairs)


def _drops(label: str, rows: Sequence[Row]) -> list[ShiftDrop]:
    pairs = _pairs(rows)
    drops = []
    for family in sorted({pair.shift.family for pair in pairs}):
        of_family = [pair for pair in pairs if pair.shift.family == family]
        severities = sorted({pair.shift.severity for pair in of_family})
        for severity in (None, *severities):
            chosen = [pair for pair in of_family if severity in (None, pair.shift.severity)]
            if (drop := _drop(label, family, severity, chosen)) is not None:
                drops.append(drop)
    return drops


def _pairs(rows: Sequence[Row]) -> list[_Pair]:
    by_course: dict[Course, Row] = {(row.result.scenario, row.result.seed): row for row in rows}
    pairs = []
    for row in rows:
        base, shift = base_and_shift(row.result.scenario)
        if shift is not None:
            pairs.append(_Pair(shift, by_course.get((base, row.result.seed)), row))
    return pairs


def _drop(label: str, family: str, severity: int | None, pairs: Sequence[_Pair]) -> ShiftDrop | None:
    """The drop over pairs; None where no base is driven."""
    driven = [(pair.base, pair.shifted) for pair in pairs if pair.base is not None]
    if not driven:
        return None
    worlds = [world_of(shifted) for _, shifted in driven]
    before = [succeeded(base.result) for base, _ in driven]
    after = [succeeded(shifted.result) for _, shifted in driven]
    return ShiftDrop(
        label=label,
        family=family,
        severity=severity,
        pairs=len(driven),
        unpaired=len(pairs) - len(driven),
        base=fraction(before, worlds),
        shifted=fraction(after, worlds),
        drop=paired_fraction_difference(before, after, worlds),
    )
