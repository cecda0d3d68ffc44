"""Recordings of a few rows, made without driving."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import NAME, Manifest, ShardEntry, write_manifest
from drive_stack.support.jpeg import encode

SCHEMA = DRIVES.schema
IMAGE = encode(np.full((256, 640, 3), 90, np.uint8), 90, full_colour=False).tobytes()
ACTOR: dict[str, object] = dict.fromkeys(
    ("x_m", "y_m", "heading_rad", "speed_mps", "length_m", "width_m", "height_m"), 1.0
)
ACTOR |= {"id": 1, "label": "car"}


def columns(scenario: str, seed: int, rows: int = 3) -> dict[str, list[object]]:
    """Columns of a valid recording: name → one value for each row."""
    values: dict[str, object] = dict.fromkeys(SCHEMA.names, 0.0)
    values |= {"scenario": scenario, "seed": seed, "weather": "clear", "light": "day", "driver": "expert"}
    values |= {"image": IMAGE, "command": 0, "other_actors": [ACTOR]}
    flags = ("perturbed", "blind_spot_left", "blind_spot_right", "may_enter_left", "may_enter_right")
    values |= dict.fromkeys(flags, False)
    values |= {"lead_gap_m": None, "lead_speed_mps": None}
    return {name: [value] * rows for name, value in values.items()} | {"step": list(range(rows))}


def write_shard(path: Path, data: dict[str, list[object]], schema: pa.Schema = SCHEMA) -> ShardEntry:
    """Write a shard, valid or not; returns its entry for a manifest."""
    marked = schema.with_metadata({b"drive_stack_recording": str(DRIVES.version)})
    pq.write_table(pa.table(data, schema=marked), path)
    rows = len(next(iter(data.values())))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ShardEntry(
        file=path.name,
        scenario=str(data["scenario"][0]),
        seed=int(str(data["seed"][0])),
        rows=rows,
        sha256=digest,
    )


def write_listed(folder: Path, *entries: ShardEntry, settings: CollectSettings | None = None) -> Path:
    """Write the manifest; returns its path."""
    made_with = (settings or CollectSettings()).model_dump_json()
    write_manifest(folder, Manifest(version=DRIVES.version, made_with=made_with, shards=entries))
    return folder / NAME


def picture(level: int) -> bytes:
    """A grey camera image."""
    return encode(np.full((256, 640, 3), level, np.uint8), 92, full_colour=False).tobytes()


def write_drive(folder: Path, scenario: str, seed: int, rows: int, **values: list[object]) -> ShardEntry:
    """Write the shard of a drive with five rows a second; returns its entry for the manifest."""
    data = columns(scenario, seed, rows)
    data["step"] = [2 * number for number in range(rows)]
    data["time_s"] = [0.2 * number for number in range(rows)]
    data["speed_limit_mps"] = [25.0] * rows
    data["image"] = [picture(20 * number) for number in range(rows)]
    data |= values
    return write_shard(folder / f"{scenario}-{seed:06d}.parquet", data)
