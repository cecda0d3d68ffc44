"""What else is on the road, as a recording tells it: the truth from which labels are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_stack.actor_boxes import all_actor_boxes, centres_in_ego_frame
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.world_state import WorldState

REACH = 200.0  # farther ones are not told [m]
NUMBERS = ("ahead_m", "left_m", "heading_rad", "speed_mps", "length_m", "width_m", "height_m")
COLUMN = pa.list_(
    pa.struct([("id", pa.int32()), ("label", pa.string()), *((name, pa.float32()) for name in NUMBERS)])
)


@dataclass(frozen=True, slots=True)
class Others:
    """Road users and obstacles of many rows, one after another; numbers in the ego frame."""

    row: NDArray[np.int64]  # (M,) the recording's row that each belongs to
    label: NDArray[np.int64]  # (M,) ObjectClass
    ahead: FloatArray  # (M,) of the centre from the middle of the ego's rear axle [m]
    left: FloatArray
    heading: FloatArray  # against the ego's [rad]
    speed: FloatArray  # along its heading [m/s]
    length: FloatArray
    width: FloatArray
    height: FloatArray


def others_of(state: WorldState) -> list[dict[str, object]]:
    """Those within `REACH`, as values of `COLUMN`."""
    boxes = all_actor_boxes(state)
    place = centres_in_ego_frame(boxes, state)
    turned = boxes.pose[:, 2] - state.ego.yaw
    heading = np.arctan2(np.sin(turned), np.cos(turned))
    numbers = np.column_stack([place, heading, boxes.speed, boxes.size])
    near = np.flatnonzero(np.hypot(place[:, 0], place[:, 1]) <= REACH)
    return [
        {"id": int(boxes.id[k]), "label": ObjectClass(int(boxes.label[k])).name.lower()}
        | dict(zip(NUMBERS, numbers[k].tolist(), strict=True))
        for k in near
    ]


def read_others(columns: list[pa.ChunkedArray]) -> Others:
    """Of the columns of several shards, one after another."""
    parts = [chunk for column in columns for chunk in column.chunks]
    lists = pa.concat_arrays(parts) if parts else pa.array([], COLUMN)
    all_of = lists.flatten()
    numbers = [all_of.field(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in NUMBERS]
    names = all_of.field("label").dictionary_encode()
    codes = np.array([ObjectClass[name.upper()] for name in names.dictionary.to_pylist()], dtype=np.int64)
    counts = np.diff(lists.offsets.to_numpy())
    return Others(
        np.repeat(np.arange(len(lists)), counts),
        codes[names.indices.to_numpy()] if len(codes) else np.zeros(0, dtype=np.int64),
        *numbers,
    )
