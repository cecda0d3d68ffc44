"""Batches on a Ray cluster of nodes that come and go: the same rows as everywhere, none lost, none twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import batch_drivers
import pytest
from batch_runs import batch
from short_course import SHORT
from test_batch_driving import episodes

from agents.registry import build_agent
from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.backends import open_pool
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import without_timings
from drive_stack.evaluation.batch.tasks import EpisodeTask

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

ROOT = Path(__file__).resolve().parents[1]
QUICK = {"health_check_period_ms": 300, "health_check_failure_threshold": 5}  # a dead node shows soon


# --- without a cluster ---------------------------------------------------------------------------


def test_ray_is_imported_only_when_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys; import drive_stack.evaluation.batch.run; import run_sim; assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('No module named ray', name='ray')")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, '']\n" + (
        "from drive_stack.evaluation.batch.backends import open_pool\n"
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


@pytest.mark.slow
def test_rows_are_those_of_the_local_pool(tmp_path: Path, two_nodes: str) -> None:
    course = tmp_path / "short.yaml"
    course.write_text(SHORT)
    tasks = [
        task for agent in ("expert", "constant") for task in episodes(agent, course, range(100_000, 100_003))
    ]
    same_rows(tmp_path, tasks, two_nodes)


@pytest.mark.slow
def test_so_are_those_of_an_agent_with_networks(tmp_path: Path, two_nodes: str) -> None:
    course = tmp_path / "short.yaml"
    course.write_text(SHORT)
    same_rows(tmp_path, episodes("modular", course, range(100_000, 100_002)), two_nodes)


def same_rows(folder: Path, tasks: list[EpisodeTask], address: str) -> None:
    drive = partial(drive_task, build_agent)
    batch(folder / "local", drive, tasks)
    batch(folder / "ray", drive, tasks[:1], workers=1, backend="ray", address=address)  # broken off
    batch(folder / "ray", drive, tasks, workers=2, backend="ray", address=address)
    local, there = (without_timings(read_rows(folder / name).values()) for name in ("local", "ray"))
    assert len(local) == len(tasks) and local == there
    assert len((folder / "ray" / NAME).read_bytes().splitlines()) == len(tasks)
    assert not any(fields["error"] for fields in local.values())
