"""The other actors around a recorded ego vehicle: the ground truth from which training labels are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_stack.datasets.columns import columns_of
from drive_stack.datasets.drives.row import DRIVES, ActorColumns
from drive_stack.objects.boxes import all_actor_boxes, centres_in_ego_frame
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.world_state import WorldState

MAX_DISTANCE = 200.0  # from the ego's rear axle; actors farther away are omitted [m]
_NUMBERS = tuple(column.name for column in columns_of(ActorColumns) if column.name not in ("id", "label"))


@dataclass(frozen=True, slots=True)
class OtherActors:
    """The other actors of many rows, concatenated; positions and headings are in the ego frame."""

    row: NDArray[np.int64]  # (M,) index of the recording's row that each actor belongs to
    label: NDArray[np.int64]  # (M,) ObjectClass
    x: FloatArray  # (M,) of the centre, forward of the ego's rear axle [m]
    y: FloatArray  # (M,) of the centre, to the left [m]
    heading: FloatArray  # (M,) relative to the ego's [rad]
    speed: FloatArray  # (M,) along its heading [m/s]
    length: FloatArray  # (M,) [m]
    width: FloatArray  # (M,) [m]
    height: FloatArray  # (M,) [m]


def other_actors_of(state: WorldState) -> tuple[ActorColumns, ...]:
    """The actors and obstacles within `MAX_DISTANCE` of the ego."""
    boxes = all_actor_boxes(state)
    position = centres_in_ego_frame(boxes, state)
    turn = boxes.pose[:, 2] - state.ego.yaw
    heading = np.arctan2(np.sin(turn), np.cos(turn))
    numbers = np.column_stack([position, heading, boxes.speed, boxes.size])
    near = np.flatnonzero(np.hypot(position[:, 0], position[:, 1]) <= MAX_DISTANCE)
    return tuple(
        ActorColumns(int(boxes.id[k]), ObjectClass(int(boxes.label[k])).name.lower(), *map(float, numbers[k]))
        for k in near
    )


def read_other_actors(columns: Sequence[pa.ChunkedArray]) -> OtherActors:
    """The other actors from the columns of several shards, concatenated."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    lists = pa.concat_arrays(chunks) if chunks else pa.array([], DRIVES.schema.field("other_actors").type)
    actors = lists.flatten()
    numbers = [actors.field(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in _NUMBERS]
    names = actors.field("label").dictionary_encode()
    codes = np.array([ObjectClass[name.upper()] for name in names.dictionary.to_pylist()], dtype=np.int64)
    counts = np.diff(lists.offsets.to_numpy())
    return OtherActors(
        np.repeat(np.arange(len(lists)), counts),
        codes[names.indices.to_numpy()] if len(codes) else np.zeros(0, dtype=np.int64),
        *numbers,
    )
