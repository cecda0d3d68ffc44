"""Fixtures that tests of batches share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_episodes import SHORT


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[str]:
    """The address of a cluster of two."""
    from ray_nodes import cluster  # noqa: PLC0415 - Ray is slow to import, and most tests do not need it

    with cluster(2) as made:
        yield made.address


@pytest.fixture
def course(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    return path
