"""Fixtures of the tests of batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_episodes import SHORT, SUITE, evaluate_command

import run_sim


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[str]:
    """Address of a Ray cluster of two nodes."""
    from ray_nodes import cluster  # noqa: PLC0415 - Ray is slow to import, and most tests do not need it

    with cluster(2) as nodes:
        yield nodes.address


@pytest.fixture
def course(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path


@pytest.fixture(scope="session")
def tiny_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a suite of three short courses."""
    path = tmp_path_factory.mktemp("suite") / "tiny.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_run(tiny_suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished evaluation of the tiny suite; tests copy it before they change files."""
    out = tmp_path_factory.mktemp("run")
    assert run_sim.main(evaluate_command(tiny_suite, out, "constant", "random")) == 0
    return out
