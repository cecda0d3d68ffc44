"""Runs that are killed or interrupted leave no process, and can be resumed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import batch_drivers
import psutil
import pytest
from batch_runs import TASKS, assert_same_rows, batch, row
from real_episodes import episodes
from rich.console import Console

from agents.registry import build_agent
from drive_stack.evaluation.batch.backends import Backend
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import DrivingOptions, drive_missing
from drive_stack.evaluation.batch.row_file import open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask

ROOT = Path(__file__).resolve().parents[2]
DRIVE = partial(drive_task, build_agent)


def start_run(
    folder: Path, tasks: list[BatchTask], drive: str, backend: str, address: str | None
) -> subprocess.Popen[str]:
    """Start a process that drives ``tasks`` with two workers; these leave notes in ``folder``."""
    (folder / "notes").mkdir()
    (folder / "tasks").write_bytes(pickle.dumps(tasks))
    code = f"""
import pickle, sys
from functools import partial
from pathlib import Path
sys.path[:0] = ["tests/support", "tests/support/fake_agents", ""]
import batch_drivers
from batch_runs import batch
from agents.registry import build_agent
from drive_stack.evaluation.batch.drive import drive_task
folder = Path({str(folder)!r})
tasks = pickle.loads((folder / "tasks").read_bytes())
drive = partial(batch_drivers.drive_with_note, folder / "notes", {drive})
batch(folder / "rows", drive, tasks, workers=2, backend={backend!r}, address={address!r})
"""
    environment = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, process_group=0
    )


def end_run(run: subprocess.Popen[str], sent_signal: signal.Signals, workers: Iterable[int]) -> None:
    """Send a signal, SIGINT to the whole group as a terminal does; the run and all its processes end."""
    started = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    started += [psutil.Process(worker) for worker in workers if psutil.pid_exists(worker)]
    if sent_signal is signal.SIGINT:
        os.killpg(run.pid, sent_signal)
    else:
        run.send_signal(sent_signal)
    run.communicate(timeout=60)
    assert run.returncode == -sent_signal
    assert psutil.wait_procs(started, timeout=30)[1] == []


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_always_prints_what_is_kept(
    tmp_path: Path, times: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes right after the first line, and again while the rows are counted."""
    announced = []

    def announce(*texts: object, **_: object) -> None:
        announced.extend(texts)
        signal.raise_signal(signal.SIGINT)

    def is_complete(_: Row) -> bool:
        if announced and times == 2:
            signal.raise_signal(signal.SIGINT)
        return True

    monkeypatch.setattr(Console, "print", announce)
    with open_rows(tmp_path) as file:
        file.append(row(TASKS[0]))
        with pytest.raises(KeyboardInterrupt):
            drive_missing(
                TASKS,
                file,
                DRIVE,
                DrivingOptions(),
                code="code",
                current_hash=lambda task: task.config_hash,
                is_complete=is_complete,
            )
    assert len(announced) == 2  # the console and its text
    assert capsys.readouterr().err == "1 of 6 episodes are kept; the same command goes on from there\n"


def workers_of(folder: Path) -> set[int]:
    return {int(note.name.split()[2]) for note in (folder / "notes").iterdir()}


ENDS = [
    ("processes", signal.SIGKILL),
    ("ray", signal.SIGKILL),
    ("ray", signal.SIGINT),
    ("own ray", signal.SIGINT),
]


@pytest.mark.slow
@pytest.mark.parametrize(("pool", "sent_signal"), ENDS)
def test_a_run_that_was_ended_goes_on(
    tmp_path: Path, course: Path, pool: str, sent_signal: signal.Signals, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("two_nodes") if pool == "ray" else None
    backend: Backend = "processes" if pool == "processes" else "ray"
    tasks = episodes("expert", course, range(100_000, 100_006))
    with start_run(tmp_path, tasks, "partial(drive_task, build_agent)", backend, address) as run:
        try:
            while not read_rows(tmp_path / "rows"):
                assert run.poll() is None, run.communicate()[1]
                time.sleep(0.05)
            end_run(run, sent_signal, workers_of(tmp_path))
        finally:
            run.kill()
    assert 0 < len(read_rows(tmp_path / "rows")) < len(tasks)
    batch(tmp_path / "rows", DRIVE, tasks, workers=2)
    batch(tmp_path / "local", DRIVE, tasks)
    assert_same_rows(tmp_path / "local", tmp_path / "rows", tasks)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["processes", "ray"])
def test_an_episode_that_hangs_does_not_outlive_the_run(
    tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("two_nodes") if backend == "ray" else None
    tasks = [task for task in TASKS if task.seed == batch_drivers.HANGS]
    with start_run(tmp_path, tasks, "batch_drivers.dangerous", backend, address) as run:
        try:
            while not workers_of(tmp_path):
                assert run.poll() is None, run.communicate()[1]
                time.sleep(0.05)
            end_run(run, signal.SIGKILL, workers_of(tmp_path))
        finally:
            run.kill()
