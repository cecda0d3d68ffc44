"""Whatever lies in a folder of recordings, it is read or refused in a line, also where the hashes agree."""

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
from fuzz_strategies import FEW, MANY, check_line, fuzzing, json_files, read_or_refuse
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
    """As training and `collect` do, one after another."""
    read_or_refuse(lambda: check_recording(folder), folder)
    read_or_refuse(lambda: read_settings(folder), folder)
    read_or_refuse(lambda: check_folder(folder), folder)


def check_recording(folder: Path) -> None:
    """All that is in it, as training reads it."""
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
        for picture in recording.images(episode):
            assert picture.shape == (256, 640, 3)


def check_folder(folder: Path) -> None:
    """What a run that goes on there makes of it."""
    found = RecordingFolder(folder, CollectSettings(), {ROW.key: ROW})
    for line in found.corrupt:
        check_line(line)
        assert str(folder) in line
    listed = read_manifest(DRIVES, folder)
    assert found.manifest == listed.model_copy(update={"shards": found.manifest.shards})
    assert all(episode.scenario == "cruise" for episode in found.episodes([ROW], ["cruise"]))


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
    fuzz_manifests(folder, FEW)


@pytest.mark.slow
def test_many_fuzzed_manifests(folder: Path) -> None:
    fuzz_manifests(folder, MANY)


# --- shards --------------------------------------------------------------------------------------

NUMBERS = st.one_of(st.floats(width=32), st.sampled_from([float("nan"), float("inf"), -1.0, 1e30]))
WORDS = st.one_of(st.text(max_size=10), st.sampled_from(["cruise", "a\nb", "\u2028", "x" * 5000]))
ACTORS = st.one_of(
    st.none(),
    st.sampled_from(sorted(ACTOR)).flatmap(
        lambda name: st.one_of(
            st.none(), WORDS if name == "label" else NUMBERS if name != "id" else st.just(-1)
        ).map(lambda value: ACTOR | {name: value})
    ),
)


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """The JPEG with something in place of a part, mostly in its header."""
    header = IMAGE.index(b"\xff\xda") + 20
    begin = draw(st.one_of(st.integers(0, header), st.integers(0, len(IMAGE))))
    length = draw(st.sampled_from([0, 1, 2, 10, len(IMAGE)]))
    return IMAGE[:begin] + draw(st.binary(max_size=12)) + IMAGE[begin + length :]


def values_of(name: str, kind: pa.DataType) -> st.SearchStrategy[object]:
    """Values that a column of this type can hold, fit or not."""
    if name == "image":
        return st.one_of(pictures(), pictures(), st.binary(max_size=20), st.none())
    if name == "other_actors":
        return st.one_of(st.none(), st.lists(ACTORS, max_size=3))
    if pa.types.is_string(kind):
        return st.one_of(WORDS, st.none())
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
    """What is put into a file."""

    data: dict[str, list[object]]
    schema: pa.Schema

    def __repr__(self) -> str:
        """Of a case that fails what is not as it should be."""
        whole = columns("cruise", 1)
        kinds = {field.name: str(field.type) for field in self.schema if field not in SCHEMA}
        values = {name: held for name, held in self.data.items() if whole.get(name) != held}
        return f"gone: {sorted(whole.keys() - self.data.keys())}, types: {kinds}, values: {values}"


@st.composite
def shards(draw: st.DrawFn) -> Shard:
    """Columns of a shard, of which a few hold other values, or are of another type, gone or unknown."""
    data, schema = columns("cruise", 1), SCHEMA
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(SCHEMA.names))
        place = schema.get_field_index(name)
        if place < 0:
            continue
        action = draw(st.sampled_from(["values", "values", "values", "values", "type", "remove", "add"]))
        if action == "values" and schema.field(place).type == SCHEMA.field(name).type:
            data[name] = draw(st.lists(values_of(name, schema.field(place).type), min_size=3, max_size=3))
        elif action == "type":
            schema, data[name] = schema.set(place, pa.field(name, draw(KINDS))), [None] * 3
        elif action == "remove":
            schema = schema.remove(place)
            del data[name]
        elif action == "add":
            new = draw(st.text(min_size=1, max_size=10))
            if new not in data:
                schema, data = schema.append(pa.field(new, pa.int8())), data | {new: [1, 2, 3]}
    return Shard(data, schema)


def listed(folder: Path) -> None:
    """The hash agrees, whatever the shard holds: a stranger can write both."""
    path = folder / SHARD
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_listed(folder, ShardEntry(file=SHARD, scenario="cruise", seed=1, rows=3, sha256=digest))


def fuzz_columns(folder: Path, examples: int) -> None:
    @fuzzing(examples)
    @given(shards())
    def check(shard: Shard) -> None:
        schema = shard.schema.with_metadata({b"drive_stack_recording": str(DRIVES.version).encode()})
        pq.write_table(pa.table(shard.data, schema=schema), folder / SHARD)
        listed(folder)
        read_everything(folder)

    check()


def fuzz_shard_bytes(folder: Path, examples: int) -> None:
    whole = (folder / SHARD).read_bytes()
    places = st.one_of(
        st.integers(0, len(whole)), st.integers(0, 12_000).map(lambda n: max(len(whole) - n, 0))
    )

    @fuzzing(examples)
    @given(places, st.sampled_from([0, 1, 2, 8, len(whole)]), st.binary(max_size=8))
    def check(begin: int, length: int, new: bytes) -> None:
        (folder / SHARD).write_bytes(whole[:begin] + new + whole[begin + length :])
        listed(folder)
        read_everything(folder)

    check()


FUZZ = {"columns": fuzz_columns, "bytes": fuzz_shard_bytes}


@pytest.mark.parametrize("fuzz", FUZZ.values(), ids=FUZZ.keys())
def test_fuzzed_shards_are_read_or_refused_in_a_line(folder: Path, fuzz: Callable[[Path, int], None]) -> None:
    fuzz(folder, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("fuzz", FUZZ.values(), ids=FUZZ.keys())
def test_many_fuzzed_shards(folder: Path, fuzz: Callable[[Path, int], None]) -> None:
    fuzz(folder, MANY)
