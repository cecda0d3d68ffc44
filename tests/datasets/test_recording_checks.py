"""Recordings from elsewhere: invalid content is named and refused even if the hash agrees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_shards import ACTOR, IMAGE, SCHEMA, columns, write_listed, write_shard

from drive_stack.datasets.columns import columns_of
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.row import ActorColumns, DriveRow
from drive_stack.errors import ConfigError
from drive_stack.support.jpeg import MAX_PIXELS, decode, encode, jpeg_size

Columns = dict[str, list[object]]

RANGES = {column.name: column.range for column in columns_of(DriveRow) if column.range is not None}
ACTOR_RANGES = {column.name: column.range for column in columns_of(ActorColumns) if column.range is not None}
NULLABLE = {column.name for column in columns_of(DriveRow) if column.is_nullable}


def assert_refused(folder: Path, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        for _ in Recording([folder]).images(0):
            pass
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def write_recording(folder: Path, data: Columns, schema: pa.Schema = SCHEMA) -> Path:
    write_listed(folder, write_shard(folder / "toy-000003.parquet", data, schema))
    return folder


def test_a_valid_recording_is_read(tmp_path: Path) -> None:
    recording = Recording([write_recording(tmp_path, columns("toy", 3))])
    assert [image.shape for image in recording.images(0)] == [(256, 640, 3)] * 3
    assert recording.other_actors().label.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", sorted(RANGES))
def test_every_number_is_checked(tmp_path: Path, name: str) -> None:
    low, high = RANGES[name]
    valid = columns("toy", 3, rows=1)
    Recording([write_recording(tmp_path, valid | {name: [low]})])
    if name not in ("step", "command"):
        Recording([write_recording(tmp_path, valid | {name: [high]})])
        for wrong in (float("nan"), float("inf"), 2.0 * high):
            assert_refused(
                write_recording(tmp_path, valid | {name: [wrong]}), f"column {name}: .* is not within"
            )
    assert_refused(
        write_recording(tmp_path, valid | {name: [-1 if low == 0 else 2.0 * low]}),
        f"column {name}: .*is not within",
    )


@pytest.mark.parametrize("name", sorted(ACTOR_RANGES))
def test_every_number_of_other_actors_is_checked(tmp_path: Path, name: str) -> None:
    for wrong in (float("nan"), 2e4):
        data = columns("toy", 3) | {"other_actors": [[], [ACTOR], [ACTOR, ACTOR | {name: wrong}]]}
        assert_refused(write_recording(tmp_path, data), f"column other_actors.{name}: .* is not within")


def test_no_column_of_numbers_is_left_out() -> None:
    numbers = {field.name for field in SCHEMA if not field.type.equals(pa.bool_())}
    numbers -= {"scenario", "seed", "weather", "light", "driver", "image", "other_actors"}
    assert RANGES.keys() == numbers and ACTOR_RANGES.keys() == ACTOR.keys() - {"id", "label"}


@pytest.mark.parametrize("name", sorted(set(SCHEMA.names) - NULLABLE))
def test_a_missing_value_is_named(tmp_path: Path, name: str) -> None:
    data = columns("toy", 3)
    problem = "image of row 1: not a JPEG" if name == "image" else f"column {name}: 1 values are missing"
    data[name] = [data[name][0], None, data[name][2]]
    assert_refused(write_recording(tmp_path, data), problem)


def test_an_unknown_kind_of_actor_is_named(tmp_path: Path) -> None:
    data = columns("toy", 3) | {"other_actors": [[], [], [ACTOR | {"label": "tank"}]]}
    assert_refused(
        write_recording(tmp_path, data), "column other_actors.label: 'tank' is none of animal, car"
    )


@pytest.mark.parametrize("name", ["expert_steering_rad", "other_actors", "image"])
def test_a_missing_column_or_one_of_another_type_is_named(tmp_path: Path, name: str) -> None:
    data = columns("toy", 3)
    index = SCHEMA.get_field_index(name)
    assert_refused(
        write_recording(tmp_path, {key: data[key] for key in data if key != name}, SCHEMA.remove(index)),
        f"not the columns of a recording: {name}",
    )
    other = SCHEMA.set(index, pa.field(name, pa.string()))
    assert_refused(
        write_recording(tmp_path, data | {name: ["x"] * 3}, other), f"column {name} is of type string"
    )
    more = SCHEMA.append(pa.field("more", pa.string()))
    assert_refused(
        write_recording(tmp_path, data | {"more": ["x"] * 3}, more), "not the columns of a recording: more"
    )


def test_an_episode_is_of_one_course_in_the_order_of_time(tmp_path: Path) -> None:
    data = columns("toy", 3)
    assert_refused(
        write_recording(tmp_path, data | {"seed": [3, 4, 3]}), "is of seed 3, and must be of 3 alone"
    )
    assert_refused(write_recording(tmp_path, data | {"step": [0, 2, 1]}), "not in the order of time")
    entry = write_shard(tmp_path / "toy-000003.parquet", data)
    write_listed(tmp_path, entry.model_copy(update={"scenario": "other"}))
    assert_refused(tmp_path, "is of scenario 'toy', and must be of 'other' alone")


def test_a_shard_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy-000003.parquet"
    write_listed(tmp_path, write_shard(path, columns("toy", 3)))
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert_refused(tmp_path, "0 rows; a shard has 1 to")


# --- images ------------------------------------------------------------------------------------


def png() -> bytes:
    return cv2.imencode(".png", np.zeros((256, 640, 3), np.uint8))[1].tobytes()


def huge() -> bytes:
    """A JPEG stream whose header states 20,000 × 20,000 pixels."""
    offset = IMAGE.index(b"\xff\xc0")
    size = (20_000).to_bytes(2, "big")
    return IMAGE[: offset + 5] + size + size + IMAGE[offset + 9 :]


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"", "not a JPEG stream"),
        (b"words", "not a JPEG stream"),
        (png(), "not a JPEG stream"),
        (IMAGE[:-100], "cut off"),
        (IMAGE[:2] + IMAGE[-2:], "without a size"),
        (huge(), "20000 × 20000 pixels, and must be 640 × 256"),
        (encode(np.zeros((64, 64, 3), np.uint8), 90, full_colour=True).tobytes(), "64 × 64 pixels"),
    ],
)
def test_what_is_no_image_of_the_camera_is_named(tmp_path: Path, stream: bytes, problem: str) -> None:
    data = columns("toy", 3)
    data["image"] = [IMAGE, stream, IMAGE]
    assert_refused(write_recording(tmp_path, data), f"the image of row 1: .*{problem}")


def test_a_huge_image_is_not_decoded() -> None:
    with pytest.raises(ValueError, match=f"20000 × 20000 pixels are more than {MAX_PIXELS}"):
        decode(np.frombuffer(huge(), np.uint8))


@pytest.mark.parametrize("marker", [b"\xff", b"\x00", b"\x01", b"\xd0", b"\xd9"])
def test_a_size_behind_a_marker_without_a_length_is_not_read(marker: bytes) -> None:
    """If ``marker`` is read as a segment, the header that decoders find is skipped for a smaller one."""
    offset, scan = IMAGE.index(b"\xff\xc0"), IMAGE.index(b"\xff\xda")
    head, frame = IMAGE[:2] + b"\xff" + marker, IMAGE[offset:scan]
    length = int.from_bytes(huge()[2:4], "big")  # decoders skip the marker and find the image here
    stream = (head + huge()[2:]).ljust(len(head) + length, b"\0") + frame + IMAGE[-2:]
    assert stream[4 + length :].startswith(b"\xff\xc0")
    with pytest.raises(ValueError, match="without a size"):
        jpeg_size(np.frombuffer(stream, np.uint8))


@pytest.mark.parametrize("full_colour", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (256, 640), (37, 999)])
def test_the_size_is_read_from_the_header(shape: tuple[int, int], full_colour: bool) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    stream = encode(image, 90, full_colour=full_colour)
    assert jpeg_size(stream) == shape == decode(stream).shape[:2]


# --- manifests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    ["../toy-000003.parquet", "/etc/passwd", "a/toy.parquet", ".hidden.parquet", "toy.txt", "a\n.parquet"],
)
def test_a_manifest_names_files_of_its_own_folder_only(tmp_path: Path, file: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    write_shard(tmp_path / "toy-000003.parquet", columns("toy", 3))
    path = write_listed(inner, write_shard(inner / "toy-000003.parquet", columns("toy", 3)))
    content = json.loads(path.read_text())
    content["shards"][0]["file"] = file
    path.write_text(json.dumps(content))
    assert_refused(inner, r"manifest.json: shards\.0\.file: ")


def test_a_shard_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    entry = write_shard(tmp_path / "toy-000003.parquet", columns("toy", 3))
    write_listed(tmp_path, entry, entry)
    assert_refused(tmp_path, "manifest.json: lists toy-000003.parquet 2 times")


def test_a_shard_is_no_link(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    entry = write_shard(other, columns("toy", 3))
    (tmp_path / "toy-000003.parquet").symlink_to(other)
    write_listed(tmp_path, entry.model_copy(update={"file": "toy-000003.parquet"}))
    assert_refused(tmp_path, "toy-000003.parquet: is a link")


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.write_text("[]"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, corrupt: Callable[[Path], object]) -> None:
    corrupt(write_listed(write_recording(tmp_path, columns("toy", 3))))
    assert_refused(tmp_path, "manifest.json: ")
