"""`run_sim.py collect`: started, interrupted, corrupted, repaired."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from real_episodes import SHORT

import run_sim
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import NAME, read_manifest
from drive_stack.evaluation.batch.row_file import NAME as ROWS
from drive_stack.evaluation.batch.row_file import read_rows


@pytest.fixture
def courses(tmp_path: Path) -> list[Path]:
    """Two different files with the same stem."""
    paths = [tmp_path / name / "short.yaml" for name in ("a", "b")]
    for path, density in zip(paths, (0, 10), strict=True):
        path.parent.mkdir()
        path.write_text(SHORT + f"# {density}\n")
    return paths


def collect(folder: Path, *arguments: str) -> int:
    return run_sim.main(["collect", "--out", str(folder), "--workers", "1", *arguments])


@pytest.mark.slow
def test_a_folder_is_recorded_corrupted_and_repaired(
    tmp_path: Path, courses: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "recordings"
    options = ("--scenarios", ",".join(map(str, courses)), "--seeds", "1", "--every", "4")
    assert collect(folder, *options) == 0
    before = read_manifest(DRIVES, folder)
    assert len(before.shards) == 2 == Recording([folder]).episodes
    shards = [folder / entry.file for entry in before.shards]
    assert shards[0] != shards[1]
    capsys.readouterr()

    assert collect(folder, *options) == 0
    assert "2 of 2 episodes are there already" in capsys.readouterr().err

    shards[0].unlink()
    assert collect(folder, *options) == 0
    messages = capsys.readouterr().err
    assert (
        "1 episodes have a row and no whole shard" in messages
        and "1 of 2 episodes are there already" in messages
    )
    assert read_manifest(DRIVES, folder) == before

    shards[0].write_bytes(shards[0].read_bytes()[:-400])
    assert collect(folder, *options) == 2
    messages = capsys.readouterr().err
    assert (
        messages.count("\n") == 2 and f"{shards[0]}: cut off" in messages and "collect --repair" in messages
    )

    assert collect(folder, "--repair") == 0
    assert "moved to" in capsys.readouterr().err
    assert read_manifest(DRIVES, folder) == before and Recording([folder]).episodes == 2

    # a run that was killed before it could list what it recorded
    (folder / NAME).write_text(before.model_copy(update={"shards": before.shards[:1]}).model_dump_json())
    assert collect(folder, *options) == 0
    assert "2 of 2 episodes are there already" in capsys.readouterr().err
    assert read_manifest(DRIVES, folder) == before
    assert len((folder / ROWS).read_text().splitlines()) == 4


@pytest.mark.slow
def test_a_run_that_is_asked_to_end_keeps_what_it_has(tmp_path: Path, courses: list[Path]) -> None:
    folder = tmp_path / "recordings"
    options = ["--scenarios", str(courses[0]), "--seeds", "6", "--every", "4"]
    command = [sys.executable, "run_sim.py", "collect", "--out", str(folder), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, process_group=0) as run:
        try:
            while not read_rows(folder):
                assert run.poll() is None, run.communicate()[1]
                time.sleep(0.05)
            started = psutil.Process(run.pid).children(recursive=True)
            os.killpg(run.pid, signal.SIGTERM)  # as schedulers do: to the workers too
            messages = run.communicate(timeout=60)[1]
        finally:
            run.kill()
    assert run.returncode == 128 + signal.SIGTERM
    rows = read_rows(folder).values()
    assert f"{len(rows)} of 6 episodes are kept; the same command goes on from there" in messages
    assert messages.splitlines()[-1] == "run_sim.py: stopped by SIGTERM"
    assert psutil.wait_procs(started, timeout=30)[1] == []
    assert not any(row.lost for row in rows) and Recording([folder]).episodes == len(rows) < 6
    assert collect(folder, *options) == 0
    assert Recording([folder]).episodes == 6 == len((folder / ROWS).read_text().splitlines())


@pytest.mark.parametrize("extra", [["--seeds", "3"], ["--perturb"], ["--every", "4"]])
def test_a_repair_takes_its_settings_from_the_folder(
    tmp_path: Path, extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect(tmp_path, "--repair", *extra) == 2
    assert f"{extra[0]}: not with --repair" in capsys.readouterr().err


def test_there_must_be_something_to_repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect(tmp_path, "--repair") == 2
    assert f"{tmp_path}: holds no recordings" in capsys.readouterr().err


def test_a_run_of_another_command_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(json.dumps({}))
    assert collect(tmp_path, "--seeds", "1") == 2
    assert "belongs to another command (it holds run.json)" in capsys.readouterr().err
    (tmp_path / "run.json").rename(tmp_path / NAME)
    for command in ("evaluate", "stages"):
        assert run_sim.main([command, "--out", str(tmp_path)]) == 2
        assert f"belongs to another command (it holds {NAME})" in capsys.readouterr().err


def test_test_seeds_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect(tmp_path, "--first-seed", "199999", "--seeds", "2") == 2
    assert "are for tests" in capsys.readouterr().err
