"""A Ray cluster on this machine, for the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

QUICK = {"health_check_period_ms": 300, "health_check_failure_threshold": 5}  # a dead node is noticed soon

SHARED = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


def add_node(nodes: Cluster, address: str) -> None:
    """Add a node with one core at a loopback address."""
    nodes.add_node(num_cpus=1, node_ip_address=address, **SHARED)


@contextmanager
def cluster(nodes: int) -> Iterator[Cluster]:
    """A head node without cores and ``nodes`` with one core each, at separate loopback addresses."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    ray_cluster = Cluster()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        ray_cluster.add_node(num_cpus=0, node_ip_address="127.0.0.2", _system_config=QUICK, **SHARED)
        for number in range(nodes):
            add_node(ray_cluster, f"127.0.0.{3 + number}")
        yield ray_cluster
    finally:
        ray_cluster.shutdown()
