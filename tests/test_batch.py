"""Batches: nothing driven twice, nothing lost, and the same rows however they came about."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import batch_drivers
import pytest
from rich.console import Console

from agents.facts import agent_facts
from agents.registry import build_agent
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.interrupts import interrupts_held
from drive_stack.evaluation.batch.progress import Tally, clock, watched
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row, failure, without_timings
from drive_stack.evaluation.batch.run import missing, run_batch
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.batch.worker import Drive
from drive_stack.evaluation.result import Status
from envs.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[1]


class Noted:
    """Remembers the rows it is told of."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def note(self, row: Row) -> None:
        self.rows.append(row)


def task(seed: int, label: str = "made up", config: str = "c0") -> EpisodeTask:
    return EpisodeTask(label, "nobody", (), "nowhere", seed, config)


TASKS = [task(seed) for seed in range(1, 7)]


def row(of: EpisodeTask, *, lost: bool = False) -> Row:
    return Row(of.label, of.config, "code", lost, 0.5, batch_drivers.made_up(of))


def batch(
    folder: Path,
    drive: Drive,
    tasks: list[EpisodeTask] = TASKS,
    workers: int = 1,
    limit: float = 300.0,
    retry_lost: bool = False,
) -> list[int]:
    """Drive what is missing; the seeds that were driven now, in the order of their rows."""
    noted = Noted()
    with open_rows(folder) as file:
        left = missing(tasks, file, retry_lost=retry_lost)
        run_batch(
            left,
            file,
            drive,
            noted,
            hash_now=lambda given: given.config,
            code="code",
            workers=workers,
            time_limit=limit,
        )
    return [row.result.seed for row in noted.rows]


