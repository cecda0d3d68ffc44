"""The command from end to end, on a short course that a blind driver fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from failed_drives import STOPPED_CAR

import run_sim
from drive_stack.evaluation.batch.row_file import NAME, RowFile
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import Status
from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.falsification.record import read_record
from drive_stack.falsification.results import MAP, PAGE, SUMMARY

# the car stands beyond the stopping distance, 70 m at 80 km/h, or far to the side
COURSE = STOPPED_CAR.replace(
    "at: 85, lane: ego", "at: {min: 80, max: 120}, lane: ego, offset: {min: -1, max: 1}"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("course") / "short.yaml"
    path.write_text(COURSE)
    return path


def words(course: Path, out: Path, *options: str) -> list[str]:
    return ["search", "--agent", "constant", "--scenario", str(course), "--out", str(out), "--seeds", "0:3",
            "--batch", "2", *options]  # fmt: skip


@pytest.fixture(scope="module")
def found(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed search; tests do not change it."""
    out = tmp_path_factory.mktemp("search")
    assert run_sim.main(words(course, out, "--budget", "4")) == 0
    return out / "tpe-0"


def trials_of(folder: Path) -> tuple[Trial, ...]:
    return read_record(folder).trials


def test_a_driver_that_ignores_the_road_is_found_at_once(found: Path) -> None:
    record = read_record(found)
    assert record.first_found == 1
    assert record.count(Outcome.COUNTEREXAMPLE) == len(record.trials) == 4
    assert all(0.0 < trial.demand <= 1.0 for trial in record.trials)  # the careful driver brakes in time
    ranks = [trial.criticality for trial in record.counterexamples]
    assert ranks == sorted(ranks, key=lambda value: -(value or 0.0))
    assert (found / SUMMARY).read_text().count("drove into a standing vehicle") == 4
    assert (found / PAGE).read_text().count("<video") == 4
    assert not (found / MAP).exists()  # where all courses fail, no key tells them apart


def test_the_file_of_a_counterexample_repeats_the_failure(
    found: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = read_record(found).counterexamples[0]
    (file,) = (found / "found").glob("01-*.yaml")
    drive = [
        "--agent",
        "constant",
        "--scenario",
        str(file),
        "--seed",
        str(trial.seed),
        "--headless",
        "--json",
    ]
    capsys.readouterr()
    assert run_sim.main(drive) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == Status.COLLISION.value
    rows = [json.loads(line) for line in (found / NAME).read_text().splitlines()]
    recorded = next(
        row for row in rows if Path(row["scenario"]).stem in file.stem and row["seed"] == trial.seed
    )
    assert result["impact_speed_mps"] == recorded["impact_speed_mps"]


def test_a_search_that_was_stopped_ends_with_the_same_list(
    course: Path,
    found: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C after the fifth row: the first batch has two of the driver and two of the expert."""
    append = RowFile.append

    def interrupted(file: RowFile, row: Row) -> None:
        append(file, row)
        if len(file.rows) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RowFile, "append", interrupted)
        assert run_sim.main(words(course, tmp_path, "--budget", "4")) == 130
    assert "5 episodes are kept; the same command goes on from there" in capsys.readouterr().err
    assert trials_of(tmp_path / "tpe-0") == trials_of(found)[:2]
    before = (tmp_path / "tpe-0" / NAME).read_bytes()
    assert run_sim.main(words(course, tmp_path, "--budget", "4")) == 0
    assert (tmp_path / "tpe-0" / NAME).read_bytes().startswith(before)  # nothing is driven again
    assert trials_of(tmp_path / "tpe-0") == trials_of(found)


@pytest.mark.slow
def test_a_search_that_was_killed_ends_with_the_same_list(course: Path, found: Path, tmp_path: Path) -> None:
    command = [sys.executable, run_sim.__file__, *words(course, tmp_path, "--budget", "4")]
    process = subprocess.Popen(command, env=os.environ)
    rows = tmp_path / "tpe-0" / NAME
    while process.poll() is None and not (rows.is_file() and rows.read_bytes().count(b"\n") > 2):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(command, env=os.environ, check=True)
    assert trials_of(tmp_path / "tpe-0") == trials_of(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seeds", "200000:200002"], "are test seeds"),
        (["--vary", "actors.0.speed=1:2"], "unknown key 'actors.0.speed'"),
        (["--vary", "actors.0.at=5000:6000"], "--vary actors.0.at: must lie within 0 … 5000"),
        (["--agent", "expert"], "is the reference"),
        (["--scenario", "cut_inn"], "unknown scenario 'cut_inn'"),
        (["--space", "no_file.yaml"], "no_file.yaml: no such file"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    out = tmp_path / "out"
    assert run_sim.main([*words(course, out), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_another_driver_does_not_search_in_the_same_folder(
    course: Path, found: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main([*words(course, found.parent, "--budget", "4"), "--agent", "random"]) == 2
    assert "holds a search for failures of another driver" in capsys.readouterr().err
