"""Probes of copied driving: signs that a driver repeats what it has seen and does not react to the road.

A policy that imitates can score well on roads like those it learned from and still stand for ever because it
stood before (inertia), not find back to its lane (covariate shift), or fail when the picture looks unusual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.result import succeeded
from drive_stack.evaluation.shift_drops import ShiftDrop, drop_over
from drive_stack.evaluation.statistics import Estimate, fraction
from drive_stack.evaluation.summary import world_of
from drive_stack.leaderboard.entries import FRONTIER, RECOVERY, STANDARD, Entry

INERTIA = 8.0  # standing this long with a free road is the inertia problem of imitation learning [s]
LOOKS = (
    "glare",
    "lens",
    "visibility",
)  # families of `frontier` that change how the picture looks, and no more


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one driver; None where its rows do not carry them."""

    longest_stand_s: float | None  # the longest time standing with a free road ahead, on `standard`
    inert: int | None  # episodes of `standard` with `INERTIA` or more
    recovery: Estimate | None  # success on starts off the lane centre and at an angle
    looks: ShiftDrop | None  # loss of success under unseen looks


def probes_of(entry: Entry) -> Probes:
    """The probes of an entry."""
    # rows of older versions did not measure habits; such rows have no deciles of the speed
    standing = [row.result.standing_free_longest_s for row in _rows(entry, STANDARD) if row.result.speeds_mps]
    frontier = _rows(entry, FRONTIER)
    return Probes(
        longest_stand_s=max(standing, default=None),
        inert=sum(seconds >= INERTIA for seconds in standing) if standing else None,
        recovery=success_of(_rows(entry, RECOVERY)),
        looks=drop_over(Comparison(frontier), entry.card.name, LOOKS) if frontier else None,
    )


def success_of(rows: Sequence[Row]) -> Estimate | None:
    """The fraction of successful episodes; None without rows."""
    if not rows:
        return None
    return fraction([succeeded(row.result) for row in rows], [world_of(row) for row in rows])


def _rows(entry: Entry, suite: str) -> Sequence[Row]:
    return entry.rows.get(suite, ())
