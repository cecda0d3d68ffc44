"""Differences between two encoded records, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from golden_traces.codec import Tree


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Allowed difference of floats: |now − was| ≤ absolute + relative · |was|. All else must be equal."""

    relative: float = 1e-6
    absolute: float = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed. A list of numbers counts as one field, shown at its largest difference."""

    field: str  # e.g. "tracks[2].velocity[0]"
    was: Tree
    now: Tree

    def __str__(self) -> str:
        return f"{self.field}: was {_shortened(self.was)}, is {_shortened(self.now)}"


def differences(was: Tree, now: Tree, tolerance: Tolerance, field: str = "") -> Iterator[Difference]:
    """All differences between two encoded records."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in [*was, *(name for name in now if name not in was)]:
            inner = f"{field}.{name}" if field else name
            yield from differences(was.get(name), now.get(name), tolerance, inner)
    elif isinstance(was, list) and isinstance(now, list):
        yield from _of_lists(was, now, tolerance, field)
    elif not _equal(was, now, tolerance):
        yield Difference(field, was, now)


def _of_lists(was: list[Tree], now: list[Tree], tolerance: Tolerance, field: str) -> Iterator[Difference]:
    if len(was) != len(now):
        yield Difference(f"number of {field}", len(was), len(now))
    changes = [
        difference
        for index, (first, second) in enumerate(zip(was, now, strict=False))
        for difference in differences(first, second, tolerance, f"{field}[{index}]")
    ]
    numbers = [(_distance(item), item) for item in changes if _is_number(item.was) and _is_number(item.now)]
    if len(numbers) == len(changes) > 1:
        yield max(numbers, key=lambda pair: pair[0])[1]
    else:
        yield from changes


def _equal(was: Tree, now: Tree, tolerance: Tolerance) -> bool:
    if isinstance(was, float) and isinstance(now, float):
        return abs(now - was) <= tolerance.absolute + tolerance.relative * abs(was)
    return type(was) is type(now) and was == now


def _is_number(value: Tree) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _distance(difference: Difference) -> float:
    was, now = difference.was, difference.now
    return abs(now - was) if isinstance(was, (int, float)) and isinstance(now, (int, float)) else 0.0


def _shortened(value: Tree) -> str:
    text = f"{value:.9g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 90 else f"{text[:87]}..."
