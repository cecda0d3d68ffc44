"""Checks of what a shard holds: a hash vouches for the bytes, not for who wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import NUMBERS
from drive_stack.datasets.drives.schema import SCHEMA
from drive_stack.datasets.drives.shard import read_columns
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.jpeg import decode, jpeg_size
from drive_stack.types import Image, ObjectClass

Range = tuple[float, float]

ANGLE: Range = (-4.0, 4.0)  # [rad]
SPEED: Range = (-300.0, 300.0)  # [m/s]
NEAR: Range = (-1e4, 1e4)  # [m]
SIZE: Range = (0.0, 100.0)  # [m]
ACCELERATION: Range = (-100.0, 100.0)  # [m/s²]

# of every column of numbers; `others` are checked by OTHERS_RANGES
RANGES: Mapping[str, Range] = {
    "step": (0, 2**31 - 1),
    "time_s": (0.0, 1e6),
    "speed_mps": SPEED,
    "yaw_rate_radps": (-100.0, 100.0),
    "speed_limit_mps": (0.0, 300.0),
    "command": (0, 2),
    "image_age_s": (0.0, 1e6),
    "expert_steering_rad": ANGLE,
    "expert_acceleration_mps2": ACCELERATION,
    "applied_steering_rad": ANGLE,
    "applied_acceleration_mps2": ACCELERATION,
    "station_m": (-1e7, 1e7),
    "lane_offset_m": NEAR,
    "heading_error_rad": ANGLE,
    "curvature_1pm": (-10.0, 10.0),
    "lead_gap_m": NEAR,
    "lead_speed_mps": SPEED,
}
OTHERS_RANGES: Mapping[str, Range] = dict(
    zip(NUMBERS, (NEAR, NEAR, ANGLE, SPEED, SIZE, SIZE, SIZE), strict=True)
)
NULLABLE = frozenset(("lead_gap_m", "lead_speed_mps"))
_LABELS = frozenset(label.name.lower() for label in ObjectClass)


def check_content(path: Path, scenario: str, seed: int) -> None:
    """Raises `ConfigError` where a shard is not of this episode, or a value is missing or out of its range.

    Pictures are checked where they are read, see `read_pictures`.
    """
    table = read_columns(path, [name for name in SCHEMA.names if name != "image"])
    for name in table.column_names:
        column = table.column(name)
        if name not in NULLABLE and column.null_count:
            raise ConfigError(f"{path}: column {name}: {column.null_count} values are missing")
        if name in RANGES:
            _check_range(path, name, column, RANGES[name])
    for name, expected in (("scenario", scenario), ("seed", seed)):
        found = table.column(name).unique().to_pylist()
        if found != [expected]:
            raise ConfigError(
                f"{path}: is of {name} {_quoted(found[0])}, and must be of {_quoted(expected)} alone"
            )
    steps = table.column("step").to_numpy()
    if not np.all(np.diff(steps) > 0):
        raise ConfigError(f"{path}: column step: its rows are not in the order of time")
    _check_others(path, table.column("others"))


def read_pictures(path: Path) -> Iterator[Image]:
    """The pictures of a shard, in order; `ConfigError` for one that is no JPEG of the camera's size."""
    camera = CameraModel()
    size = (camera.height, camera.width)
    for row, stream in enumerate(read_columns(path, ["image"]).column(0)):
        try:
            data = np.frombuffer(stream.as_buffer() or b"", dtype=np.uint8)
            found = jpeg_size(data)
            if found != size:
                raise ValueError(f"{found[1]} × {found[0]} pixels, and must be {size[1]} × {size[0]}")
            yield decode(data)
        except ValueError as error:
            raise ConfigError(f"{path}: the picture of row {row}: {error}") from None


def _check_others(path: Path, column: pa.ChunkedArray) -> None:
    for chunk in column.chunks:
        actors = chunk.flatten()
        if actors.null_count:
            raise ConfigError(f"{path}: column others: {actors.null_count} values are missing")
        for name in ("id", "label", *NUMBERS):
            values = actors.field(name)
            if values.null_count:
                raise ConfigError(f"{path}: column others.{name}: {values.null_count} values are missing")
            if name in OTHERS_RANGES:
                _check_range(path, f"others.{name}", values, OTHERS_RANGES[name])
        unknown = set(actors.field("label").unique().to_pylist()) - _LABELS
        if unknown:
            allowed = ", ".join(sorted(_LABELS))
            raise ConfigError(f"{path}: column others.label: {_quoted(min(unknown))} is none of {allowed}")


def _quoted(value: object) -> str:
    return shortened(repr(value))


def _check_range(path: Path, name: str, column: pa.ChunkedArray | pa.Array, allowed: Range) -> None:
    values: NDArray[np.float64] = column.drop_null().to_numpy().astype(np.float64)
    low, high = allowed
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))  # NaN is in no range
    if len(wrong):
        value = values[wrong[0]]
        raise ConfigError(f"{path}: column {name}: {value:g} is not within {low:g} to {high:g}")
