"""The check of a paired suite by drivers that must rank last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic_rows import drives

import run_sim
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.ranking import Order, rank_last

PAINT, LENS = "s_bend[shift=paint/3]", "slow_lead[shift=lens/1]"


def rows_of(outcomes: Mapping[str, Mapping[str, str]]) -> list[Row]:
    return [
        replace(row, world=scenario.partition("[")[0])
        for label, courses in outcomes.items()
        for scenario, letters in courses.items()
        for row in drives(label, scenario, letters)
    ]


def orders(outcomes: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], Order]:
    ranks = rank_last(Comparison(rows_of(outcomes)), ["constant"])
    return {(rank.family, rank.other): rank.order for rank in ranks}


def test_each_family_and_driver_is_compared_on_shifted_courses_only() -> None:
    found = orders(
        {
            "expert": {"s_bend": "..", PAINT: "..", LENS: ".."},
            "modular": {"s_bend": "xx", PAINT: ".x", LENS: "xx"},
            "constant": {"s_bend": "..", PAINT: "x.", LENS: "xx"},
        }
    )
    assert found == {
        ("lens", "expert"): Order.BELOW,
        ("lens", "modular"): Order.BOTH_ZERO,
        ("paint", "expert"): Order.BELOW,
        ("paint", "modular"): Order.NOT_BELOW,  # a tie above zero
    }


def test_drivers_are_compared_on_the_courses_that_both_drove() -> None:
    found = orders({"modular": {PAINT: "x"}, "constant": {PAINT: "x..."}})
    assert found == {("paint", "modular"): Order.BOTH_ZERO}
    found = orders({"modular": {PAINT: "."}, "constant": {LENS: "x"}})
    assert found == {("lens", "modular"): Order.NOT_BELOW, ("paint", "modular"): Order.NOT_BELOW}


def test_what_cannot_be_compared_is_refused() -> None:
    rows = rows_of({"modular": {PAINT: "."}})
    with pytest.raises(ConfigError, match="no driver 'constant' in the rows; there are: modular"):
        rank_last(Comparison(rows), ["constant"])
    with pytest.raises(ConfigError, match="no others"):
        rank_last(Comparison(rows), ["modular"])
    unshifted = rows_of({"modular": {"s_bend": "."}, "constant": {"s_bend": "x"}})
    with pytest.raises(ConfigError, match="no shifts"):
        rank_last(Comparison(unshifted), ["constant"])


@pytest.mark.parametrize(("constant", "status"), [("xx", 0), (".x", 1)])
def test_the_command_fails_where_a_driver_does_not_rank_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], constant: str, status: int
) -> None:
    rows = rows_of({"modular": {PAINT: ".x", LENS: "xx"}, "constant": {PAINT: constant, LENS: "xx"}})
    (tmp_path / "rows.jsonl").write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")
    assert run_sim.main(["report", str(tmp_path), "--ranks-last", "constant"]) == status
    printed = capsys.readouterr().out
    assert "tie: lens: neither constant nor modular completes any of 2" in printed
    assert ("not last: paint: constant completes 1 of 2, modular 1" in printed) == bool(status)
    assert ("constant: last in all 2 families" in printed) != bool(status)
