"""The columns of a recorded frame: one row for each labelled camera image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa

from drive_stack.datasets.columns import Bytes, Column, SeedColumn, Text, Time, float32
from drive_stack.datasets.shards import ShardFormat
from drive_stack.types import ObjectClass

Pixels = Annotated[float, float32(-1e4, 1e4)]  # [px]


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """The box around an object's visible pixels."""

    x1_px: Pixels
    y1_px: Pixels
    x2_px: Pixels
    y2_px: Pixels
    label: Annotated[str, Column(pa.string(), choices=frozenset(label.name.lower() for label in ObjectClass))]
    visible_fraction: Annotated[float, float32(0.0, 1.0)]  # of the object
    distance_m: Annotated[float, float32(0.0, 1e4)]  # from the camera


@dataclass(frozen=True, slots=True)
class ArrayColumns:
    """A named array, such as one of the lane labels."""

    name: Text
    dtype: Annotated[str, Column(pa.string(), choices=frozenset(("bool", "float32", "float64", "int64")))]
    shape: Annotated[tuple[int, ...], Column(pa.list_(pa.int32()))]
    data: Bytes  # in C order


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One frame: its origin, the image, the boxes of its objects and its lane labels."""

    scenario: Text
    seed: SeedColumn
    time_s: Time
    weather: Text
    light: Text
    image: Bytes  # JPEG
    boxes: tuple[BoxColumns, ...]
    lanes: tuple[ArrayColumns, ...]


FRAMES = ShardFormat(
    name="frame",
    version=1,
    row=FrameRow,
    order="time_s",
    remedy="delete it and collect again",
    how_to_record="python run_sim.py train detector",
)
