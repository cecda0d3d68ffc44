"""The page of a study that is not finished, or that has one training of each size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from simulated_study import END_TO_END, MODULAR, simulate

from drive_stack.study.config import Phase, StudyPlan, load_plan
from drive_stack.study.figures import COLOURS
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import write_table
from drive_stack.study_runner.selection import planned_trainings
from drive_stack.study_runner.study_page.writing import write_report

SHIPPED = load_plan()
PLAN: StudyPlan = SHIPPED.model_copy(
    update={"analysis": SHIPPED.analysis.model_copy(update={"replicates": 100}), "phase": Phase.FINAL}
)
ARMS = {"modular": MODULAR, "end_to_end": END_TO_END}
PAIR = ("modular", "end_to_end")


def page_of(
    folder: Path,
    rows: list[TrainingRow],
    drives: list[DriveRow],
    planned: list[TrainingId] | None = None,
    plan: StudyPlan = PLAN,
) -> str:
    write_table(folder / "trainings.parquet", rows, TrainingRow)
    write_table(folder / "drives.parquet", drives, DriveRow)
    expected = [row.id for row in rows] if planned is None else planned
    return write_report(plan, folder, folder / "report", expected)[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def single() -> tuple[list[TrainingRow], list[DriveRow]]:
    """One training of each of three sizes."""
    return simulate(ARMS, trainings=dict.fromkeys((1000, 8000, 64_000), 1), courses=20)


def test_a_study_with_one_seed_says_that_its_interval_is_of_these_trainings(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    page = page_of(tmp_path, *single)
    assert (
        "The interval holds for these trainings only: no size of modular and end_to_end has two trainings, "
        "so that training seeds were not resampled."
    ) in page
    assert "for new courses" in page and "for the same courses" not in page
    differences = page.split("## At equal amounts")[1].splitlines()
    rows = [line.split(" | ") for line in differences if line.startswith("| modular | end_to_end |")]
    assert [row[5] for row in rows] == ["–"] * 3


def test_a_study_with_missing_trainings_says_so_first(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    planned = planned_trainings(PLAN)
    page = page_of(tmp_path, rows, drives[:-1], list(planned))  # the last training misses a course
    assert page.splitlines()[2] == f"**Unfinished: 5 of {len(planned)} planned trainings.**"
    assert "Unfinished" not in page_of(tmp_path, rows, drives)


def test_trainings_that_drove_too_little_and_versions_of_the_code_are_deviations(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    expert = replace(rows[-1], mixture="expert")
    incomplete = replace(rows[0], size=16_000)  # which drives the suite frontier too
    page = page_of(tmp_path, [*rows, incomplete], drives[:-1])
    found = page.split("## Deviations from the plan")[1]
    assert f"- trained, but did not drive all courses of standard: {rows[-1].id}" in found
    for suite in ("standard", "frontier"):
        assert f"- trained, but did not drive all courses of {suite}: {incomplete.id}" in found
    page = page_of(tmp_path, [*rows, expert], [*drives, replace(drives[0], suite="frontier", code_hash="d")])
    assert f"- trained, but did not drive all courses of standard: {expert.id}" in page
    assert "- the drives were made by 2 versions of the code" in page


def test_why_there_is_no_crossing_is_said(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    no_arm = page_of(tmp_path, rows, [item for item in drives if item.arm == "modular"])
    assert "primary pair: no training of end_to_end has driven all courses." in no_arm
    one_size = page_of(tmp_path, rows, [item for item in drives if item.size == 1000])
    assert "primary pair: there are too few sizes." in one_size
    assert "With 1,000 rows, modular succeeds on" in one_size  # what is known is said
    assert "family of both curves" not in one_size  # and a table without rows is left out
    first = drives[0].course
    apart = [item for item in drives if (item.course == first) == (item.arm == "modular")]
    assert "primary pair: there are no common courses." in page_of(tmp_path, rows, apart)


def test_an_arm_keeps_its_colour_while_others_are_missing(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    page_of(tmp_path, rows, drives)
    drawn = (tmp_path / "report" / "minutes.svg").read_text(encoding="utf-8").upper()
    places = list(PLAN.arms)
    for arm in ("modular", "end_to_end"):
        assert COLOURS[places.index(arm)] in drawn
    assert COLOURS[places.index("mid_to_end")] not in drawn


def test_an_arm_without_a_curve_has_intervals_at_its_sizes(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    for sizes in ((1000,), (1000, 8000)):
        page_of(tmp_path, rows, [item for item in drives if item.size in (0, *sizes)])
        for axis in ("minutes", "decision_ms"):
            drawn = (tmp_path / "report" / f"{axis}.svg").read_text(encoding="utf-8")
            assert drawn.count('id="LineCollection') == 2  # one for each arm
            lines = drawn.split('id="LineCollection_1"')[1].split("</g>")[0]
            assert lines.count("<path") == len(sizes)


def test_a_failed_training_takes_no_time_to_decide(
    single: tuple[list[TrainingRow], list[DriveRow]], tmp_path: Path
) -> None:
    rows, drives = single
    failed = [replace(rows[0], seed=1, failed=True, decision_ms=0.0)]
    own = [replace(item, training_seed=1, success=False) for item in drives if item.training == rows[0].id]
    page = page_of(tmp_path, rows + failed, drives + own)
    costs = page.split("## Costs")[1].splitlines()
    assert next(line for line in costs if line.startswith("| modular | 1,000 |")).endswith("| 30.0 |")
    assert "costs nothing here" not in (tmp_path / "report" / "decision_ms.svg").read_text(encoding="utf-8")
    assert "by BIC, the best first" in page


def test_a_pilot_is_not_held_against_the_number_of_planned_trainings(tmp_path: Path) -> None:
    pilot = PLAN.model_copy(update={"phase": Phase.PILOT, "validation": PLAN.courses})
    rows, drives = simulate(ARMS, trainings=dict.fromkeys((1000, 8000), 1), courses=20)
    page = page_of(tmp_path, rows, drives, list(planned_trainings(pilot)), pilot)
    assert "This is a pilot" in page and "Unfinished" not in page and "modular | end_to_end" in page
