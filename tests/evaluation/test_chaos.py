"""An evaluation that is disturbed at random moments ends with the rows of an undisturbed one.

The moments are drawn from the run's progress (CPU time of its start, rows, episodes under way), so that they
do not depend on the speed of the machine.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
MAX_DURATION = 600.0  # of an undisturbed run [s]
MAX_ENDING = 120.0  # until all processes of a run have ended, on a busy machine [s]
MAX_STARTS = 60  # of one evaluation; each blow costs a few rows at most
MAX_EVALUATIONS = 5  # until all blows have landed; one usually suffices
IMPORTS = 3.0  # CPU time of a run's start, at least about [s]
KEPT = "are kept; the same command goes on from there"


@contextmanager
def hangups_not_ignored() -> Iterator[None]:
    """Undo nohup for the processes that are started here: they would inherit that SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@dataclass
class Run:
    """A run of `evaluate` in a process group of its own; its output goes to a file."""

    folder: Path  # of the rows
    options: Sequence[str]
    before: dict[Key, Row] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.rows()
        suite, temporary = self.folder.parent / "chaos.yaml", self.folder.parent / "tmp"
        suite.write_text(SUITE, encoding="utf-8")
        temporary.mkdir(exist_ok=True)
        words = ["run_sim.py", "evaluate", "--suite", str(suite), "--out", str(self.folder)]
        self._mark = f"{self.folder}-{time.monotonic_ns()}"
        paths = [
            *map(str, (ROOT / "tests" / "support", ROOT / "tests" / "support" / "fake_agents")),
            os.environ.get("PYTHONPATH", ""),
        ]
        settings = {"TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        settings |= {MARK: self._mark, "RAY_AUTH_MODE": "disabled"}
        self._said = self.folder.parent / "said"
        with self._said.open("w") as said, hangups_not_ignored():
            self.process = subprocess.Popen(
                [sys.executable, *words, "--workers", "2", "--retry-lost", *self.options],
                cwd=ROOT,
                env=os.environ | settings,
                stdout=said,
                stderr=said,
                process_group=0,
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def driving(self) -> bool:
        """Whether it has begun to drive."""
        return "to drive" in self.said or "there already" in self.said

    @property
    def written(self) -> int:
        """Number of rows in the file."""
        path = self.folder / NAME
        return path.read_bytes().count(b"\n") if path.exists() else 0

    @property
    def cpu_time(self) -> float:
        """CPU time that it has used, without its workers [s]."""
        try:
            return psutil.Process(self.process.pid).cpu_times().user
        except psutil.NoSuchProcess:
            return float("inf")

    def rows(self) -> dict[Key, Row]:
        """The complete rows in the file, without those whose worker was lost."""
        return without_timings(row for row in read_rows(self.folder).values() if not row.lost)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def processes(self) -> list[psutil.Process]:
        """All running processes that it has started, and itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:  # it has ended, or belongs to somebody else
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        found = []
        for process in self.processes():
            try:
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def ended(self) -> int:
        """Wait for its end, check what remains, and return the exit status."""
        status = self.process.wait(timeout=MAX_DURATION)
        assert "Traceback" not in self.said and "Exception ignored" not in self.said, self.said
        left = self._left(MAX_ENDING)
        assert not left, (status, left, self.said)
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


Blow = Callable[[Run, random.Random], bool]  # whether it has landed, and not come after the run's end
Rows = Mapping[Key, Row]


def kill_a_worker(run: Run, chance: random.Random) -> bool:
    """The run goes on without it."""
    workers = run.workers()
    if workers:
        chance.choice(workers).kill()
    return bool(workers)


def kill_the_run(run: Run, chance: random.Random) -> bool:
    run.process.kill()
    return run.ended() == -signal.SIGKILL


def fill_the_disk(run: Run, chance: random.Random) -> bool:
    """Files can grow by up to three rows; a limit on their size has the effect of a full disk."""
    file = run.folder / NAME
    limit = (file.stat().st_size if file.exists() else 0) + chance.randrange(6000)
    for process in run.processes():
        hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, hard))
    status = run.ended()
    assert status in {0, 1, 2}
    if status == 2:
        *_, last = run.said.strip().splitlines()
        assert last.startswith("run_sim.py: ") and "File too large" in last, run.said
        assert not run.driving or KEPT in run.said, run.said
    return status == 2


def signalled(*numbers: signal.Signals) -> Blow:
    """A signal to the run alone or to its group, as a terminal sends it; the second one while it ends."""

    def blow(run: Run, chance: random.Random) -> bool:
        send = chance.choice((os.kill, os.killpg))
        done = {0} if "written: " in run.said else set()  # the interpreter is shutting down
        for number in numbers:
            if run.running:
                send(run.process.pid, number)
                time.sleep(chance.uniform(0.0, 0.3))
        status = run.ended()
        by_itself = {-number for number in numbers}  # before it handles signals, and after its last statement
        assert status in by_itself | done | {128 + number for number in numbers}, run.said
        if status > 0:
            *_, last = run.said.strip().splitlines()
            assert last.startswith("run_sim.py: stopped"), run.said
            assert not run.driving or KEPT in run.said, run.said
        return status != 0

    return blow


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BLOWS: Sequence[Blow] = (
    kill_a_worker,
    kill_the_run,
    fill_the_disk,
    *(signalled(number) for number in SIGNALS),
    signalled(signal.SIGINT, signal.SIGINT),
    signalled(signal.SIGTERM, signal.SIGHUP),
)


def wait_for_moment(run: Run, chance: random.Random) -> bool:
    """Wait for a moment while it starts or drives; returns whether it still runs."""
    if not run.driving and chance.random() < 0.2:
        enough = chance.uniform(0.2, IMPORTS)
        return wait_until(run, lambda: run.driving or run.cpu_time >= enough)
    rows = chance.choice((0, 1, 4, 16))
    start, goal = time.monotonic(), run.written + rows
    running = wait_until(run, lambda: run.driving and run.written >= goal)
    if rows:  # a random part of the episodes that are under way now
        time.sleep(chance.uniform(0.0, 2.0) * (time.monotonic() - start) / rows)
    return running and run.running


def wait_until(run: Run, condition: Callable[[], bool]) -> bool:
    """Wait for the condition or the end of the run; returns whether it still runs."""
    while run.running and not condition():
        time.sleep(0.02)
    return run.running


def survive(folder: Path, options: Sequence[str], blows: Sequence[Blow], chance: random.Random) -> list[Blow]:
    """Run the command again and again, with one blow after the other, until it has come to its end.

    Returns:
        The blows that have not landed before the end.
    """
    waiting = list(blows)
    chance.shuffle(waiting)
    for _ in range(MAX_STARTS):
        run = Run(folder, options)
        try:
            while waiting and wait_for_moment(run, chance):
                if waiting[-1](run, chance):
                    waiting.pop()
            if run.ended() == 0:
                return waiting
        finally:
            run.end()
    raise AssertionError("it never comes to its end")


def evaluations(
    folder: Path, options: Sequence[str], blows: Sequence[Blow], chance: random.Random
) -> Iterator[Sequence[Row]]:
    """Repeat the evaluation in new folders until all blows have landed; yields the rows of each."""
    waiting = blows
    for number in range(MAX_EVALUATIONS):
        waiting = survive(folder / f"out{number}", options, waiting, chance)
        yield list(read_rows(folder / f"out{number}").values())
        if not waiting:
            return
    pytest.fail(f"{len(waiting)} blows never landed")


# two drivers and the reference drive a hundred episodes
CHEAP = ("--agent", "constant", "--agent", "random", "--seeds", "200000:200034")
ISOLATED = ("--agent", "constant", "--agent", "simple_agents:Careless", "--seeds", "200000:200034")
ON_RAY = ("--agent", "constant", "--seeds", "200000:200020")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Rows]:
    """The rows of an undisturbed run."""

    @cache
    def rows_of(drivers: tuple[str, ...]) -> Rows:
        folder = tmp_path_factory.mktemp("undisturbed") / "out"
        survive(folder, drivers, [], random.Random(0))
        return without_timings(read_rows(folder).values())

    return rows_of


@pytest.mark.slow
@pytest.mark.parametrize(("drivers", "seed"), [(CHEAP, 1), (CHEAP, 2), (ISOLATED, 3)], ids=["1", "2", "3"])
def test_a_run_that_is_hit_again_and_again_ends_as_one_left_alone(
    tmp_path: Path, undisturbed: Callable[[tuple[str, ...]], Rows], drivers: tuple[str, ...], seed: int
) -> None:
    for rows in evaluations(tmp_path, drivers, BLOWS, random.Random(seed)):
        assert without_timings(rows) == undisturbed(drivers)
    assert not [path for path in tmp_path.rglob("*") if is_part(path)]


@pytest.mark.slow
def test_a_cluster_that_loses_nodes_ends_with_the_same_rows(
    tmp_path: Path, undisturbed: Callable[[tuple[str, ...]], Rows]
) -> None:
    with cluster(2) as nodes:

        def lose_a_node(run: Run, chance: random.Random) -> bool:
            """Another one takes its place; the run goes on."""
            lost = chance.choice(sorted(nodes.worker_nodes, key=lambda node: str(node.node_ip_address)))
            nodes.remove_node(lost, allow_graceful=False)
            landed = run.running  # it may end while the other node starts, which takes seconds
            add_node(nodes, f"127.0.0.{10 + chance.randrange(200)}")
            return landed

        options = (*ON_RAY, "--backend", "ray", "--address", nodes.address)
        blows = (lose_a_node, lose_a_node, signalled(signal.SIGTERM), kill_the_run)
        for rows in evaluations(tmp_path, options, blows, random.Random(4)):
            assert without_timings(rows) == undisturbed(ON_RAY) and not any(row.lost for row in rows)
        deadline = time.monotonic() + 30.0
        while drivers := [one.pid for one in psutil.process_iter(["name"]) if one.name() == "ray::Driver"]:
            assert time.monotonic() < deadline, drivers
            time.sleep(0.2)
