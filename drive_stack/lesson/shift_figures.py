"""Success of drivers on courses that are shifted more and more, from the rows of paired courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from drive_stack.evaluation.batch.row_file import NAME
from drive_stack.evaluation.shift_drops import ShiftDrop
from drive_stack.evaluation.statistics import Estimate
from drive_stack.report.runs import read_runs


@dataclass(frozen=True, slots=True)
class Success:
    """Success of a driver at one severity, with its 95 % interval [%]."""

    severity: int  # 0: the base course
    success: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True, slots=True)
class DriverShifts:
    """One driver in one family of shifts."""

    label: str
    severities: tuple[Success, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One family of shifts."""

    name: str
    drivers: tuple[DriverShifts, ...]

    def as_json(self) -> dict[str, object]:
        """The figures as the page's script reads them."""
        return asdict(self)


def read_shifts(folder: Path) -> tuple[Family, ...]:
    """Read the rows of a run folder; empty where it does not exist, or holds no pair.

    Raises:
        ConfigError: the rows cannot be used.
    """
    return shift_families(read_runs([folder]).drops) if (folder / NAME).is_file() else ()


def shift_families(drops: Sequence[ShiftDrop]) -> tuple[Family, ...]:
    """Sort drops by family, driver and severity."""
    families = []
    for name in sorted({drop.family for drop in drops}):
        own = [drop for drop in drops if drop.family == name]
        labels = dict.fromkeys(drop.label for drop in own)
        families.append(Family(name, tuple(_driver(label, own) for label in labels)))
    return tuple(families)


def _driver(label: str, drops: Sequence[ShiftDrop]) -> DriverShifts:
    own = {drop.severity or 0: drop for drop in drops if drop.label == label}
    return DriverShifts(
        label,
        tuple(
            _success(severity, drop.shifted if severity else drop.base, drop.pairs)
            for severity, drop in sorted(own.items())
        ),
    )


def _success(severity: int, estimate: Estimate, pairs: int) -> Success:
    value, low, high = (round(100.0 * part, 1) for part in (estimate.value, estimate.low, estimate.high))
    return Success(severity, value, low, high, pairs)
