"""Checks of a shard's content. A hash shows that its bytes are unchanged, not that its values are valid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.columns import NamedColumn, columns_of
from drive_stack.datasets.shards import Row, ShardFormat
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.jpeg import jpeg_size


def check_content(shards: ShardFormat[Row], path: Path, scenario: str, seed: int) -> None:
    """Raise `ConfigError` if a shard is not of this episode, or a value is missing or not allowed.

    Images are checked when they are read, see `read_jpegs`.
    """
    columns = [column for column in columns_of(shards.row) if column.name != "image"]
    table = shards.read_columns(path, [column.name for column in columns])
    for column in columns:
        _check_column(path, column.name, column, table.column(column.name))
    for name, expected in (("scenario", scenario), ("seed", seed)):
        values = table.column(name).unique().to_pylist()
        if values != [expected]:
            raise ConfigError(
                f"{path}: is of {name} {_quoted(values[0])}, and must be of {_quoted(expected)} alone"
            )
    if not np.all(np.diff(table.column(shards.order).to_numpy()) > 0):
        raise ConfigError(f"{path}: column {shards.order}: its rows are not in the order of time")


def read_jpegs(shards: ShardFormat[Row], path: Path) -> Iterator[NDArray[np.uint8]]:
    """The JPEG streams of a shard, in order.

    Raises:
        ConfigError: If a stream is no JPEG image of the camera's size.
    """
    camera = CameraModel()
    height, width = camera.height, camera.width
    for row, stream in enumerate(shards.read_columns(path, ["image"]).column(0)):
        jpeg = np.frombuffer(stream.as_buffer() or b"", dtype=np.uint8)
        try:
            size = jpeg_size(jpeg)
            if size != (height, width):
                raise ValueError(f"{size[1]} × {size[0]} pixels, and must be {width} × {height}")
        except ValueError as error:
            raise image_error(path, row, error) from None
        yield jpeg


def image_error(path: Path, row: int, error: ValueError) -> ConfigError:
    """The error for an image that cannot be used."""
    return ConfigError(f"{path}: the image of row {row}: {error}")


def _check_column(path: Path, name: str, column: NamedColumn, values: pa.ChunkedArray | pa.Array) -> None:
    if values.null_count and not column.is_nullable:
        raise ConfigError(f"{path}: column {name}: {values.null_count} values are missing")
    if column.range is not None:
        _check_range(path, name, values, column.range)
    if column.choices is not None:
        unknown = set(values.unique().to_pylist()) - column.choices
        if unknown:
            allowed = ", ".join(sorted(column.choices))
            raise ConfigError(f"{path}: column {name}: {_quoted(min(unknown))} is none of {allowed}")
    if column.members:
        for chunk in values.chunks:
            structs = chunk.flatten()
            if structs.null_count:
                raise ConfigError(f"{path}: column {name}: {structs.null_count} values are missing")
            for member in column.members:
                _check_column(path, f"{name}.{member.name}", member, structs.field(member.name))


def _quoted(value: object) -> str:
    return shortened(repr(value))


def _check_range(
    path: Path, name: str, values: pa.ChunkedArray | pa.Array, allowed: tuple[float, float]
) -> None:
    numbers: NDArray[np.float64] = values.drop_null().to_numpy().astype(np.float64)
    low, high = allowed
    outside = np.flatnonzero(~((numbers >= low) & (numbers <= high)))  # NaN is in no range
    if len(outside):
        value = numbers[outside[0]]
        raise ConfigError(f"{path}: column {name}: {value:g} is not within {low:g} to {high:g}")
