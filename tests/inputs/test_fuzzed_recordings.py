"""Any content of a folder of recordings is read or refused in one line, even if the hashes agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz_strategies import FEW_EXAMPLES, MANY_EXAMPLES, check_line, fuzzing, json_files, read_or_refuse
from hypothesis import given
from hypothesis import strategies as st
from small_shards import ACTOR, IMAGE, SCHEMA, columns, write_listed, write_shard
from synthetic_rows import row

from drive_stack.datasets.columns import columns_of
from drive_stack.datasets.drives.folder import RecordingFolder, read_settings
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES, DriveRow
from drive_stack.datasets.manifest import NAME, ShardEntry, read_manifest

SHARD = "cruise-000001.parquet"
ROW = row("recording", "cruise", 1)


def read_everything(folder: Path) -> None:
    """Read the folder as training and `collect` do."""
    read_or_refuse(lambda: check_recording(folder), folder)
    read_or_refuse(lambda: read_settings(folder), folder)
    read_or_refuse(lambda: check_folder(folder), folder)


def check_recording(folder: Path) -> None:
    """Read all columns and images, as training does."""
    recording = Recording([folder])
    for column in columns_of(DriveRow):
        if column.name in ("image", "other_actors"):
            continue
        if column.range is None:
            assert len(recording.column(column.name, np.str_)) == recording.rows
            continue
        numbers = recording.column(column.name, np.float64)
        assert len(numbers) == recording.rows and (column.is_nullable or np.isfinite(numbers).all())
    actors = recording.other_actors()
    assert len(actors.row) == len(actors.label) and np.isfinite(actors.x).all()
    for episode in range(recording.episodes):
        for image in recording.images(episode):
            assert image.shape == (256, 640, 3)


def check_folder(folder: Path) -> None:
    """Open the folder as a run does that resumes there."""
    recordings = RecordingFolder(folder, CollectSettings(), {ROW.key: ROW})
    for line in recordings.corrupt:
        check_line(line)
        assert str(folder) in line
    listed = read_manifest(DRIVES, folder)
    kept = {"shards": recordings.manifest.shards, "version": DRIVES.version}
    assert recordings.manifest == listed.model_copy(update=kept)
    assert all(episode.scenario == "cruise" for episode in recordings.episodes([ROW], ["cruise"]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_listed(tmp_path, write_shard(tmp_path / SHARD, columns("cruise", 1)))
    return tmp_path


# --- manifests -----------------------------------------------------------------------------------


def fuzz_manifests(folder: Path, examples: int) -> None:
    path = folder / NAME

    @fuzzing(examples)
    @given(json_files(json.loads(path.read_text(encoding="utf-8"))))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        read_everything(folder)

    check()


def test_fuzzed_manifests_are_read_or_refused_in_a_line(folder: Path) -> None:
    fuzz_manifests(folder, FEW_EXAMPLES)


@pytest.mark.slow
def test_many_fuzzed_manifests(folder: Path) -> None:
    fuzz_manifests(folder, MANY_EXAMPLES)


# --- shards --------------------------------------------------------------------------------------

NUMBERS = st.one_of(st.floats(width=32), st.sampled_from([float("nan"), float("inf"), -1.0, 1e30]))
TEXTS = st.one_of(st.text(max_size=10), st.sampled_from(["cruise", "a\nb", "\u2028", "x" * 5000]))
ACTORS = st.one_of(
    st.none(),
    st.sampled_from(sorted(ACTOR)).flatmap(
        lambda name: st.one_of(
            st.none(), TEXTS if name == "label" else NUMBERS if name != "id" else st.just(-1)
        ).map(lambda value: ACTOR | {name: value})
    ),
)


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """The JPEG with a part replaced, mostly in its header."""
    header = IMAGE.index(b"\xff\xda") + 20
    start = draw(st.one_of(st.integers(0, header), st.integers(0, len(IMAGE))))
    length = draw(st.sampled_from([0, 1, 2, 10, len(IMAGE)]))
    return IMAGE[:start] + draw(st.binary(max_size=12)) + IMAGE[start + length :]


def values_of(name: str, kind: pa.DataType) -> st.SearchStrategy[object]:
    """Values, valid or not, that a column of this type can contain."""
    if name == "image":
        return st.one_of(images(), images(), st.binary(max_size=20), st.none())
    if name == "other_actors":
        return st.one_of(st.none(), st.lists(ACTORS, max_size=3))
    if pa.types.is_string(kind):
        return st.one_of(TEXTS, st.none())
    if pa.types.is_boolean(kind):
        return st.one_of(st.booleans(), st.none())
    if pa.types.is_integer(kind):
        end = 2 ** (kind.bit_width - 1)
        return st.one_of(st.integers(-end, end - 1), st.integers(0, 3), st.none())
    return st.one_of(NUMBERS, st.none())


KINDS = st.sampled_from(
    [
        pa.string(),
        pa.float32(),
        pa.float64(),
        pa.int64(),
        pa.binary(),
        pa.large_string(),
        pa.null(),
        pa.date32(),
    ]
)


@dataclass(repr=False)
class Shard:
    """The columns of a fuzzed file."""

    data: dict[str, list[object]]
    schema: pa.Schema

    def __repr__(self) -> str:
        """The differences from a valid shard, for the report of a failed example."""
        valid = columns("cruise", 1)
        kinds = {field.name: str(field.type) for field in self.schema if field not in SCHEMA}
        values = {name: column for name, column in self.data.items() if valid.get(name) != column}
        return f"missing: {sorted(valid.keys() - self.data.keys())}, types: {kinds}, values: {values}"


@st.composite
def shards(draw: st.DrawFn) -> Shard:
    """Columns of a shard; a few have other values or another type, are missing or unknown."""
    data, schema = columns("cruise", 1), SCHEMA
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(SCHEMA.names))
        index = schema.get_field_index(name)
        if index < 0:
            continue
        action = draw(st.sampled_from(["values", "values", "values", "values", "type", "remove", "add"]))
        if action == "values" and schema.field(index).type == SCHEMA.field(name).type:
            data[name] = draw(st.lists(values_of(name, schema.field(index).type), min_size=3, max_size=3))
        elif action == "type":
            schema, data[name] = schema.set(index, pa.field(name, draw(KINDS))), [None] * 3
        elif action == "remove":
            schema = schema.remove(index)
            del data[name]
        elif action == "add":
            new = draw(st.text(min_size=1, max_size=10))
            if new not in data:
                schema, data = schema.append(pa.field(new, pa.int8())), data | {new: [1, 2, 3]}
    return Shard(data, schema)


def list_shard(folder: Path) -> None:
    """Write a manifest whose hash agrees with the shard, as an attacker can."""
    path = folder / SHARD
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_listed(folder, ShardEntry(file=SHARD, scenario="cruise", seed=1, rows=3, sha256=digest))


def fuzz_columns(folder: Path, examples: int) -> None:
    @fuzzing(examples)
    @given(shards())
    def check(shard: Shard) -> None:
        schema = shard.schema.with_metadata({b"drive_stack_recording": str(DRIVES.version).encode()})
        pq.write_table(pa.table(shard.data, schema=schema), folder / SHARD)
        list_shard(folder)
        read_everything(folder)

    check()


def fuzz_shard_bytes(folder: Path, examples: int) -> None:
    whole = (folder / SHARD).read_bytes()
    starts = st.one_of(
        st.integers(0, len(whole)), st.integers(0, 12_000).map(lambda n: max(len(whole) - n, 0))
    )

    @fuzzing(examples)
    @given(starts, st.sampled_from([0, 1, 2, 8, len(whole)]), st.binary(max_size=8))
    def check(start: int, length: int, new: bytes) -> None:
        (folder / SHARD).write_bytes(whole[:start] + new + whole[start + length :])
        list_shard(folder)
        read_everything(folder)

    check()


FUZZ = {"columns": fuzz_columns, "bytes": fuzz_shard_bytes}


@pytest.mark.parametrize("fuzz", FUZZ.values(), ids=FUZZ.keys())
def test_fuzzed_shards_are_read_or_refused_in_a_line(folder: Path, fuzz: Callable[[Path, int], None]) -> None:
    fuzz(folder, FEW_EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("fuzz", FUZZ.values(), ids=FUZZ.keys())
def test_many_fuzzed_shards(folder: Path, fuzz: Callable[[Path, int], None]) -> None:
    fuzz(folder, MANY_EXAMPLES)
