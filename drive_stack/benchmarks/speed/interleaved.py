"""Fair timing on a noisy machine: contenders take turns in short blocks, and medians are compared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Protocol


class Contender(Protocol):
    """Work whose speed is measured."""

    def prepare(self) -> None:
        """Prepare the next unit of work; not timed."""
        ...

    def work(self) -> int:
        """Do the work; returns the number of units done."""
        ...


def race(contenders: Mapping[str, Contender], *, blocks: int, seconds: float) -> dict[str, float]:
    """Measure the units per second of each contender, as the median over ``blocks``.

    In each block every contender works for at least ``seconds``, one after the other. An additional first
    block is a warm-up and does not count.
    """
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(blocks + 1):
        for name, contender in contenders.items():
            rates[name].append(_rate(contender, seconds))
    return {name: median(values[1:]) for name, values in rates.items()}


def _rate(contender: Contender, seconds: float) -> float:
    units, elapsed = 0, 0.0
    while units == 0 or elapsed < seconds:
        contender.prepare()
        start = time.perf_counter()
        units += contender.work()
        elapsed += time.perf_counter() - start
    return units / elapsed
