"""Any content of a run's folder: its rows and facts are read or refused in one line."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_strategies import (
    FEW_EXAMPLES,
    MANY_EXAMPLES,
    changed_values,
    check_line,
    fuzzing,
    json_files,
    read_or_refuse,
)
from hypothesis import given
from hypothesis import strategies as st
from synthetic_rows import row

from drive_stack.app.commands.replay import load_replay
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.run_facts import NAME as RUN_FACTS
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs
from run_sim import make_wiring

ROWS = [
    replace(row("expert", "cruise", seed, outcome), versions={"numpy": "2"})
    for seed, outcome in ((1, "ok"), (2, "hit"))
]
FACTS = RunFacts(
    suite="short",
    scenarios=("cruise", "cut_in[ego.speed_share=1]"),
    first_seed=1,
    seeds=2,
    drivers={"expert": Driver(agent="expert", overrides=("control.lateral=lqr",))},
)
ROW_DOCUMENT, FACTS_DOCUMENT = json.loads(ROWS[0].to_json()), json.loads(FACTS.model_dump_json())


def read_everything(run: Path) -> None:
    """Read the run as each of the commands does."""
    read_or_refuse(lambda: check_facts(run), run / RUN_FACTS)
    read_or_refuse(lambda: check_rows(run), run / NAME)
    read_or_refuse(lambda: check_report(run), run)
    read_or_refuse(lambda: check_replay(run))
    read_or_refuse(lambda: check_opened(run), run / NAME)


def check_facts(run: Path) -> None:
    """Facts that can be read can be written, and read back equal."""
    facts = read_facts(run)
    assert facts is not None
    assert RunFacts.model_validate_json(facts.model_dump_json()) == facts


def check_rows(run: Path) -> None:
    """Rows that can be read can be written, and read back equal."""
    unreadable: list[str] = []
    for key, read_row in read_rows(run, unreadable=unreadable.append).items():
        assert read_row.key == key and Row.from_json(read_row.to_json().encode()) == read_row
    for line in unreadable:
        check_line(line)
        assert line.startswith(f"{run / NAME}:")
    read_rows(run)
    assert not unreadable


def check_report(run: Path) -> None:
    runs = read_runs([run])
    for note in runs.notes:
        check_line(note)
    check_line(runs.completeness.text or "all driven")


def check_page(run: Path) -> None:
    """The page can be written and its size is bounded."""
    assert len(render(read_runs([run])).encode()) < 5_000_000


def check_replay(run: Path) -> None:
    for note in load_replay(run, "1", make_wiring().batch).notes:
        check_line(note)


def check_opened(run: Path) -> None:
    """Opening the rows for writing changes only a row that was cut off."""
    with open_rows(run) as file:
        known = dict(file.rows)
    assert read_rows(run) == known


@pytest.fixture(scope="module")
def run() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def write_run(run: Path, rows: bytes, facts: bytes) -> None:
    (run / NAME).write_bytes(rows)
    (run / RUN_FACTS).write_bytes(facts)


VALID_ROWS = b"".join(valid_row.to_json().encode() + b"\n" for valid_row in ROWS)
VALID_FACTS = FACTS.model_dump_json().encode()
LINE_ENDS = st.sampled_from([b"\n", b"", b"\n\n", b"\r\n", b"\0\0", b"\n\0"])


def fuzz_rows(run: Path, examples: int, read: Callable[[Path], None]) -> None:
    @fuzzing(examples)
    @given(st.sampled_from([b"", VALID_ROWS]), json_files(ROW_DOCUMENT), LINE_ENDS)
    def check(before: bytes, line: bytes, end: bytes) -> None:
        write_run(run, before + line + end, VALID_FACTS)
        read(run)

    check()


def fuzz_facts(run: Path, examples: int, read: Callable[[Path], None]) -> None:
    @fuzzing(examples)
    @given(json_files(FACTS_DOCUMENT))
    def check(facts: bytes) -> None:
        write_run(run, VALID_ROWS, facts)
        read(run)

    check()


def fuzz_pages(run: Path, examples: int) -> None:
    @fuzzing(examples)
    @given(changed_values(ROW_DOCUMENT), changed_values(FACTS_DOCUMENT))
    def check(line: object, facts: object) -> None:
        write_run(run, VALID_ROWS + json.dumps(line).encode() + b"\n", json.dumps(facts).encode())
        read_or_refuse(lambda: check_page(run), run)

    check()


def test_fuzzed_rows_are_read_or_refused_in_a_line(run: Path) -> None:
    fuzz_rows(run, FEW_EXAMPLES, read_everything)


def test_fuzzed_facts_of_a_run_are_read_or_refused_in_a_line(run: Path) -> None:
    fuzz_facts(run, FEW_EXAMPLES, read_everything)


@pytest.mark.slow
def test_many_fuzzed_rows(run: Path) -> None:
    fuzz_rows(run, MANY_EXAMPLES, read_everything)


@pytest.mark.slow
def test_many_fuzzed_facts_of_a_run(run: Path) -> None:
    fuzz_facts(run, MANY_EXAMPLES, read_everything)


@pytest.mark.slow
def test_many_pages_of_fuzzed_runs(run: Path) -> None:
    fuzz_pages(run, MANY_EXAMPLES // 10)
