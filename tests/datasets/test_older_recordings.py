"""Recordings of an older version: what they lack is missing, and the rest is read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_recording import toy_recording

from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.row import DRIVES, ROAD_COLUMNS
from drive_stack.datasets.manifest import NAME, read_manifest, shard_entry, write_manifest
from drive_stack.errors import ConfigError


def rewrite(folder: Path, name: str, version: int, columns: list[str]) -> None:
    """Write a shard as another version would have, and list it."""
    path = folder / name
    table = pq.read_table(path, schema=DRIVES.schema).select(columns)
    schema = pa.schema(list(table.schema), {b"drive_stack_recording": str(version).encode()})
    pq.write_table(table.cast(schema), path)
    manifest = read_manifest(DRIVES, folder)
    shards = [
        shard_entry(DRIVES, path, entry.scenario, entry.seed) if entry.file == name else entry
        for entry in manifest.shards
    ]
    write_manifest(folder, manifest.model_copy(update={"shards": tuple(shards), "version": version}))


def test_a_folder_may_hold_shards_of_both_versions(tmp_path: Path) -> None:
    folder = toy_recording(tmp_path / "toy")
    before = Recording([folder]).column("expert_steering_rad", np.float32)
    rewrite(
        folder, "toy-000001.parquet", 3, [name for name in DRIVES.schema.names if name not in ROAD_COLUMNS]
    )
    recording = Recording([folder])
    assert recording.column("expert_steering_rad", np.float32).tolist() == before.tolist()
    width = recording.column("lane_width_m", np.float32)
    assert np.isnan(width[40:80]).all()
    assert (width[[*range(40), *range(80, 120)]] == np.float32(3.6)).all()
    assert len(recording.other_actors().row) == 0


def test_a_version_that_is_no_number_is_refused(tmp_path: Path) -> None:
    folder = toy_recording(tmp_path / "toy")
    path = folder / NAME
    content = json.loads(path.read_text(encoding="utf-8"))
    for version in ([3], {"3": 3}, "3", None):
        path.write_text(json.dumps(content | {"version": version}), encoding="utf-8")
        with pytest.raises(ConfigError, match="schema version"):
            Recording([folder])


@pytest.mark.parametrize(
    ("version", "lacking", "problem"),
    [
        (2, "", "schema version 2, but this program reads 4"),
        (3, "lane_offset_m", "not the columns of a recording"),
        (4, "lane_width_m", "not the columns of a recording: lane_width_m"),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, version: int, lacking: str, problem: str) -> None:
    folder = toy_recording(tmp_path / "toy")
    dropped = {lacking, *(ROAD_COLUMNS if version == 3 else ())}
    with pytest.raises(ConfigError, match=problem):
        rewrite(folder, "toy-000001.parquet", version, [n for n in DRIVES.schema.names if n not in dropped])
