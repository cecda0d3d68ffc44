"""Files in place of rows: links, pipes, other files, numbers outside their ranges."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import pytest
from batch_runs import TASKS, row
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.row_ranges import OTHER, RANGES, check_ranges
from drive_stack.evaluation.batch.rows import MAX_ROW, Row
from drive_stack.evaluation.result import EpisodeResult

OTHER_TEXT = "text of another file"


@pytest.fixture
def three_rows(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    with open_rows(folder) as file:
        for task in TASKS[:3]:
            file.append(row(task))
    return folder


def assert_refused(folder: Path, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught, open_rows(folder):
        pass
    assert "\n" not in str(caught.value) and NAME in str(caught.value)


def symbolic_link(path: Path, other: Path) -> str:
    path.symlink_to(other)
    return "is a link"


def hard_link(path: Path, other: Path) -> str:
    path.hardlink_to(other)
    return "has 2 names"


def copied(path: Path, other: Path) -> str:
    path.write_bytes(other.read_bytes())
    return ":1: not valid JSON"


def copied_with_newline(path: Path, other: Path) -> str:
    path.write_bytes(other.read_bytes() + b"\n")
    return ":1: not valid JSON"


@pytest.mark.parametrize("create", [symbolic_link, hard_link, copied, copied_with_newline])
def test_another_file_in_place_of_rows_is_refused_and_stays_as_it_is(
    tmp_path: Path, create: Callable[[Path, Path], str]
) -> None:
    other, path = tmp_path / "other.txt", tmp_path / NAME
    other.write_text(OTHER_TEXT)
    message = create(path, other)
    before = path.read_bytes()
    assert_refused(tmp_path, message)
    assert other.read_text() == OTHER_TEXT and path.read_bytes() == before


def test_a_folder_or_a_pipe_in_place_of_rows_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a" / NAME).mkdir(parents=True)
    assert_refused(tmp_path / "a", "is a folder")
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / NAME)
    assert_refused(tmp_path / "b", "is a pipe")
    with pytest.raises(ConfigError, match="is a pipe"):  # without waiting for a writer
        read_rows(tmp_path / "b")


def test_rows_that_must_not_be_written_are_not(three_rows: Path) -> None:
    (three_rows / NAME).chmod(0o444)
    assert_refused(three_rows, "is read-only")


def test_a_folder_of_another_command_is_refused(three_rows: Path) -> None:
    (three_rows / "manifest.json").write_text("{}")
    with (
        pytest.raises(ConfigError, match=r"belongs to another command \(it holds manifest.json\)"),
        open_rows(three_rows, foreign="manifest.json"),
    ):
        pass


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(""),
        lambda path: path.write_text(path.read_text() + "more\n"),
        lambda path: (path.rename(path.with_name("moved")), path.write_text("")),
    ],
)
def test_rows_are_not_written_to_a_file_that_is_no_longer_there(
    three_rows: Path, change: Callable[[Path], object]
) -> None:
    with open_rows(three_rows) as file:
        change(three_rows / NAME)
        with pytest.raises(ConfigError, match="was deleted or changed by another program"):
            file.append(row(TASKS[3]))


@given(cut=st.integers(0, 2000), zeros=st.integers(0, 3))
def test_wherever_a_write_was_cut_off_the_rows_before_stay(
    tmp_path_factory: pytest.TempPathFactory, cut: int, zeros: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    lines = [row(task).to_json().encode() + b"\n" for task in TASKS[:3]]
    whole = b"".join(lines)
    remaining = whole[: max(len(whole) - cut, 0)]
    (folder / NAME).write_bytes(remaining + b"\0" * zeros)
    # a row is whole with its closing brace; the newline is not needed
    expected = sum(len(remaining) >= sum(map(len, lines[: n + 1])) - 1 for n in range(3))
    with open_rows(folder) as file:
        assert len(file.rows) == expected
        for task in TASKS[expected:3]:
            file.append(row(task))
    assert (folder / NAME).read_bytes() == whole


# --- numbers -------------------------------------------------------------------------------------


def changed(name: str, value: object) -> bytes:
    return json.dumps(json.loads(row(TASKS[0]).to_json()) | {name: value}).encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("route_completion", -7e300),
        ("route_completion", 1.0001),
        ("driving_score", 100.5),
        ("driving_score", float("nan")),
        ("driving_score", "nan"),
        ("distance_m", float("inf")),
        ("wall_s", -1.0),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 10**400),
        ("speeds_mps", [1.0, 7e300]),
        ("stages_ms", {"detector": -7e300}),
        ("scores", {"nuplan": {"total": 101.0, "terms": {}}}),
        ("scores", {"nuplan": {"total": 100.0, "terms": {"comfort": 7e300}}}),
    ],
)
def test_a_number_outside_its_range_is_named(tmp_path: Path, name: str, value: object) -> None:
    (tmp_path / NAME).write_bytes(changed(name, value) + b"\n")
    with pytest.raises(ConfigError, match=f"{NAME}:1: {name}.*not within"):
        read_rows(tmp_path)
    notes: list[str] = []
    assert read_rows(tmp_path, unreadable=notes.append) == {} and len(notes) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (changed("error", "x" * MAX_ROW), "bytes, at most 262,144 are allowed"),
        (changed("error", "\ud800"), "surrogates not allowed"),
        (changed("error", "?").replace(b'"?"', b'"\xed\xa0\x80"'), "'utf-8' codec can't decode"),
        (changed("error", "?").decode().encode("utf-16"), "'utf-8' codec can't decode"),
    ],
)
def test_text_that_reports_cannot_write_is_refused(tmp_path: Path, line: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Row.from_json(line)
    whole = changed("error", "zwei \U0001f697")  # a surrogate pair in JSON
    assert Row.from_json(whole).result.error == "zwei \U0001f697"


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[" * 100_000 + "\n")
    with pytest.raises(ConfigError, match=f"{NAME}:1: not valid JSON"):
        read_rows(tmp_path)


@pytest.mark.parametrize("edge", [0, 1])
def test_the_ends_of_ranges_are_allowed(edge: int) -> None:
    check_ranges({name: allowed[edge] for name, allowed in RANGES.items()} | {"other": OTHER[edge]})


def test_every_range_is_of_a_field() -> None:
    fields = {field.name for record in (Row, EpisodeResult) for field in dataclasses.fields(record)}
    assert RANGES.keys() - {"total"} <= fields
    assert {name for name, kind in get_type_hints(EpisodeResult).items() if kind is float} <= RANGES.keys()
