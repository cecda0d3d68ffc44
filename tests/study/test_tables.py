"""The study's two tables: written and read again, and refused in one line."""

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_study import FIRST_SEED, MODULAR, drive, simulate, training_row
from synthetic_rows import row

import run_sim
from drive_stack.errors import ConfigError
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.study.outcomes import collect, common_courses
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow, drive_row
from drive_stack.study.tables import read_table, write_table

NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)
FRACTIONS = st.floats(0.0, 1.0)
AMOUNTS = st.floats(0.0, 1e9)
COUNTS = st.integers(0, 10**12)
TRAININGS = st.builds(
    training_row,
    NAMES,
    COUNTS,
    st.integers(0, 2**32 - 1),
    mixture=NAMES,
    rows=st.integers(1, 10**12),
    episodes=st.integers(1, 10**9),
    boxes=COUNTS,
    core_hours=AMOUNTS,
    detector_ap50=st.none() | FRACTIONS,
    acceleration_error=st.none() | AMOUNTS,
)
DRIVES = st.builds(
    drive,
    TRAININGS,
    NAMES,
    st.integers(0, 2**32 - 1),
    success=st.booleans(),
    status=st.sampled_from(Status),
    at_fault=st.none() | st.booleans(),
    collision_with=st.none() | NAMES,
    progress_of_expert=st.none() | FRACTIONS,
    driving_score=st.floats(0.0, 100.0),
)
FUZZING = settings(max_examples=25, deadline=None)


@FUZZING
@given(st.lists(TRAININGS, max_size=4))
def test_trainings_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[TrainingRow]
) -> None:
    path = tmp_path_factory.mktemp("tables") / "trainings.parquet"
    write_table(path, rows, TrainingRow)
    assert sorted(read_table(path, TrainingRow), key=repr) == sorted(rows, key=repr)


@FUZZING
@given(st.lists(DRIVES, max_size=4), st.randoms())
def test_drives_are_read_as_they_were_written_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[DriveRow], random: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    write_table(folder / "drives.parquet", rows, DriveRow)
    assert sorted(read_table(folder / "drives.parquet", DriveRow), key=repr) == sorted(rows, key=repr)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    write_table(folder / "other.parquet", shuffled, DriveRow)
    assert (folder / "other.parquet").read_bytes() == (folder / "drives.parquet").read_bytes()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "trainings.parquet"
    write_table(path, [training_row("modular", 1000, seed) for seed in range(3)], TrainingRow)
    return path


def changed(path: Path, column: str, values: list[object]) -> None:
    data = pq.read_table(path)
    index = data.schema.get_field_index(column)
    field = data.schema.field(column)
    pq.write_table(data.set_column(index, field, pa.array(values, field.type)), path)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("rows", [1, 0, 1], "row 2: rows: Input should be greater than or equal to 1 (found 0)"),
        ("core_hours", [1.0, 1.0, float("nan")], "row 3: core_hours: Input should be a finite number"),
        ("detector_ap50", [1.5, None, 0.1], "row 1: detector_ap50: Input should be less than or equal to 1"),
        ("weights_sha256", ["a" * 64, "A", "x"], "row 2: weights_sha256: String should match pattern"),
        ("arm", ["", "b", "c"], "row 1: arm: String should have at least 1 character"),
    ],
)
def test_bad_values_are_named(table: Path, column: str, values: list[object], message: str) -> None:
    changed(table, column, values)
    with pytest.raises(ConfigError) as raised:
        read_table(table, TrainingRow)
    assert str(raised.value).startswith(f"{table}: {message}")


def test_a_row_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "trainings.parquet"
    with pytest.raises(ConfigError, match="row 1: core_hours: Input should be greater than or equal to 0"):
        write_table(path, [training_row("modular", 1000, 0, core_hours=-1.0)], TrainingRow)
    assert not path.exists()


