"""The expert's rows that come with the program: when they are used, and that they equal a drive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import synthetic_rows

import run_sim
from drive_stack.app.commands.reference import make_rows
from drive_stack.app.reference_check import present_tasks
from drive_stack.app.reference_rows import add_shipped_rows
from drive_stack.app.reference_sets import SETS, ReferenceSet
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.row_file import open_rows, read_rows
from drive_stack.evaluation.batch.rows import without_timings
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.reference.drive_code import drive_hash
from drive_stack.evaluation.reference.shipped_rows import (
    ShippedRow,
    fitting_rows,
    read_shipped,
    shippable,
    write_shipped,
)
from drive_stack.seeds import SeedSplit, split_of

BATCH = run_sim.make_wiring().batch


def task(seed: int, config: str = "c") -> BatchTask:
    return BatchTask("cruise", seed, "expert", label="expert", config_hash=config)


def shipped(seed: int, drive: str = "d", config: str = "c") -> ShippedRow:
    row = shippable(synthetic_rows.row("expert", "cruise", seed, config=config))
    assert row is not None
    return ShippedRow(drive, row)


def test_rows_fit_where_code_configuration_and_seed_are_the_same() -> None:
    rows = [shipped(1), shipped(2, drive="older"), shipped(3, config="changed"), shipped(5)]
    tasks = [task(seed) for seed in (5, 4, 3, 2, 1)]
    assert [row.result.seed for row in fitting_rows(rows, tasks, "d")] == [5, 1]


def test_timings_and_failed_drives_are_not_shipped() -> None:
    row = synthetic_rows.row("expert", "cruise", 1)
    assert row.wall_s > 0.0 and row.result.stages_ms
    assert [shippable(row)] == [*without_timings([row]).values()]
    assert shippable(synthetic_rows.row("expert", "cruise", 1, "failed")) is None
    assert shippable(replace(row, lost=True)) is None


def test_the_file_holds_the_rows_in_one_order(tmp_path: Path) -> None:
    paths = [tmp_path / "a.xz", tmp_path / "b.xz"]
    write_shipped([shipped(2), shipped(1)], paths[0])
    write_shipped([shipped(1), shipped(2)], paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert read_shipped(paths[0]) == [shipped(1), shipped(2)]
    assert read_shipped(tmp_path / "none.xz") == []


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.xz"
    write_shipped([shipped(1)], path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ConfigError, match=r"rows\.xz: cannot be read: it is cut off") as caught:
        read_shipped(path)
    assert "\n" not in str(caught.value)


def test_a_run_takes_the_rows_that_it_lacks_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drive = tmp_path / "rows.xz", drive_hash(BATCH.packages)
    write_shipped([shipped(seed, drive) for seed in (1, 2, 3)], path)
    tasks = [task(seed) for seed in (1, 2, 3, 4)]
    own = synthetic_rows.row("expert", "cruise", 1, "hit")
    with open_rows(tmp_path / "run") as file:
        file.append(own)
        for _ in range(2):  # the second time, they are there
            add_shipped_rows(tasks, file, DrivingOptions(), "present code", BATCH.packages, path)
        assert [row.result.seed for row in file.rows.values()] == [1, 2, 3] and own in file.rows.values()
        # equal drives are not called those of another version
        assert {row.code_hash for row in file.rows.values() if row != own} == {"present code"}
    message = "the expert's drives: 2 of 3 come with the program, 1 to drive\n"
    assert capsys.readouterr().err == message


def test_rows_of_other_code_are_not_taken_for_this_code(tmp_path: Path) -> None:
    path = tmp_path / "rows.xz"
    write_shipped([shipped(1, drive_hash(BATCH.packages))], path)
    options = DrivingOptions(this_code=True)
    with open_rows(tmp_path / "run") as file:
        add_shipped_rows([task(1)], file, options, "another code", BATCH.packages, path)
        assert not file.rows
        add_shipped_rows([task(1)], file, options, "s", BATCH.packages, path)  # that of synthetic rows
        assert len(file.rows) == 1


def test_the_command_makes_the_rows_that_an_evaluation_drives(
    tiny_run: Path, tiny_suite: Path, tmp_path: Path
) -> None:
    suite, path = tmp_path / "tiny.yaml", tmp_path / "rows.xz"
    suite.write_text(
        tiny_suite.read_text(encoding="utf-8").replace("seeds: 1", "seeds: 2\nfirst_seed: 100000"),
        encoding="utf-8",
    )
    drive = drive_hash(BATCH.packages)
    write_shipped([shipped(1, "older"), shipped(2, drive, config="gone")], path)
    courses = ReferenceSet("tiny", str(suite), "for this test")
    assert make_rows(courses, tmp_path / "work", DrivingOptions(workers=2), BATCH, path)
    driven = [row for row in read_rows(tiny_run).values() if row.label == "expert"]
    made = read_shipped(path)
    assert len(made) == 6 and {each.drive_hash for each in made} == {drive}
    assert {each.row.key: each.row for each in made} == without_timings(driven)
    assert {task.key for task in present_tasks(made, BATCH)} == {each.row.key for each in made}


def test_shipped_rows_equal_the_drives_of_this_machine() -> None:
    """Bit for bit, timings apart, for the two shortest rows that fit the present code."""
    drive = drive_hash(BATCH.packages)
    fitting = [each for each in read_shipped() if each.drive_hash == drive]
    rows = {each.row.key: each.row for each in fitting}
    tasks = sorted(present_tasks(fitting, BATCH), key=lambda each: rows[each.key].result.duration_s)
    if not tasks:
        pytest.skip("the code has changed since: `python run_sim.py reference` makes the rows again")
    for each in tasks[:2]:
        driven = drive_task(BATCH.build_agent, each)
        assert replace(driven, stages_ms={}) == rows[each.key].result


def test_sets_are_on_the_seeds_that_they_say() -> None:
    splits = {each.name: split_of(each.seeds.start) for each in SETS}
    assert splits["standard"] is splits["frontier"] is SeedSplit.TEST
    assert splits["validation"] is splits["smoke"] is SeedSplit.VALIDATION


@pytest.mark.parametrize(
    ("words", "message"),
    [(["smok"], "did you mean smoke?"), (["smoke", "--check", "2"], "leave out the sets")],
)
def test_a_wrong_command_is_refused_in_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["reference", *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
