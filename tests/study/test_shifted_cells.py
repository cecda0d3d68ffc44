"""Success of trained drivers on pairs of a base and a shifted course."""

from __future__ import annotations

import pytest
from simulated_study import drive, training_row

from drive_stack.study.outcomes import Outcomes, collect
from drive_stack.study.resampling import Resampling
from drive_stack.study.shifted import shifted_cells

RESAMPLING = Resampling(200, 0)


def outcomes(*failed: str, size: int = 1000, seeds: int = 1) -> Outcomes:
    """`cruise` with three twins and `merge` with one, on one seed; every training fails on ``failed``."""
    names = ["cruise", "merge", "merge[shift=grade/1]"]
    names += [f"cruise[shift={shift}]" for shift in ("grade/1", "grade/2", "paint/1")]
    rows = [training_row("modular", size, seed) for seed in range(seeds)]
    drives = [
        drive(row, name, 1, success=name not in failed, suite="frontier") for row in rows for name in names
    ]
    return collect(rows, drives, "frontier").arms["modular"]


def test_a_base_counts_once_for_each_of_its_twins() -> None:
    (cell,) = shifted_cells(outcomes("cruise", "cruise[shift=grade/2]", "cruise[shift=paint/1]"), RESAMPLING)
    assert (cell.arm, cell.size, cell.trainings, cell.pairs) == ("modular", 1000, 1, 4)
    assert cell.base.value == pytest.approx(1 / 4) and cell.shifted.value == pytest.approx(2 / 4)
    assert cell.drop.value == pytest.approx(-1 / 4)
    assert cell.by_family == pytest.approx({"grade": 2 / 3, "paint": 0.0})


def test_twins_are_drawn_together_with_their_base() -> None:
    """Draws hold `cruise`, `merge` or both, so the drop is 2/3, 0 or 1/2, and never 1/3 or 1."""
    (cell,) = shifted_cells(outcomes("cruise[shift=grade/2]", "cruise[shift=paint/1]"), RESAMPLING)
    assert cell.drop.value == pytest.approx(1 / 2)
    assert (cell.drop.low, cell.drop.high) == pytest.approx((0.0, 2 / 3))


def test_a_twin_without_its_base_and_a_suite_without_twins_are_left_out() -> None:
    whole = outcomes("merge")
    twins = [course for course in whole.courses if course[0] != "merge"]
    assert shifted_cells(whole.on(twins), RESAMPLING)[0].pairs == 3
    bases = [course for course in whole.courses if "shift" not in course[0]]
    assert shifted_cells(whole.on(bases), RESAMPLING) == ()
