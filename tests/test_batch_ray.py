"""Batches on a Ray cluster of nodes that come and go: the same rows as everywhere, none lost, none twice."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import batch_drivers
import psutil
import pytest
from batch_runs import TASKS, batch, by_seed
from short_course import SHORT
from test_batch_driving import episodes

from agents.registry import build_agent
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.backends import Backend, open_pool
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.row_file import NAME, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row, without_timings
from drive_stack.evaluation.batch.run import run_batch
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import Status

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parents[1]
DRIVE = partial(drive_task, build_agent)
QUICK = {"health_check_period_ms": 300, "health_check_failure_threshold": 5}  # a dead node shows soon


# --- without a cluster ---------------------------------------------------------------------------


def test_ray_is_imported_only_when_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys; import drive_stack.evaluation.batch.run; import run_sim; assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('No module named ray', name='ray')")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, '']\n" + (
        "from drive_stack.evaluation.batch.backends import Backend, open_pool\n"
        "open_pool('ray', print, workers=1, time_limit=1.0)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    last = run.stderr.splitlines()[-1]
    assert last.endswith("--backend ray: Ray is not installed; pip install 'drive-stack[ray]'")


def test_an_address_belongs_to_ray() -> None:
    with pytest.raises(ConfigError, match=r"--address 127\.0\.0\.1:6379: belongs to --backend ray"):
        open_pool("processes", batch_drivers.made_up, workers=1, time_limit=1.0, address="127.0.0.1:6379")


@pytest.mark.parametrize(
    ("address", "said"),
    [("somewhere", "expected HOST:PORT"), ("127.0.0.1:1", "no Ray cluster answers there: .*refused")],
)
def test_an_address_where_nobody_is_is_refused_at_once(
    address: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match=f"--address {address}: {said}"):
        open_pool("ray", batch_drivers.made_up, workers=1, time_limit=1.0, address=address)
    print("still here")
    assert capsys.readouterr().out == "still here\n"


# --- on a cluster --------------------------------------------------------------------------------


@contextmanager
def cluster(nodes: int) -> Iterator[Cluster]:
    """A head that drives nothing and ``nodes`` with a core each, all at loopback addresses of their own."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    made = Cluster()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    shared = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
    try:
        made.add_node(num_cpus=0, node_ip_address="127.0.0.2", _system_config=QUICK, **shared)
        for number in range(nodes):
            made.add_node(num_cpus=1, node_ip_address=f"127.0.0.{3 + number}", **shared)
        yield made
    finally:
        made.shutdown()


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[str]:
    """The address of a cluster of two."""
    with cluster(2) as made:
        yield made.address


