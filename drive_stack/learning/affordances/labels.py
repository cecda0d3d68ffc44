"""Labels of affordances, from the truth in recordings."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import OtherActors
from drive_stack.datasets.drives.reader import Recording
from drive_stack.direct_perception.affordances import SIZE, vector_of
from drive_stack.direct_perception.road_ahead import RoadAhead
from drive_stack.direct_perception.truth import SurroundingActors, true_affordances
from drive_stack.errors import ConfigError
from drive_stack.types import FloatArray

_COLUMNS = (
    "lane_offset_m",
    "heading_error_rad",
    "lane_width_m",
    "curvature_1pm",
    "curvature_30m_1pm",
    "curvature_60m_1pm",
    "curvature_100m_1pm",
    "grade_ahead",
    "may_enter_left",
    "may_enter_right",
    "lane_ends_in_m",
    "recognition_distance_m",
)


def affordance_labels(recording: Recording) -> NDArray[np.float32]:
    """The affordances of all rows as numbers (N, `SIZE`): values, NaN where they do not hold, then flags.

    Raises:
        ConfigError: The recording is of a version that did not hold the road ahead.
    """
    columns = {name: recording.column(name, np.float64) for name in _COLUMNS}
    if not np.isfinite(columns["lane_width_m"]).all():
        raise ConfigError(
            "these recordings are of an older version, which did not hold the road ahead; collect again"
        )
    speed, camera = recording.column("speed_mps", np.float64), CameraModel()
    actors = _actors_by_row(recording.other_actors(), recording.rows)
    labels = np.empty((recording.rows, SIZE), dtype=np.float32)
    for row in range(recording.rows):
        road = _road_ahead({name: float(values[row]) for name, values in columns.items()})
        vector = vector_of(true_affordances(road, actors[row], float(speed[row]), camera))
        labels[row] = np.concatenate([vector.values, vector.flags])
    return labels


def _road_ahead(row: dict[str, float]) -> RoadAhead:
    ends_in = row["lane_ends_in_m"]
    return RoadAhead(
        offset=row["lane_offset_m"],
        heading=row["heading_error_rad"],
        lane_width=row["lane_width_m"],
        curvature=tuple(row[name] for name in _COLUMNS[3:7]),
        grade=row["grade_ahead"],
        left=bool(row["may_enter_left"]),
        right=bool(row["may_enter_right"]),
        ends_in=math.inf if math.isnan(ends_in) else ends_in,
        recognition_distance=row["recognition_distance_m"],
    )


def _actors_by_row(others: OtherActors, rows: int) -> list[SurroundingActors]:
    """The actors of each row."""
    everyone = SurroundingActors(
        label=others.label,
        position=_columns(others.x, others.y),
        heading=others.heading,
        speed=others.speed,
        size=_columns(others.length, others.width, others.height),
    )
    ends = np.searchsorted(others.row, np.arange(rows + 1)).tolist()
    return [everyone[slice(first, last)] for first, last in itertools.pairwise(ends)]


def _columns(*columns: FloatArray) -> FloatArray:
    return np.stack(columns, axis=1)
