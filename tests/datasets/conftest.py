"""A recording whose numbers are worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_shards import ACTOR, columns, write_listed, write_shard
from synthetic_rows import row

from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.evaluation.batch.row_file import NAME as ROWS
from drive_stack.support.jpeg import encode

EVERY = 2  # steps of 0.1 s


def picture(level: int) -> bytes:
    """A grey camera image."""
    return encode(np.full((256, 640, 3), level, np.uint8), 92, full_colour=False).tobytes()


def write_episode(folder: Path, scenario: str, seed: int, rows: int, **values: list[object]) -> object:
    """Write the shard of a drive with five rows a second; returns its entry for the manifest."""
    data = columns(scenario, seed, rows)
    data["step"] = [EVERY * number for number in range(rows)]
    data["time_s"] = [0.1 * EVERY * number for number in range(rows)]
    data["speed_limit_mps"] = [25.0] * rows
    data["image"] = [picture(20 * number) for number in range(rows)]
    data |= values
    return write_shard(folder / f"{scenario}-{seed:06d}.parquet", data)


@pytest.fixture
def drives_folder(tmp_path: Path) -> Path:
    """Two drives: four rows of ``cruise``, which arrives, and three of ``merge``, which hits something."""
    folder = tmp_path / "drives"
    folder.mkdir()
    cruise = write_episode(
        folder,
        "cruise",
        3,
        4,
        speed_mps=[20.0, 21.0, 22.0, 23.0],
        # 25 m/s allow 5 m in 0.2 s: 4 m are 0.8, 6 m are more than all, and −1 m is nothing
        station_m=[100.0, 104.0, 110.0, 109.0],
        weather=["rain"] * 4,
        command=[0, 1, 2, 0],
        blind_spot_left=[False, True, False, False],
        expert_steering_rad=[0.0, 0.1, -0.1, 0.25],
        expert_acceleration_mps2=[0.0, 1.5, -4.0, 0.0],
        applied_steering_rad=[0.0, 0.2, -0.2, 0.5],
        applied_acceleration_mps2=[3.0, 1.5, -8.0, -4.0],
        other_actors=[[], [ACTOR, ACTOR], [], [ACTOR]],
        lead_gap_m=[None, 30.0, None, None],
    )
    merge = write_episode(folder, "merge", 4, 3, station_m=[0.0, 2.5, 5.0])
    write_listed(folder, cruise, merge, settings=CollectSettings(every=EVERY))
    results = [row("expert", "cruise", 3), row("expert", "merge", 4, "hit")]
    (folder / ROWS).write_text("".join(result.to_json() + "\n" for result in results))
    return folder