def test_files_that_are_no_such_table_are_refused(table: Path, tmp_path: Path) -> None:
    data = pq.read_table(table)
    cases = {
        "not the columns of a TrainingRow: boxes": data.drop_columns(["boxes"]),
        "column rows is of type string; expected int64": data.set_column(
            data.schema.get_field_index("rows"), "rows", pa.array(["1", "2", "3"])
        ),
        "version none of a study's table; expected 1": data.replace_schema_metadata(None),
        "version 2 of a study's table": data.replace_schema_metadata({"drive_stack_study": "2"}),
    }
    for message, changed_table in cases.items():
        pq.write_table(changed_table, table)
        with pytest.raises(ConfigError) as raised:
            read_table(table, TrainingRow)
        assert str(raised.value).startswith(f"{table}: {message}")
    table.write_bytes(b"rows")
    with pytest.raises(ConfigError, match="cannot be read: not a Parquet file"):
        read_table(table, TrainingRow)
    with pytest.raises(ConfigError, match="no such file"):
        read_table(tmp_path / "none.parquet", TrainingRow)


def test_the_tables_are_not_mixed_up(table: Path) -> None:
    with pytest.raises(ConfigError, match="not the columns of a DriveRow"):
        read_table(table, DriveRow)


def test_a_row_of_an_evaluation_becomes_a_row_of_the_study() -> None:
    training = TrainingId("modular", 4000, 2)
    failed = drive_row(training, "standard", row("any", "cruise", 200_003, "hit"))
    assert failed.training == training and failed.course == ("cruise", 200_003)
    assert (failed.success, failed.status, failed.collision_with) == (False, Status.COLLISION, "vehicle")
    assert (failed.progress, failed.driving_score, failed.config_hash) == (0.5, 30.0, "c")
    assert drive_row(training, "standard", row("any", "cruise", 200_003)).success


def test_incomplete_trainings_are_left_out() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={2000: 1, 1000: 2}, courses=5)
    collected = collect(rows, drives[:-1], "standard")
    assert collected.incomplete == (TrainingId("modular", 1000, 1),)
    outcomes = collected.arms["modular"]
    assert [(item.size, item.seed) for item in outcomes.trainings] == [(1000, 0), (2000, 0)]
    assert outcomes.failed.shape == (2, 5)
    by_drive = {(item.size, item.course): item.success for item in drives}
    for training, failed in zip(outcomes.trainings, outcomes.failed, strict=True):
        for course, fails in zip(outcomes.courses, failed, strict=True):
            assert by_drive[training.size, course] is not bool(fails) or training.size == 1000


def test_other_suites_and_mixtures_and_references_are_kept_apart() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={1000: 1}, courses=3)
    expert = dataclasses.replace(rows[0], mixture="expert")
    others = [
        dataclasses.replace(drives[0], suite="frontier"),
        dataclasses.replace(drives[0], mixture="expert"),
        dataclasses.replace(drives[0], arm="constant", size=0),
    ]
    collected = collect([*rows, expert], [*drives, *others], "standard")
    assert list(collected.arms) == ["modular"] and len(collected.arms["modular"].courses) == 3
    assert (
        len(collect([*rows, expert], [*drives, *others], "standard", "expert").arms["modular"].courses) == 1
    )


def test_contradictions_are_refused() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={1000: 2}, courses=3)
    with pytest.raises(ConfigError, match="drives: modular, 1,000 rows, seed 1 is not in the table"):
        collect(rows[:1], drives, "standard")
    twice = f"drives: modular, 1,000 rows, seed 0 is listed twice on s00 {FIRST_SEED}"
    with pytest.raises(ConfigError, match=twice):
        collect(rows, [*drives, drives[0]], "standard")
    with pytest.raises(ConfigError, match="trainings: modular, 1,000 rows, seed 1 is listed twice"):
        collect([*rows, rows[1]], drives, "standard")


def test_courses_in_common() -> None:
    first = collect(*simulate({"modular": MODULAR}, trainings={1000: 1}, courses=5), "standard").arms[
        "modular"
    ]
    second = first.on(first.courses[1:3])
    assert common_courses(first, second) == first.courses[1:3]
    assert second.failed.tolist() == first.failed[:, 1:3].tolist()


@pytest.mark.parametrize("suite", suites())
def test_drives_of_every_suite_can_be_kept(suite: str, tmp_path: Path) -> None:
    # a course's name holds its conditions and overrides, and may be long
    names = load_suite(suite).scenarios(run_sim.make_wiring().batch.scenarios, str)
    rows = [drive(training_row("modular", 1000, 0), name, FIRST_SEED, success=True) for name in names]
    write_table(tmp_path / "drives.parquet", rows, DriveRow)
    assert {row.scenario for row in read_table(tmp_path / "drives.parquet", DriveRow)} == set(names)
