"""The columns of a recorded drive: one row for each step that is saved.

Names carry units. docs/guides/recordings.md says what each column holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa

from drive_stack.datasets.columns import Bytes, Column, Flag, SeedColumn, Text, Time, float32
from drive_stack.datasets.shards import ShardFormat
from drive_stack.types import ObjectClass

Angle = Annotated[float, float32(-4.0, 4.0)]  # [rad]
Speed = Annotated[float, float32(-300.0, 300.0)]  # [m/s]
Offset = Annotated[float, float32(-1e4, 1e4)]  # [m]
Size = Annotated[float, float32(0.0, 100.0)]  # [m]
Acceleration = Annotated[float, float32(-100.0, 100.0)]  # [m/s²]
Curvature = Annotated[float, float32(-10.0, 10.0)]  # [1/m]
Label = Annotated[str, Column(pa.string(), choices=frozenset(label.name.lower() for label in ObjectClass))]


@dataclass(frozen=True, slots=True)
class ActorColumns:
    """A vehicle, pedestrian or obstacle in the ego frame: origin on the ground below the rear axle."""

    id: Annotated[int, Column(pa.int32())]  # the same throughout an episode
    label: Label
    x_m: Offset  # of its centre, forward
    y_m: Offset  # of its centre, to the left
    heading_rad: Angle  # relative to the ego's
    speed_mps: Speed  # along its heading
    length_m: Size
    width_m: Size
    height_m: Size


@dataclass(frozen=True, slots=True)
class DriveRow:
    """One step: its origin, what the driver observed, both controls, and the truth."""

    scenario: Text
    seed: SeedColumn
    step: Annotated[int, Column(pa.int32(), (0, 2**31 - 1))]
    time_s: Time
    weather: Text
    light: Text
    image: Bytes  # JPEG
    speed_mps: Speed
    yaw_rate_radps: Annotated[float, float32(-100.0, 100.0)]
    blind_spot_left: Flag
    blind_spot_right: Flag
    speed_limit_mps: Annotated[float, float32(0.0, 300.0)]
    command: Annotated[int, Column(pa.int8(), (0, 2))]
    image_age_s: Annotated[float, float32(0.0, 1e6)]
    expert_steering_rad: Angle
    expert_acceleration_mps2: Acceleration
    applied_steering_rad: Angle
    applied_acceleration_mps2: Acceleration
    driver: Text
    perturbed: Flag
    station_m: Annotated[float, Column(pa.float64(), (-1e7, 1e7))]
    lane_offset_m: Offset
    heading_error_rad: Angle
    curvature_1pm: Curvature
    lead_gap_m: Offset | None
    lead_speed_mps: Speed | None
    other_actors: tuple[ActorColumns, ...]
    # the road ahead, see `RoadAhead`; None in recordings of version 3
    lane_width_m: Size | None = None
    curvature_30m_1pm: Curvature | None = None
    curvature_60m_1pm: Curvature | None = None
    curvature_100m_1pm: Curvature | None = None
    grade_ahead: Annotated[float, float32(-10.0, 10.0)] | None = None
    may_enter_left: Flag | None = None
    may_enter_right: Flag | None = None
    lane_ends_in_m: Offset | None = None  # also None where the lane does not end
    recognition_distance_m: Annotated[float, float32(0.0, 1e6)] | None = None


ROAD_COLUMNS = (
    "lane_width_m",
    "curvature_30m_1pm",
    "curvature_60m_1pm",
    "curvature_100m_1pm",
    "grade_ahead",
    "may_enter_left",
    "may_enter_right",
    "lane_ends_in_m",
    "recognition_distance_m",
)
DRIVES = ShardFormat(
    name="recording",
    version=4,
    row=DriveRow,
    order="step",
    remedy="repair it with: run_sim.py collect --repair",
    how_to_record="run_sim.py collect",
    older={3: frozenset(ROAD_COLUMNS)},
)