@pytest.fixture
def course(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


def same_rows(folder: Path, tasks: list[EpisodeTask]) -> None:
    """What Ray drove is what this process drives, each once."""
    batch(folder / "local", DRIVE, tasks)
    local, there = (without_timings(read_rows(folder / name).values()) for name in ("local", "ray"))
    assert len(local) == len(tasks) and local == there
    assert len((folder / "ray" / NAME).read_bytes().splitlines()) == len(tasks)
    assert not any(fields["error"] for fields in local.values())


@pytest.mark.slow
def test_rows_are_those_of_the_local_pool(tmp_path: Path, course: Path, two_nodes: str) -> None:
    seeds = range(100_000, 100_003)
    tasks = [task for agent in ("expert", "constant") for task in episodes(agent, course, seeds)]
    batch(tmp_path / "ray", DRIVE, tasks[:1], backend="ray", address=two_nodes)  # broken off
    batch(tmp_path / "ray", DRIVE, tasks, workers=2, backend="ray", address=two_nodes)
    same_rows(tmp_path, tasks)


@pytest.mark.slow
def test_so_are_those_of_an_agent_with_networks(tmp_path: Path, course: Path, two_nodes: str) -> None:
    tasks = episodes("modular", course, range(100_000, 100_002))
    batch(tmp_path / "ray", DRIVE, tasks, workers=2, backend="ray", address=two_nodes)
    same_rows(tmp_path, tasks)


class Axe:
    """Kills the node that answered first; its next task has been given out by then."""

    def __init__(self, nodes: Cluster, notes: Path) -> None:
        self._nodes, self._notes = nodes, notes
        self.killed: str | None = None

    def note(self, row: Row) -> None:
        if self.killed is None:
            (begun,) = self._notes.glob(f"{row.result.seed} *")
            self.killed = begun.name.split()[1]
            (node,) = (node for node in self._nodes.worker_nodes if node.node_ip_address == self.killed)
            self._nodes.remove_node(node, allow_graceful=False)


@pytest.mark.slow
def test_a_node_killed_in_the_middle_costs_no_row(tmp_path: Path, course: Path) -> None:
    tasks, notes = episodes("expert", course, range(100_000, 100_008)), tmp_path / "notes"
    notes.mkdir()
    with cluster(2) as nodes, open_rows(tmp_path / "ray") as file:
        axe = Axe(nodes, notes)
        run_batch(
            tasks,
            file,
            partial(batch_drivers.attended, notes, DRIVE),
            axe,
            hash_now=lambda task: task.config,
            code="code",
            workers=2,
            time_limit=300.0,
            backend="ray",
            address=nodes.address,
        )
    assert axe.killed is not None
    begun = Counter(note.name.split()[0] for note in notes.iterdir())
    assert max(begun.values()) == 2 and sum(begun.values()) == len(tasks) + 1  # one was tried again
    assert len({note.name.split()[1] for note in notes.iterdir()}) == 2  # both nodes had driven
    same_rows(tmp_path, tasks)


@pytest.mark.slow
def test_an_episode_that_loses_every_worker_becomes_a_row(tmp_path: Path, two_nodes: str) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    drive = partial(batch_drivers.attended, notes, batch_drivers.dangerous)
    batch(tmp_path, drive, workers=2, limit=6.0, backend="ray", address=two_nodes)
    rows = by_seed(tmp_path)
    assert sorted(rows) == [1, 2, 3, 4, 5, 6]
    for seed, times, said in (
        (batch_drivers.KILLED, 3, "lost 3 times, the last time: The actor is dead"),
        (batch_drivers.LEAVES, 3, "lost 3 times, the last time: The actor is dead"),
        (batch_drivers.HANGS, 1, "longer than the limit of 6 s"),
    ):
        lost = rows.pop(seed)
        assert lost.lost and lost.result.status is Status.ERROR and said in (lost.result.error or "")
        assert len([*notes.glob(f"{seed} *")]) == times
    assert not any(row.lost or row.result.error for row in rows.values())


@pytest.mark.slow
def test_a_node_with_other_sources_is_refused(
    tmp_path: Path, two_nodes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drive_stack.evaluation.batch import ray_pool  # noqa: PLC0415  needs Ray

    here = ray_pool.made_of() | {"sources": "edited since"}
    monkeypatch.setattr(ray_pool, "made_of", lambda: here)
    with pytest.raises(ConfigError, match=r"node 127\.0\.0\.\d differs from this machine in sources;"):
        batch(tmp_path, batch_drivers.made_up, backend="ray", address=two_nodes)
    assert by_seed(tmp_path) == {}


# --- whoever ends it -----------------------------------------------------------------------------


def begin(
    folder: Path, tasks: list[EpisodeTask], drive: str, backend: str, address: str | None
) -> subprocess.Popen[str]:
    """A process of its own that drives ``tasks`` with two workers, each leaving a note in ``folder``."""
    (folder / "notes").mkdir()
    (folder / "tasks").write_bytes(pickle.dumps(tasks))
    code = f"""
import pickle, sys
from functools import partial
from pathlib import Path
sys.path[:0] = ["tests", ""]
import batch_drivers
from batch_runs import batch
from agents.registry import build_agent
from drive_stack.evaluation.batch.drive import drive_task
folder = Path({str(folder)!r})
tasks = pickle.loads((folder / "tasks").read_bytes())
drive = partial(batch_drivers.attended, folder / "notes", {drive})
batch(folder / "ray", drive, tasks, workers=2, backend={backend!r}, address={address!r})
"""
    environment = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, process_group=0
    )


def strike(run: subprocess.Popen[str], blow: signal.Signals, workers: Iterable[int]) -> None:
    """Send a signal, as a terminal does for Ctrl-C; the run ends, and all that it started."""
    started = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    started += [psutil.Process(worker) for worker in workers if psutil.pid_exists(worker)]
    if blow is signal.SIGINT:
        os.killpg(run.pid, blow)
    else:
        run.send_signal(blow)
    run.communicate(timeout=60)
    assert run.returncode == -blow
    assert psutil.wait_procs(started, timeout=30)[1] == []


def workers_of(folder: Path) -> set[int]:
    return {int(note.name.split()[2]) for note in (folder / "notes").iterdir()}


ENDS = [
    ("processes", signal.SIGKILL),
    ("ray", signal.SIGKILL),
    ("ray", signal.SIGINT),
    ("ray alone", signal.SIGKILL),
    ("ray alone", signal.SIGINT),
]


@pytest.mark.slow
@pytest.mark.parametrize(("where", "blow"), ENDS)
def test_a_run_that_was_ended_goes_on(
    tmp_path: Path, course: Path, where: str, blow: signal.Signals, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("two_nodes") if where == "ray" else None
    backend: Backend = "processes" if where == "processes" else "ray"
    tasks = episodes("expert", course, range(100_000, 100_006))
    with begin(tmp_path, tasks, "partial(drive_task, build_agent)", backend, address) as run:
        try:
            while not read_rows(tmp_path / "ray"):
                assert run.poll() is None, run.communicate()[1]
                time.sleep(0.05)
            strike(run, blow, workers_of(tmp_path))
        finally:
            run.kill()
    assert 0 < len(read_rows(tmp_path / "ray")) < len(tasks)
    batch(tmp_path / "ray", DRIVE, tasks, workers=2)
    same_rows(tmp_path, tasks)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["processes", "ray"])
def test_an_episode_that_hangs_does_not_outlive_the_run(
    tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("two_nodes") if backend == "ray" else None
    tasks = [task for task in TASKS if task.seed == batch_drivers.HANGS]
    with begin(tmp_path, tasks, "batch_drivers.dangerous", backend, address) as run:
        try:
            while not workers_of(tmp_path):
                assert run.poll() is None, run.communicate()[1]
                time.sleep(0.05)
            strike(run, signal.SIGKILL, workers_of(tmp_path))
        finally:
            run.kill()
