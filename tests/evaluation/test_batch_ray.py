"""Batches on a Ray cluster whose nodes come and go: the same rows as locally, none lost, none twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import batch_drivers
import pytest
from batch_runs import TASKS, assert_same_rows, batch, by_seed
from ray_nodes import cluster
from real_episodes import episodes

from agents.registry import build_agent
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch import scheduler
from drive_stack.evaluation.batch.backends import open_scheduler
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.row_file import open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import run_batch
from drive_stack.evaluation.result import Status

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parents[2]
DRIVE = partial(drive_task, build_agent)


# --- without a cluster ---------------------------------------------------------------------------


def test_ray_is_imported_only_when_it_is_used() -> None:
    code = "import sys, run_sim, drive_stack.evaluation.batch.run; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "drive_stack.evaluation.batch.ray_pool", raising=False)
    with pytest.raises(ConfigError, match=r"--backend ray: needs ray, which is not installed; .*\[ray\]"):
        open_scheduler("ray", batch_drivers.synthetic_result, workers=1, time_limit=1.0)


def test_an_address_belongs_to_ray() -> None:
    with pytest.raises(ConfigError, match=r"--address 127\.0\.0\.1:6379: belongs to --backend ray"):
        open_scheduler(
            "processes", batch_drivers.synthetic_result, workers=1, time_limit=1.0, address="127.0.0.1:6379"
        )


@pytest.mark.parametrize(
    ("address", "message"),
    [("somewhere", "expected HOST:PORT"), ("127.0.0.1:1", "no Ray cluster answers there: .*refused")],
)
def test_an_address_without_a_cluster_is_refused_at_once(
    address: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match=f"--address {address}: {message}"):
        open_scheduler("ray", batch_drivers.synthetic_result, workers=1, time_limit=1.0, address=address)
    print("still here")
    assert capsys.readouterr().out == "still here\n"


def test_an_actor_changes_nothing_outside_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # a token would be left in the home folder
    assert batch(tmp_path, batch_drivers.drive_and_print, TASKS[:4], backend="ray") == [1, 2, 3, 4]
    rows = by_seed(tmp_path)
    unlucky = rows.pop(batch_drivers.UNLUCKY)
    assert not unlucky.lost and "the road has a hole" in (unlucky.result.error or "")
    assert {row.result.clamped_actions for row in rows.values()} == {1}  # thread
    assert capfd.readouterr().out == ""


def test_a_local_ray_stays_on_the_loopback_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable that the pool sets keeps this version of Ray on the loopback address."""
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", raising=False)
    assert batch(tmp_path, batch_drivers.synthetic_result, TASKS[:1], backend="ray") == [1]
    code = "import ray; print(ray.util.get_node_ip_address())"  # as Ray's own processes call it
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "127.0.0.1\n"


# --- on a cluster --------------------------------------------------------------------------------


@pytest.mark.slow
def test_rows_are_those_of_the_local_pool(
    tmp_path: Path, course: Path, two_nodes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative, seeds = Path(course.name), range(100_000, 100_003)
    tasks = [task for agent in ("expert", "constant") for task in episodes(agent, relative, seeds)]
    batch(tmp_path / "ray", DRIVE, tasks[:1], backend="ray", address=two_nodes)  # interrupted
    batch(tmp_path / "ray", DRIVE, tasks, workers=2, backend="ray", address=two_nodes)
    batch(tmp_path / "local", DRIVE, tasks)
    assert_same_rows(tmp_path / "local", tmp_path / "ray", tasks)


@pytest.mark.slow
def test_rows_of_an_agent_with_networks_are_those_of_the_local_pool(
    tmp_path: Path, course: Path, two_nodes: str
) -> None:
    tasks = episodes("modular", course, range(100_000, 100_002))
    batch(tmp_path / "ray", DRIVE, tasks, workers=2, backend="ray", address=two_nodes)
    batch(tmp_path / "local", DRIVE, tasks)
    assert_same_rows(tmp_path / "local", tmp_path / "ray", tasks)


class NodeKiller:
    """Kills the node that answered first, which already has its next task."""

    def __init__(self, nodes: Cluster, notes: Path) -> None:
        self._nodes, self._notes = nodes, notes
        self.killed: str | None = None

    def note(self, row: Row) -> None:
        if self.killed is None:
            (note,) = self._notes.glob(f"{row.result.seed} *")
            self.killed = note.name.split()[1]
            (node,) = (node for node in self._nodes.worker_nodes if node.node_ip_address == self.killed)
            self._nodes.remove_node(node, allow_graceful=False)


@pytest.mark.slow
def test_a_node_killed_in_the_middle_costs_no_row(tmp_path: Path, course: Path) -> None:
    tasks, notes = episodes("expert", course, range(100_000, 100_008)), tmp_path / "notes"
    notes.mkdir()
    with cluster(2) as nodes, open_rows(tmp_path / "ray") as file:
        killer = NodeKiller(nodes, notes)
        run_batch(
            tasks,
            file,
            partial(batch_drivers.drive_with_note, notes, DRIVE),
            killer,
            current_hash=lambda task: task.config_hash,
            code="code",
            workers=2,
            time_limit=300.0,
            backend="ray",
            address=nodes.address,
        )
    assert killer.killed is not None
    attempts = Counter(note.name.split()[0] for note in notes.iterdir())
    assert max(attempts.values()) == 2 and sum(attempts.values()) == len(tasks) + 1  # one task was repeated
    assert len({note.name.split()[1] for note in notes.iterdir()}) == 2  # both nodes drove
    batch(tmp_path / "local", DRIVE, tasks)
    assert_same_rows(tmp_path / "local", tmp_path / "ray", tasks)


@pytest.mark.slow
def test_an_episode_that_loses_every_worker_becomes_a_row(tmp_path: Path, two_nodes: str) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    drive = partial(batch_drivers.drive_with_note, notes, batch_drivers.dangerous)
    batch(tmp_path, drive, workers=2, limit=6.0, backend="ray", address=two_nodes)
    rows = by_seed(tmp_path)
    assert sorted(rows) == [1, 2, 3, 4, 5, 6]
    for seed, times, message in (
        (batch_drivers.KILLED, 3, "lost 3 times, the last time: The actor is dead"),
        (batch_drivers.LEAVES, 3, "lost 3 times, the last time: The actor is dead"),
        (batch_drivers.HANGS, 1, "longer than the limit of 6 s"),
    ):
        lost = rows.pop(seed)
        assert lost.lost and lost.result.status is Status.ERROR and message in (lost.result.error or "")
        assert len([*notes.glob(f"{seed} *")]) == times
    assert not any(row.lost or row.result.error for row in rows.values())


@pytest.mark.slow
def test_a_node_with_other_sources_is_refused(
    tmp_path: Path, two_nodes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drive_stack.evaluation.batch import ray_pool  # noqa: PLC0415  needs Ray

    facts = ray_pool.environment_facts() | {"sources": "edited since"}
    monkeypatch.setattr(ray_pool, "environment_facts", lambda: facts)
    with pytest.raises(ConfigError, match=r"node 127\.0\.0\.\d differs from this machine in sources;"):
        batch(tmp_path, batch_drivers.synthetic_result, backend="ray", address=two_nodes)
    assert by_seed(tmp_path) == {}


@pytest.mark.slow
def test_a_cluster_without_a_free_core_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "START_LIMIT", 3.0)
    with cluster(0) as nodes, pytest.raises(ConfigError, match="no core was free for a worker within 3 s"):
        batch(tmp_path, batch_drivers.synthetic_result, backend="ray", address=nodes.address)
