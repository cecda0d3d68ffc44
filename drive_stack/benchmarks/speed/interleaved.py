"""Fair measuring on a noisy machine: contenders take turns in short blocks, and medians are compared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Protocol


class Contender(Protocol):
    """A way to do some work."""

    def prepare(self) -> None:
        """Make ready for the next piece of it; not timed."""
        ...

    def work(self) -> int:
        """Do a piece; returns of how many units."""
        ...


def race(contenders: Mapping[str, Contender], *, blocks: int, seconds: float) -> dict[str, float]:
    """Units a second of each contender: the median over ``blocks``, in each of which every contender
    works for at least ``seconds``, one after the other. The first block warms up and does not count."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(blocks + 1):
        for name, contender in contenders.items():
            rates[name].append(_rate(contender, seconds))
    return {name: median(values[1:]) for name, values in rates.items()}


def _rate(contender: Contender, seconds: float) -> float:
    units, spent = 0, 0.0
    while units == 0 or spent < seconds:
        contender.prepare()
        begin = time.perf_counter()
        units += contender.work()
        spent += time.perf_counter() - begin
    return units / spent
