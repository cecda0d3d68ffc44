"""Batches: nothing driven twice, nothing lost, one writer, and failures that cost one episode."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import batch_drivers
import pytest
from batch_runs import TASKS, RowList, batch, by_seed, row, task

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.memory import memory_per_worker
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.rows import failure_line
from drive_stack.evaluation.batch.run import missing_tasks, run_batch
from drive_stack.evaluation.batch.scheduler import TaskScheduler
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import ProcessPool, ProcessWorker, run_task
from drive_stack.evaluation.result import Status
from drive_stack.support.interrupts import defer_interrupts

# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def three_rows(tmp_path: Path) -> Path:
    """A folder with three rows."""
    with open_rows(tmp_path) as file:
        for task in TASKS[:3]:
            file.append(row(task))
    return tmp_path


def test_rows_are_read_as_they_were_written(three_rows: Path) -> None:
    rows = read_rows(three_rows)
    assert [rows[written.key] for written in TASKS[:3]] == [row(written) for written in TASKS[:3]]
    assert all(
        json.loads(line)["scenario"] == "nowhere" for line in (three_rows / NAME).read_text().splitlines()
    )


def test_a_last_row_that_lacks_only_its_newline_is_kept(three_rows: Path) -> None:
    path = three_rows / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(read_rows(three_rows)) == 3
    with open_rows(three_rows) as file:
        assert missing_tasks(TASKS[:3], file) == []
        file.append(row(TASKS[3]))
    assert path.read_bytes().startswith(whole) and len(read_rows(three_rows)) == 4


@pytest.mark.parametrize("cut", [2, 20, 200])
def test_a_torn_last_line_is_cut_and_written_again(three_rows: Path, cut: int) -> None:
    path = three_rows / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert len(read_rows(three_rows)) == 2
    with open_rows(three_rows) as file:
        assert [missing.seed for missing in missing_tasks(TASKS[:3], file)] == [3]
        file.append(row(TASKS[2]))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (lambda line: line[:50], "not valid JSON"),
        (lambda line: "[]", "not a JSON object"),
        (lambda line: line.replace('"seed": 2', '"seed": "two"'), "seed"),
        (lambda line: line.replace('"status"', '"statsu"'), "status"),
    ],
)
def test_a_corrupt_line_is_named(three_rows: Path, corrupt: Callable[[str], str], message: str) -> None:
    path = three_rows / NAME
    lines = path.read_text().splitlines()
    lines[1] = corrupt(lines[1])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=f"{NAME}:2: .*{message}"), open_rows(three_rows):
        pass


def test_of_rows_with_one_key_the_last_counts(three_rows: Path) -> None:
    with open_rows(three_rows) as file:
        file.append(replace(row(TASKS[0]), wall_s=9.0))
    rows = read_rows(three_rows)
    assert len(rows) == 3 and rows[TASKS[0].key].wall_s == 9.0


def test_a_second_writer_is_refused(three_rows: Path) -> None:
    with open_rows(three_rows) as file:
        with pytest.raises(ConfigError, match="another run is writing there"), open_rows(three_rows):
            pass
        file.append(row(TASKS[3]))  # the first is not disturbed
    assert len(read_rows(three_rows)) == 4


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: "), open_rows(tmp_path / "file" / "folder"):
        pass


def test_a_full_disk_leaves_the_file_whole(three_rows: Path) -> None:
    path = three_rows / NAME
    whole = path.read_bytes()
    with open_rows(three_rows) as file:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 30, hard))  # 30 more bytes are allowed
        try:
            with pytest.raises(ConfigError, match=r"cannot be written: .*; 3 rows are kept"):
                file.append(row(TASKS[3]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == whole
        file.append(row(TASKS[3]))
    assert len(read_rows(three_rows)) == 4


def test_an_interrupt_waits_for_a_row_that_is_being_written() -> None:
    go = threading.Event()

    def receive_signal() -> None:
        go.wait()
        signal.raise_signal(signal.SIGINT)

    written: list[bool] = []
    library_thread = threading.Thread(
        target=receive_signal
    )  # like threads of libraries, it does not block signals
    library_thread.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    try:
        with pytest.raises(KeyboardInterrupt), defer_interrupts():
            go.set()
            library_thread.join()
            written.append(True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert written == [True]


# --- workers -------------------------------------------------------------------------------------


def test_a_batch_taken_up_again_drives_what_is_missing(tmp_path: Path) -> None:
    assert batch(tmp_path, batch_drivers.synthetic_result, TASKS[:2]) == [1, 2]
    before = (tmp_path / NAME).read_bytes()
    changed = replace(TASKS[0], config_hash="c1")
    assert batch(tmp_path, batch_drivers.synthetic_result, [changed, *TASKS[:4]]) == [1, 3, 4]
    assert (tmp_path / NAME).read_bytes().startswith(before)
    assert (
        batch(tmp_path, batch_drivers.drive_without_weights, [changed, *TASKS[:4]]) == []
    )  # no worker is started


def test_a_lost_worker_costs_its_episode_only(tmp_path: Path) -> None:
    batch(tmp_path, batch_drivers.dangerous, workers=2, limit=2.0)
    rows = by_seed(tmp_path)
    assert sorted(rows) == [1, 2, 3, 4, 5, 6]
    for seed, reason in {
        batch_drivers.KILLED: "SIGKILL (by hand, or for want of memory)",
        batch_drivers.LEAVES: "exit code 7",
        batch_drivers.HANGS: "longer than the limit of 2 s",
    }.items():
        lost = rows.pop(seed)
        assert lost.lost and lost.result.status is Status.ERROR and reason in (lost.result.error or "")
    assert not any(row.lost or row.result.error for row in rows.values())
    assert multiprocessing.active_children() == []


def test_a_worker_leaves_requests_to_end_to_its_parent(tmp_path: Path) -> None:
    assert batch(tmp_path, batch_drivers.drive_despite_signals, TASKS[:3]) == [1, 2, 3]
    assert not any(row.lost or row.result.error for row in by_seed(tmp_path).values())


def test_a_full_disk_is_no_fault_of_an_episode() -> None:
    full, other = (run_task(batch_drivers.drive_on_a_full_disk, task(seed)) for seed in (3, 5))
    assert full.config_error == "the worker cannot write: No space left on device" and full.failure is None
    assert other.config_error is None and "FileNotFoundError" in (other.failure or "")


class Interrupting(ProcessPool):
    """A pool in which Ctrl-C arrives just after a worker was started."""

    def start(self) -> ProcessWorker:
        worker = super().start()
        signal.raise_signal(signal.SIGINT)
        return worker


def test_a_worker_whose_start_is_interrupted_is_ended() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pool = Interrupting(batch_drivers.synthetic_result, memory_per_worker(1))
        with pytest.raises(KeyboardInterrupt), TaskScheduler(pool, workers=1, time_limit=300.0) as scheduler:
            list(scheduler.run(TASKS))
    finally:
        signal.signal(signal.SIGINT, before)
    assert multiprocessing.active_children() == []


def test_lost_rows_are_driven_again_when_asked(three_rows: Path) -> None:
    with open_rows(three_rows) as file:
        file.append(row(TASKS[3], lost=True))
        assert missing_tasks(TASKS, file) == TASKS[4:]
        assert missing_tasks(TASKS, file, retry_lost=True) == TASKS[3:]
        file.append(row(TASKS[3]))
        assert missing_tasks(TASKS, file, retry_lost=True) == TASKS[4:]


def test_rows_of_other_code_are_driven_again_when_asked(three_rows: Path) -> None:
    with open_rows(three_rows) as file:
        file.append(replace(row(TASKS[3]), code_hash="older code"))
        assert missing_tasks(TASKS, file) == TASKS[4:]
        assert missing_tasks(TASKS, file, code="code") == TASKS[3:]
        assert missing_tasks(TASKS, file, code="newer code") == TASKS


def test_a_failure_is_described_in_one_line() -> None:
    failed = replace(
        row(TASKS[0]), result=replace(row(TASKS[0]).result, error="Traceback:\n  x\nKeyError: 'y'\n")
    )
    assert failure_line(failed) == "made up on nowhere 1: KeyError: 'y'"


def test_a_worker_changes_nothing_outside_its_process(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = dict(os.environ)
    assert batch(tmp_path, batch_drivers.drive_and_print, TASKS[:4]) == [1, 2, 3, 4]
    rows = by_seed(tmp_path)
    unlucky = rows.pop(
        batch_drivers.UNLUCKY
    )  # the world failed: the row has the traceback, and the batch continues
    assert not unlucky.lost and "the road has a hole" in (unlucky.result.error or "")
    assert {row.result.clamped_actions for row in rows.values()} == {1}  # thread
    assert dict(os.environ) == before and capfd.readouterr().out == ""


def test_a_task_that_can_never_be_driven_ends_the_batch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"weights\.onnx: no such file"):
        batch(tmp_path, batch_drivers.drive_without_weights)
    assert sorted(by_seed(tmp_path)) == [1, 2]
    assert multiprocessing.active_children() == []


def test_what_changes_while_driving_is_not_written(tmp_path: Path) -> None:
    def changed_hash(task: BatchTask) -> str:
        return "c1" if task.seed == 2 else task.config_hash

    drive = partial(
        run_batch, TASKS, drive=batch_drivers.synthetic_result, listener=RowList(), code="", workers=1
    )
    with open_rows(tmp_path) as file, pytest.raises(ConfigError, match="changed while driving"):
        drive(file=file, current_hash=changed_hash, time_limit=300.0)
    assert sorted(by_seed(tmp_path)) == [1]


def test_a_worker_may_fail_to_start_now_and_then(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    starts.mkdir()
    assert batch(tmp_path, batch_drivers.SlowToStart(starts, 2), TASKS[:2]) == [1, 2]
    with pytest.raises(ConfigError, match="worker processes cannot start: ended with exit code 9"):
        batch(tmp_path, batch_drivers.SlowToStart(starts, 99))
    assert multiprocessing.active_children() == [] and sorted(by_seed(tmp_path)) == [1, 2]
