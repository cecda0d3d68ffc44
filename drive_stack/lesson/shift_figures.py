"""Success of drivers on courses that are shifted more and more, from the rows of paired courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.shift_drops import ShiftDrop, shift_drops
from drive_stack.evaluation.statistics import Estimate
from drive_stack.leaderboard.entries import FRONTIER, read_entries


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


def read_shifts(folder: Path, drivers: Sequence[str]) -> tuple[Family, ...]:
    """Read the rows of some drivers in the leaderboard's folder; empty where none has driven `FRONTIER`.

    Raises:
        ConfigError: an entry cannot be read.
    """
    entries = {entry.card.name: entry.rows.get(FRONTIER, ()) for entry in read_entries(folder)}
    rows = [row for name in drivers for row in entries.get(name, ())]
    return shift_families(shift_drops(Comparison(rows, [name for name in drivers if entries.get(name)])))


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
