"""The heat map of successes: its rows, its colours, and what a reader sees who points at a cell."""

from __future__ import annotations

import itertools

import pytest
from synthetic_rows import drives

from drive_stack.evaluation.comparison import Comparison
from drive_stack.report.heat import (
    MAX_LISTED,
    HeatCell,
    course_keys,
    ending_table,
    failed_rows,
    heat_colour,
    heat_table,
    variant_name,
)
from drive_stack.report.tables import TableRow
from drive_stack.shifts import load_family

FOG = "curves[conditions.weather={fog: 1}]"


def cells(row: TableRow) -> list[str | None]:
    return [cell.text if isinstance(cell, HeatCell) else None for cell in row.cells]


def test_rows_are_grouped_by_ability_and_variants_have_rows_of_their_own() -> None:
    rows = drives("a", "curves", "...x") + drives("a", FOG, "xx..") + drives("a", "merge", "....")
    rows += drives("b", "curves", "....")
    table = heat_table(Comparison(rows))
    assert [(row.name, row.total, cells(row)) for row in table.rows] == [
        ("merge", True, ["4 / 4", None]),
        ("merge", False, ["4 / 4", None]),
        ("keep lane", True, ["5 / 8", "4 / 4"]),
        ("curves", False, ["3 / 4", "4 / 4"]),
        ("curves, fog", False, ["2 / 4", None]),
    ]


def test_many_variants_of_a_scenario_are_one_row() -> None:
    rows = [row for gap in range(5) for row in drives("a", f"cut_in[actors.0.gap={gap}]", ".x")]
    names = [(row.name, cells(row)) for row in heat_table(Comparison(rows)).rows]
    assert names == [("merge", ["5 / 10"]), ("cut_in, 5 variants", ["5 / 10"])]
    four = heat_table(Comparison(rows[:8]))
    assert [row.name for row in four.rows][1:] == [f"cut_in, actors.0.gap={gap}" for gap in range(4)]


def test_each_failed_episode_is_selected_by_the_keys_of_the_rows_that_count_it() -> None:
    names = ("curves", FOG, *(f"cut_in[actors.0.gap={gap}]" for gap in range(5)))
    table = heat_table(Comparison([row for name in names for row in drives("a", name, "x")]))
    keys = {key for _, key, _ in failed_rows(table)}
    assert keys == {
        "ability:keep lane",
        "scenario:curves",
        f"scenario:{FOG}",
        "ability:merge",
        "variants:cut_in",
    }
    for name in names:
        counted = [row for row in table.rows if row.key in course_keys(name)]
        assert len(counted) == 2  # its ability, and its own row or that of the variants


def test_rows_without_a_failure_cannot_be_selected() -> None:
    table = heat_table(Comparison(drives("a", "curves", "..") + drives("a", "merge", ".x")))
    assert failed_rows(table) == [("merge", "ability:merge", False), ("merge", "scenario:merge", True)]


def test_a_cell_names_its_failures_by_seed_and_outcome() -> None:
    table = heat_table(Comparison(drives("a", "curves", ".x..") + drives("a", FOG, "x...")))
    ability, curves, _ = table.rows
    (cell,) = curves.cells
    assert isinstance(cell, HeatCell)
    assert cell.tip == ("a, curves: 3 of 4 successful\nseed 100001: hit the vehicle with its front, 36 km/h")
    (cell,) = ability.cells
    assert isinstance(cell, HeatCell)
    assert "\ncurves, fog, seed 100000: hit" in cell.tip and "\ncurves, seed 100001: hit" in cell.tip
    (row, *_) = heat_table(Comparison(drives("a", "curves", "x" * (MAX_LISTED + 3)))).rows
    assert isinstance(row.cells[0], HeatCell)
    assert row.cells[0].tip.endswith("\nand 3 more") and row.cells[0].tip.count("seed") == MAX_LISTED


def contrast_with_white(colour: str) -> float:
    """Contrast of WCAG 2: (1 + 0.05) / (luminance + 0.05)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def test_the_scale_spans_half_to_all_so_that_seven_of_ten_is_not_blue() -> None:
    assert heat_colour(0) == heat_colour(50) != heat_colour(55)
    assert heat_colour(100) == "#00629b"
    red, _, blue = (int(heat_colour(70)[index : index + 2], 16) for index in (1, 3, 5))
    assert red > 4 * blue
    assert len({heat_colour(percent) for percent in range(50, 101, 5)}) == 11


@pytest.mark.parametrize("percent", range(0, 101, 5))
def test_white_text_is_legible_on_every_colour(percent: int) -> None:
    assert contrast_with_white(heat_colour(percent)) >= 4.5


def test_variants_are_named_as_a_reader_expects() -> None:
    assert variant_name("dense_traffic[conditions.light={night: 1}; conditions.weather={rain: 1}]") == (
        "dense_traffic, night, rain"
    )
    assert variant_name("cut_in[actors.0.gap=10]") == "cut_in, actors.0.gap=10"
    interaction = load_family("interaction")
    base = str(interaction.bases[0].name)
    assert variant_name(base) == "cut_in, base of interaction"
    assert variant_name(f"{base[:-1]}; shift=interaction/2]") == "cut_in, interaction 2"
    assert (
        variant_name("curves") == "curves"
        and variant_name("curves[shift=mounting/3]") == "curves, mounting 3"
    )
    assert variant_name("cut_in[ego.lane=any; shift=interaction/2]") == "cut_in, ego.lane=any, interaction 2"
    assert variant_name("merge[conditions.light={day: 1, night: 1}]").endswith("={day: 1, night: 1}")


def test_endings_are_counted_for_each_driver() -> None:
    table = ending_table(Comparison(drives("a", "curves", "xx.e") + drives("b", "curves", "x...")))
    assert [(row.name, list(row.cells)) for row in table.rows] == [
        ("hit a vehicle", [2, 1]),
        ("the driver failed", [1, 0]),
    ]
    assert all(sum(row.cells) for row in table.rows)  # type: ignore[arg-type]
    assert list(itertools.chain(table.labels)) == ["a", "b"]
