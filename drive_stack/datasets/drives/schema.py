"""The columns of a recording: one row for each step that was kept.

Names carry units. An episode is one Parquet file of these columns, rows in the order of time;
docs/recordings.md says what each column holds.
"""

from __future__ import annotations

import pyarrow as pa

from drive_stack.datasets.drives.other_actors import COLUMN

VERSION = 2  # of the columns; a reader takes no other

ORIGIN = (("scenario", pa.string()), ("seed", pa.int32()), ("step", pa.int32()), ("time_s", pa.float64()))
CONDITIONS = (("weather", pa.string()), ("light", pa.string()))
OBSERVED = (
    ("image", pa.binary()),
    ("speed_mps", pa.float32()),
    ("yaw_rate_radps", pa.float32()),
    ("blind_spot_left", pa.bool_()),
    ("blind_spot_right", pa.bool_()),
    ("speed_limit_mps", pa.float32()),
    ("command", pa.int8()),
    ("image_age_s", pa.float32()),
)
CONTROLS = (
    ("expert_steering_rad", pa.float32()),
    ("expert_acceleration_mps2", pa.float32()),
    ("applied_steering_rad", pa.float32()),
    ("applied_acceleration_mps2", pa.float32()),
    ("driver", pa.string()),
    ("disturbed", pa.bool_()),
)
TRUTH = (
    ("station_m", pa.float64()),
    ("lane_offset_m", pa.float32()),
    ("heading_error_rad", pa.float32()),
    ("curvature_1pm", pa.float32()),
    ("lead_gap_m", pa.float32()),
    ("lead_speed_mps", pa.float32()),
    ("others", COLUMN),
)
SCHEMA = pa.schema([*ORIGIN, *CONDITIONS, *OBSERVED, *CONTROLS, *TRUTH])
