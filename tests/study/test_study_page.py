"""The page of the study, on a simulated one with shifted courses, drives on the shoulder and a prediction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_study import END_TO_END, MODULAR, drive, simulate

from drive_stack.study.analysis import analyse
from drive_stack.study.config import Phase, StudyPlan, load_plan
from drive_stack.study.endpoints import Endpoint
from drive_stack.study.outcomes import collect
from drive_stack.study.prediction import predict, write_prediction
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import write_table
from drive_stack.study_runner.study_page.markdown import table
from drive_stack.study_runner.study_page.plan import deviations, prediction_table
from drive_stack.study_runner.study_page.writing import PAGE, write_report

SHIPPED = load_plan()
PLAN: StudyPlan = SHIPPED.model_copy(
    update={"analysis": SHIPPED.analysis.model_copy(update={"replicates": 100}), "phase": Phase.FINAL}
)
TRAININGS = {1000: 3, 8000: 3, 32_000: 3, 64_000: 3, 128_000: 2}


@pytest.fixture(scope="module")
def tables() -> tuple[list[TrainingRow], list[DriveRow]]:
    """All drives of `end_to_end` on the first seed, which has 22 of the 30 courses, are on the shoulder."""
    rows, drives = simulate({"modular": MODULAR, "end_to_end": END_TO_END}, trainings=TRAININGS, courses=30)
    first = drives[0].seed
    # whole episodes are drawn: 200 rows more than the size
    rows = [replace(row, rows=1200) if row.size == 1000 else row for row in rows]
    rows[0] = replace(rows[0], differing_episodes=3)
    drives = [
        replace(item, off_lane=0.2) if item.arm == "end_to_end" and item.seed == first else item
        for item in drives
    ]
    frontier = [
        drive(row, name, first, success=name == "cruise", suite="frontier")
        for row in rows
        for name in ("cruise", "cruise[shift=grade/1]")
    ]
    return rows, drives + frontier


@pytest.fixture(scope="module")
def page(tables: tuple[list[TrainingRow], list[DriveRow]], tmp_path_factory: pytest.TempPathFactory) -> str:
    rows, drives = tables
    folder = tmp_path_factory.mktemp("study")
    write_table(folder / "trainings.parquet", rows, TrainingRow)
    write_table(folder / "drives.parquet", drives, DriveRow)
    arms = collect(rows, drives, "standard").arms
    counts = dict.fromkeys(arms, 2)
    write_prediction(predict(arms, counts, PLAN.analysis, PLAN.prediction), folder / "prediction.json")
    written = write_report(PLAN, folder, folder / "report", [row.id for row in rows])
    assert written[0].name == PAGE and len(written) == 5
    return written[0].read_text(encoding="utf-8")


def section(page: str, title: str) -> list[str]:
    return page.split(f"## {title}")[1].split("\n## ", maxsplit=1)[0].splitlines()


def test_the_answer_comes_first_with_its_verdict(page: str) -> None:
    lines = page.splitlines()
    # 1,200 to 128,000 rows at 5 rows a second, in two digits
    assert lines[2].startswith("**Does end to end overtake modular within what was measured, 4 to 430 min? ")
    assert "95 % interval" in lines[3] and lines[4].startswith("With 128,000 rows, modular succeeds on ")


def test_every_table_has_a_row_for_each_arm_and_size(page: str) -> None:
    for title in ("Success by arm and size", "Other scores", "Costs", "The parts, on held-out frames"):
        rows = [line for line in section(page, title) if line.startswith(("| modular |", "| end_to_end |"))]
        assert len(rows) == 2 * len(TRAININGS), title
    assert "| modular | 8,000 | 26.7 |" in page  # minutes of driving: 8,000 / 5 / 60


def test_success_has_a_row_for_each_size_and_a_column_for_each_arm(page: str) -> None:
    lines = section(page, "Success by amount of data")
    assert lines[2] == "| rows | driving [min] | modular | end_to_end |"
    cells = [line.strip("| ").split(" | ") for line in lines[4 : 4 + len(TRAININGS)]]
    assert [(row[0], row[1]) for row in cells[:2]] == [("1,000", "4.0"), ("8,000", "26.7")]
    by_arm = section(page, "Success by arm and size")
    for row in cells:
        for arm, success in zip(("modular", "end_to_end"), row[2:], strict=True):
            assert any(line.startswith(f"| {arm} | {row[0]} |") and success in line for line in by_arm)


def test_long_tables_are_folded() -> None:
    short, long = (list(table(["a"], [["1"]] * number)) for number in (10, 11))
    assert short[0] == "| a |" and long[:2] == ["<details>", "<summary>11 rows</summary>"]
    assert long[3] == "| a |" and long[-2:] == ["</details>", ""]


def test_missing_trainings_of_one_size_share_a_line(
    tables: tuple[list[TrainingRow], list[DriveRow]],
) -> None:
    missing = [TrainingId("modular", 2000, seed) for seed in (1, 0)] + [TrainingId("modular", 16_000, 3)]
    lines = list(deviations(analyse(PLAN, *tables), missing, []))
    assert "- planned, but not trained: modular, 2,000 rows, seeds 0, 1" in lines
    assert "- planned, but not trained: modular, 16,000 rows, seed 3" in lines


def test_recordings_that_came_out_differently_are_deviations(page: str) -> None:
    assert section(page, "Deviations from the plan")[2:] == [
        "- modular, 1,000 rows, seed 0: 3 of 5 episodes were recorded again on another machine, where they "
        "came out differently"
    ]


def test_crossings_are_shown_on_each_axis_and_in_other_ways(page: str) -> None:
    found = section(page, "From how much on is the challenger better?")
    axes = [line.split(" | ")[2] for line in found if line.startswith("| modular | end_to_end |")]
    assert axes == ["min", "h", "core-hours"]
    ways = section(page, "The primary crossing in other ways [min]")
    assert sum(line.startswith("| by success") for line in ways) == 3
    assert sum(line.startswith("| from the mean of each size, without curves |") for line in ways) == 1
    assert sum(line.startswith(("| shifted power", "| power", "| logistic")) for line in ways) == 3


def test_the_data_that_equal_success_takes_are_compared(page: str) -> None:
    """The true curves reach 60 % at 4,432 rows, and modular is better from the start of 1,000 on."""
    assert "\nTo succeed as often as modular, end to end needs more data: at least " in page
    rows = {
        line.split(" | ")[2]: line.split(" | ")[3]
        for line in section(page, "How much more data for equal success?")
        if line.startswith("| modular | end_to_end |")
    }
    assert rows["60 %"].startswith("≥ ") and 2.0 < float(rows["60 %"].removeprefix("≥ ")) < 10.0


def test_success_in_the_lanes_is_an_endpoint_of_its_own(
    tables: tuple[list[TrainingRow], list[DriveRow]],
) -> None:
    own = collect(*tables, "standard").arms["end_to_end"]
    judged = own.by(Endpoint.SUCCESS_IN_LANES)
    first = min(seed for _, seed in own.courses)
    on_shoulder = [number for number, course in enumerate(own.courses) if course[1] == first]
    others = [number for number, course in enumerate(own.courses) if course[1] != first]
    assert judged.failed[:, on_shoulder].all() and not own.failed[:, on_shoulder].all()
    assert (judged.failed[:, others] == own.failed[:, others]).all()
    assert judged.at(1000).on(own.courses[:3]).endpoint is Endpoint.SUCCESS_IN_LANES


def test_shifted_courses_and_the_prediction_have_their_tables(page: str) -> None:
    found = section(page, "On the suite frontier")
    row = next(line for line in found if line.startswith("| modular | 1,000 |"))
    assert "100.0 % (20.7 to 100.0) | 0.0 % (0.0 to 79.3) | +100.0" in row
    assert any(line.startswith("| grade | 0 | 0 |") for line in found)
    predicted = section(page, "Prediction for 128,000 rows")
    compared = [line.split(" | ") for line in predicted if line.endswith(("yes |", "no |"))]
    assert len(compared) == 2
    for _, success, observed, error, _ in compared:
        predicted_less_observed = float(success.split(" %")[0]) - float(observed.removesuffix(" %"))
        assert float(error) == pytest.approx(predicted_less_observed, abs=0.11)


def test_a_prediction_of_other_drives_is_a_line_of_the_report(
    tables: tuple[list[TrainingRow], list[DriveRow]],
) -> None:
    rows, drives = tables
    few = PLAN.model_copy(
        update={"analysis": PLAN.analysis.model_copy(update={"pairs": (("mid_to_end", "affordances"),)})}
    )
    changed = [replace(item, success=not item.success) for item in drives]
    record = predict(collect(rows, drives, "standard").arms, {"modular": 2}, PLAN.analysis, PLAN.prediction)
    found = list(prediction_table(record, analyse(few, rows, changed)))
    assert any("prediction of modular was made from have changed" in line for line in found)


def test_intervals_of_few_trainings_are_marked(page: str) -> None:
    for title in ("Success by arm and size", "At equal amounts"):
        assert any(
            "two or three trainings the interval is too narrow" in line for line in section(page, title)
        )


def test_tables_are_well_formed(page: str) -> None:
    """Every row of a table has as many cells as its header."""
    width = 0
    for line in page.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        width = width or line.count("|")
        assert line.count("|") == width, line