def by_seed(folder: Path) -> dict[int, Row]:
    return {row.result.seed: row for row in read_rows(folder).values()}


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A folder with three rows."""
    with open_rows(tmp_path) as file:
        for given in TASKS[:3]:
            file.append(row(given))
    return tmp_path


def test_rows_are_read_as_they_were_written(three: Path) -> None:
    rows = read_rows(three)
    assert [rows[given.key] for given in TASKS[:3]] == [row(given) for given in TASKS[:3]]
    assert all(json.loads(line)["scenario"] == "nowhere" for line in (three / NAME).read_text().splitlines())


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_cut_and_written_again(three: Path, cut: int) -> None:
    path = three / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert len(read_rows(three)) == 2
    with open_rows(three) as file:
        assert [given.seed for given in missing(TASKS[:3], file)] == [3]
        file.append(row(TASKS[2]))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda line: line[:50], "not valid JSON"),
        (lambda line: "[]", "not a JSON object"),
        (lambda line: line.replace('"seed": 2', '"seed": "two"'), "seed"),
        (lambda line: line.replace('"status"', '"statsu"'), "status"),
    ],
)
def test_a_spoilt_line_is_named(three: Path, spoil: Callable[[str], str], said: str) -> None:
    path = three / NAME
    lines = path.read_text().splitlines()
    lines[1] = spoil(lines[1])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=f"{NAME}:2: .*{said}"), open_rows(three):
        pass


def test_of_rows_with_one_key_the_last_counts(three: Path) -> None:
    with open_rows(three) as file:
        file.append(replace(row(TASKS[0]), wall_s=9.0))
    rows = read_rows(three)
    assert len(rows) == 3 and rows[TASKS[0].key].wall_s == 9.0


def test_a_second_writer_is_refused(three: Path) -> None:
    with open_rows(three) as file:
        with pytest.raises(ConfigError, match="another run is writing there"), open_rows(three):
            pass
        file.append(row(TASKS[3]))  # the first is not disturbed
    assert len(read_rows(three)) == 4


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: "), open_rows(tmp_path / "file" / "folder"):
        pass


def test_a_full_disk_leaves_the_file_whole(three: Path) -> None:
    path = three / NAME
    whole = path.read_bytes()
    with open_rows(three) as file:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 30, hard))  # 30 bytes more, and no further
        try:
            with pytest.raises(ConfigError, match=r"cannot be written: .*; 3 rows are kept"):
                file.append(row(TASKS[3]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == whole
        file.append(row(TASKS[3]))
    assert len(read_rows(three)) == 4


def test_an_interrupt_waits_for_a_row_that_is_being_written() -> None:
    go = threading.Event()

    def take_the_signal() -> None:
        go.wait()
        signal.raise_signal(signal.SIGINT)

    written: list[bool] = []
    other = threading.Thread(target=take_the_signal)  # as libraries have them: it does not block signals
    other.start()
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        go.set()
        other.join()
        written.append(True)
    assert written == [True]


# --- workers -------------------------------------------------------------------------------------


def test_a_batch_taken_up_again_drives_what_is_missing(tmp_path: Path) -> None:
    assert batch(tmp_path, batch_drivers.made_up, TASKS[:2]) == [1, 2]
    before = (tmp_path / NAME).read_bytes()
    changed = replace(TASKS[0], config="c1")
    assert batch(tmp_path, batch_drivers.made_up, [changed, *TASKS[:4]]) == [1, 3, 4]
    assert (tmp_path / NAME).read_bytes().startswith(before)
    assert batch(tmp_path, batch_drivers.cannot, [changed, *TASKS[:4]]) == []  # no worker is asked


def test_a_lost_worker_costs_its_episode_only(tmp_path: Path) -> None:
    batch(tmp_path, batch_drivers.dangerous, workers=2, limit=2.0)
    rows = by_seed(tmp_path)
    assert sorted(rows) == [1, 2, 3, 4, 5, 6]
    for seed, said in {
        batch_drivers.KILLED: "SIGKILL (by hand, or for want of memory)",
        batch_drivers.LEAVES: "exit code 7",
        batch_drivers.HANGS: "longer than the limit of 2 s",
    }.items():
        lost = rows.pop(seed)
        assert lost.lost and lost.result.status is Status.ERROR and said in (lost.result.error or "")
    assert not any(row.lost or row.result.error for row in rows.values())
    assert multiprocessing.active_children() == []


def test_lost_rows_are_driven_again_when_asked(three: Path) -> None:
    with open_rows(three) as file:
        file.append(row(TASKS[3], lost=True))
        assert missing(TASKS, file) == TASKS[4:]
        assert missing(TASKS, file, retry_lost=True) == TASKS[3:]
        file.append(row(TASKS[3]))
        assert missing(TASKS, file, retry_lost=True) == TASKS[4:]


def test_rows_of_other_code_are_driven_again_when_asked(three: Path) -> None:
    with open_rows(three) as file:
        file.append(replace(row(TASKS[3]), code="older code"))
        assert missing(TASKS, file) == TASKS[4:]
        assert missing(TASKS, file, code="code") == TASKS[3:]
        assert missing(TASKS, file, code="newer code") == TASKS


def test_a_failure_is_told_in_a_line() -> None:
    failed = replace(
        row(TASKS[0]), result=replace(row(TASKS[0]).result, error="Traceback:\n  x\nKeyError: 'y'\n")
    )
    assert failure(failed) == "made up on nowhere 1: KeyError: 'y'"


def test_a_worker_keeps_to_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    assert batch(tmp_path, batch_drivers.observed, TASKS[:4]) == [1, 2, 3, 4]
    rows = by_seed(tmp_path)
    unlucky = rows.pop(batch_drivers.UNLUCKY)  # the world failed: a row with the traceback, and on it goes
    assert not unlucky.lost and "the road has a hole" in (unlucky.result.error or "")
    assert {row.result.clamped_actions for row in rows.values()} == {1}  # thread
    assert dict(os.environ) == before and capfd.readouterr().out == ""


def test_a_task_that_can_never_be_driven_ends_the_batch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"weights\.onnx: no such file"):
        batch(tmp_path, batch_drivers.cannot)
    assert sorted(by_seed(tmp_path)) == [1, 2]
    assert multiprocessing.active_children() == []


def test_what_changes_while_driving_is_not_written(tmp_path: Path) -> None:
    def edited(given: EpisodeTask) -> str:
        return "c1" if given.seed == 2 else given.config

    drive = partial(run_batch, TASKS, drive=batch_drivers.made_up, watcher=Noted(), code="", workers=1)
    with open_rows(tmp_path) as file, pytest.raises(ConfigError, match="changed while driving"):
        drive(file=file, hash_now=edited, time_limit=300.0)
    assert sorted(by_seed(tmp_path)) == [1]


def test_a_worker_may_fail_to_start_now_and_then(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    starts.mkdir()
    assert batch(tmp_path, batch_drivers.SlowToStart(starts, 2), TASKS[:2]) == [1, 2]
    with pytest.raises(ConfigError, match="worker processes cannot start: ended with exit code 9"):
        batch(tmp_path, batch_drivers.SlowToStart(starts, 99))
    assert multiprocessing.active_children() == [] and sorted(by_seed(tmp_path)) == [1, 2]


# --- real episodes -------------------------------------------------------------------------------

SHORT = """\
name: short
description: A few seconds of driving.
source: made for this test
road: {kind: straight}
speed_limit_kmh: 110
route_length: {min: 45, max: 60}
time_limit: 20
traffic: {density: 8}
"""


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


def content(scenario: Path) -> str:
    return load_scenario(scenario).model_dump_json(exclude_unset=True)


def episodes(agent: str, scenario: Path, seeds: range, overrides: tuple[str, ...] = ()) -> list[EpisodeTask]:
    facts = agent_facts(agent, overrides)
    config = fingerprint(facts, content(scenario))
    return [
        EpisodeTask(agent, agent, overrides, str(scenario), seed, config, facts.privileged, facts.looks)
        for seed in seeds
    ]


def repeats(folder: Path, tasks: list[EpisodeTask]) -> None:
    """One worker, and a run that was broken off and taken up by two: the same rows."""
    drive = partial(drive_task, build_agent)
    batch(folder / "whole", drive, tasks)
    batch(folder / "broken off", drive, tasks[1:2])
    batch(folder / "broken off", drive, tasks, workers=2)
    rows = [without_timings(read_rows(folder / name).values()) for name in ("whole", "broken off")]
    assert len(rows[0]) == len(tasks) and rows[0] == rows[1]
    assert all(fields["status"] == "completed" for fields in rows[0].values())


def test_rows_do_not_depend_on_how_they_were_driven(tmp_path: Path, short: Path) -> None:
    repeats(tmp_path, episodes("expert", short, range(100_000, 100_003)))


@pytest.mark.slow
def test_nor_do_those_of_an_agent_with_networks(tmp_path: Path, short: Path) -> None:
    repeats(tmp_path, episodes("modular", short, range(100_000, 100_003), ("perception.threads=1",)))


@pytest.mark.parametrize("agent", ["expert", "constant", "random"])
def test_who_never_looks_drives_the_same_without_the_camera(short: Path, agent: str) -> None:
    (given,) = episodes(agent, short, range(100_000, 100_001))
    assert not given.camera
    blind, seeing = (drive_task(build_agent, replace(given, camera=camera)) for camera in (False, True))
    assert replace(blind, stages_ms={}) == replace(seeing, stages_ms={})


def workers_in(group: int) -> list[str]:
    """Command lines of the processes of a group that multiprocessing spawned and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if os.getpgid(int(folder.name)) == group and "spawn_main" in command:
                found.append(command)
    return found


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_nobody_behind(tmp_path: Path, short: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "run_sim.py", "stages", "--only", "expert", "--workers", "2"]
    command += ["--scenarios", str(short), "--seeds", "400", "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, process_group=0) as run:
        try:
            while not (out / NAME).exists() or not read_rows(out):
                assert run.poll() is None
            assert workers_in(run.pid)
            os.killpg(run.pid, signal.SIGINT)
            said = run.communicate(timeout=60)[1]
        finally:
            run.kill()
    kept = len(read_rows(out))
    assert run.returncode == 130 and f"{kept} of 400 rows are kept; the same command goes on" in said
    assert "Traceback" not in said
    assert workers_in(run.pid) == []


# --- what a row stands for -----------------------------------------------------------------------


def test_the_hash_follows_contents_and_not_places(tmp_path: Path, short: Path) -> None:
    def of(path: Path, *overrides: str) -> str:
        return fingerprint(agent_facts("expert", overrides), content(path))

    first = of(short)
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("# the same road\n" + SHORT)
    assert of(elsewhere) == first
    assert of(short, "tracking.tracker=kalman") != first
    elsewhere.write_text(SHORT.replace("110", "100"))
    assert of(elsewhere) != first
    facts = agent_facts("expert")
    assert fingerprint(replace(facts, weights={"a.onnx": "00"}), "") != fingerprint(facts, "")
    assert fingerprint(facts, "", version="9") != fingerprint(facts, "")


def test_an_agents_file_decides_and_so_do_its_networks(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    copy.write_text((ROOT / "configs" / "agents" / "modular.yaml").read_text())
    modular, mine = agent_facts("modular"), agent_facts(str(copy))
    assert modular == mine and set(modular.weights) == {"detector.onnx", "lanes.onnx"}
    copy.write_text("# a comment\n" + copy.read_text() + "\nabout: a remark\n")
    assert agent_facts(str(copy)) == modular
    copy.write_text(copy.read_text() + "\nfaults: {camera: black}\n")
    assert agent_facts(str(copy)).content != modular.content


@pytest.mark.parametrize(
    ("agent", "overrides", "privileged", "looks"),
    [
        ("expert", (), True, False),
        ("constant", (), False, False),
        ("modular", (), False, True),
        ("modular", ("perception.lanes=oracle",), True, True),
        ("modular", ("perception.detector=oracle", "perception.lanes=oracle"), True, True),
        ("modular", ("perception.detector=none", "perception.lanes=oracle"), True, False),
        ("test_rollout:Careless", (), False, True),
    ],
)
def test_facts_of_agents(agent: str, overrides: tuple[str, ...], privileged: bool, looks: bool) -> None:
    facts = agent_facts(agent, overrides)
    assert (facts.privileged, facts.looks) == (privileged, looks)


def test_the_state_of_the_code_follows_the_sources(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "viewer").mkdir(parents=True)
    (package / "a.py").write_text("x = 1\n")
    first = code_state([package])
    (package / "viewer" / "b.py").write_text("y = 1\n")
    assert code_state([package]) == first  # no part of an episode
    (package / "a.py").write_text("x = 2\n")
    assert code_state([package]) != first


# --- progress ------------------------------------------------------------------------------------


def test_time_left_is_told_by_what_each_label_took() -> None:
    dear = [task(seed, "dear") for seed in range(4)]
    tally = Tally([*TASKS, *dear], workers=2)
    assert tally.seconds_left is None and tally.words == "starting"
    tally.add(replace(row(TASKS[0]), wall_s=1.0))
    tally.add(replace(row(dear[0]), wall_s=11.0))
    assert tally.seconds_left == pytest.approx((5 * 1.0 + 3 * 11.0) / 2)
    assert tally.words == "100 % succeeded, 19 s left"
    assert (clock(7500.0), clock(61.0)) == ("2 h 05 min", "1 min")


def test_progress_is_quiet_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO())
    with watched(TASKS[:3], 1, console) as watcher:
        for given in TASKS[:3]:
            watcher.note(row(given))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "3 of 3 episodes, 100 % succeeded\n"
