"""An evaluation that is hit at random moments, again and again, ends with the rows of one left alone."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil
import pytest
from ray_nodes import add_node, cluster

from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row, without_timings
from drive_stack.evaluation.batch.tasks import Key
from drive_stack.support.atomic_files import is_part

ROOT = Path(__file__).resolve().parents[2]
MARK = "DRIVE_STACK_CHAOS"  # in the environment of a run and of all that it starts
SUITE = """\
name: chaos
description: A few seconds of driving.
seeds: 32
courses:
  - {scenario: cruise, set: {route_length: {min: 30, max: 45}, time_limit: 20}}
"""
MAX_DURATION = 600.0  # of a run that is not hit [s]
MAX_STARTS = 60  # of one evaluation; each blow costs a few rows at most
KEPT = "are kept; the same command goes on from there"


def evaluation(folder: Path, *options: str) -> list[str]:
    """The command line; its rows go to ``folder``."""
    suite = folder.parent / "chaos.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    words = ["run_sim.py", "evaluate", "--suite", str(suite), "--out", str(folder), "--workers", "2"]
    return [sys.executable, *words, "--retry-lost", *options]


@dataclass
class Run:
    """A run of the command in a process group of its own; what it says goes to a file."""

    command: Sequence[str]
    folder: Path  # of the rows
    temporary: Path
    before: dict[Key, Row] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.rows()
        self.temporary.mkdir(exist_ok=True)
        self._mark = f"{self.folder}-{time.monotonic_ns()}"
        paths = [
            *map(str, (ROOT / "tests" / "support", ROOT / "tests" / "support" / "fake_agents")),
            os.environ.get("PYTHONPATH", ""),
        ]
        settings = {"TMPDIR": str(self.temporary), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        settings |= {MARK: self._mark, "RAY_AUTH_MODE": "disabled"}
        self._said = self.folder.parent / "said"
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=os.environ | settings, stdout=said, stderr=said, process_group=0
            )

    def rows(self) -> dict[Key, Row]:
        """What stands in the file now, as any reader has it."""
        return without_timings(row for row in read_rows(self.folder).values() if not row.lost)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def processes(self) -> list[psutil.Process]:
        """All that it has started and that still runs, itself included."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:  # it has ended, or belongs to somebody else
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Those that `multiprocessing` has spawned for it."""
        found = []
        for process in self.processes():
            try:
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def ended(self) -> int:
        """Wait for the end, check what is left, and return the exit status."""
        status = self.process.wait(timeout=MAX_DURATION)
        assert "Traceback" not in self.said and "Exception ignored" not in self.said, self.said
        assert self._left(20.0) == [], self.said
        assert self.before.items() <= self.rows().items(), "a row was lost or changed"
        return status

    def _left(self, patience: float) -> list[list[str]]:
        deadline = time.monotonic() + patience
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return [process.cmdline() for process in left]

    def end(self) -> None:
        for process in self.processes():
            process.kill()
        self.process.wait()


Blow = Callable[[Run, random.Random], None]
Rows = Mapping[Key, Row]


def kill_a_worker(run: Run, chance: random.Random) -> None:
    """The run goes on without it, and is hit again."""
    workers = run.workers()
    if workers:
        chance.choice(workers).kill()


def kill_the_run(run: Run, chance: random.Random) -> None:
    run.process.kill()
    assert run.ended() == -signal.SIGKILL


def fill_the_disk(run: Run, chance: random.Random) -> None:
    """Files can grow a little further, and no more; a limit on their size is as a full disk is."""
    file = run.folder / NAME
    limit = (file.stat().st_size if file.exists() else 0) + chance.randrange(6000)
    for process in run.processes():
        hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, hard))
    assert run.ended() in {0, 1, 2}
    last = run.said.strip().splitlines()[-1]
    if run.process.returncode == 2:
        assert last.startswith("run_sim.py: ") and "File too large" in last, run.said
        assert not driving(run) or KEPT in run.said, run.said


def signalled(*numbers: signal.Signals) -> Blow:
    """A signal to the run alone or to its group, as a terminal sends it; the second while it is ending."""

    def blow(run: Run, chance: random.Random) -> None:
        send = chance.choice((os.kill, os.killpg))
        for number in numbers:
            if run.process.poll() is None:
                send(run.process.pid, number)
                time.sleep(chance.uniform(0.0, 0.3))
        status = run.ended()
        by_itself = {-number for number in numbers}  # before it handles signals, or once it has ended
        assert status in by_itself | {128 + number for number in numbers}, run.said
        if status > 0:
            *_, last = run.said.strip().splitlines()
            assert last.startswith("run_sim.py: stopped"), run.said
            assert not driving(run) or KEPT in run.said, run.said

    return blow


def driving(run: Run) -> bool:
    """Whether it has come to drive, and is not yet done with it."""
    return "to drive" in run.said or "there already" in run.said


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BLOWS: Sequence[Blow] = (
    kill_a_worker,
    kill_the_run,
    fill_the_disk,
    *(signalled(number) for number in SIGNALS),
    signalled(signal.SIGINT, signal.SIGINT),
    signalled(signal.SIGTERM, signal.SIGHUP),
)


def moment(run: Run, chance: random.Random) -> None:
    """Wait for one: at the start, or when some more rows are written; and a little longer."""
    path, rows = run.folder / NAME, chance.choice((0, 1, 4, 16))
    before = lines_of(path)
    while run.process.poll() is None and lines_of(path) < before + rows:
        time.sleep(0.05)
    time.sleep(chance.uniform(0.0, 0.5 if rows else 4.0))


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def survive(command: Sequence[str], folder: Path, blows: Sequence[Blow], chance: random.Random) -> None:
    """Run the command again and again, hit in turn with every blow, until it has come to its end."""
    waiting = list(blows)
    chance.shuffle(waiting)
    for _ in range(MAX_STARTS):
        run = Run(command, folder, folder.parent / "tmp")
        try:
            while waiting and run.process.poll() is None:
                moment(run, chance)
                if run.process.poll() is None:
                    waiting.pop()(run, chance)
            status = run.ended()
        finally:
            run.end()
        if status == 0 and not waiting:
            return
    raise AssertionError("it never comes to its end")


# the drivers, beside the reference, and their seeds; those with a process of their own take longer
CHEAP = ("--agent", "constant", "--agent", "random", "--seeds", "200000:200032")
ON_RAY = ("--agent", "constant", "--seeds", "200000:200020")
ISOLATED = ("--agent", "constant", "--agent", "simple_agents:Careless", "--seeds", "200000:200010")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Rows]:
    """The rows of a run that was left alone."""

    @cache
    def rows_of(drivers: tuple[str, ...]) -> Rows:
        folder = tmp_path_factory.mktemp("undisturbed") / "out"
        survive(evaluation(folder, *drivers), folder, [], random.Random(0))
        return without_timings(read_rows(folder).values())

    return rows_of


@pytest.mark.slow
@pytest.mark.parametrize(("drivers", "seed"), [(CHEAP, 1), (CHEAP, 2), (ISOLATED, 3)], ids=["1", "2", "3"])
def test_a_run_that_is_hit_again_and_again_ends_as_one_left_alone(
    tmp_path: Path, undisturbed: Callable[[tuple[str, ...]], Rows], drivers: tuple[str, ...], seed: int
) -> None:
    folder = tmp_path / "out"
    survive(evaluation(folder, *drivers), folder, BLOWS, random.Random(seed))
    assert without_timings(read_rows(folder).values()) == undisturbed(drivers)
    assert not [path for path in folder.rglob("*") if is_part(path)]


@pytest.mark.slow
def test_a_cluster_that_loses_nodes_ends_with_the_same_rows(
    tmp_path: Path, undisturbed: Callable[[tuple[str, ...]], Rows]
) -> None:
    folder = tmp_path / "out"
    with cluster(2) as nodes:

        def lose_a_node(run: Run, chance: random.Random) -> None:
            """Another takes its place; the run goes on."""
            lost = chance.choice(sorted(nodes.worker_nodes, key=lambda node: str(node.node_ip_address)))
            nodes.remove_node(lost, allow_graceful=False)
            add_node(nodes, f"127.0.0.{10 + chance.randrange(200)}")

        options = (*ON_RAY, "--backend", "ray", "--address", nodes.address)
        blows = (lose_a_node, lose_a_node, signalled(signal.SIGTERM), kill_the_run)
        survive(evaluation(folder, *options), folder, blows, random.Random(4))
        rows = read_rows(folder).values()
        assert without_timings(rows) == undisturbed(ON_RAY) and not any(row.lost for row in rows)
        deadline = time.monotonic() + 30.0
        while drivers := [one.pid for one in psutil.process_iter(["name"]) if one.name() == "ray::Driver"]:
            assert time.monotonic() < deadline, drivers
            time.sleep(0.2)
