"""A folder of recorded drives, read one episode at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from drive_stack.datasets.checks import image_error, read_jpegs
from drive_stack.datasets.drives.other_actors import OtherActors, read_other_actors
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.drives.shard_paths import shard_path
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.manifest import NAME, ShardEntry, check_entry, read_manifest
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import read_rows
from drive_stack.evaluation.result import Status
from drive_stack.support.jpeg import decode
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import Weather

Scalar = TypeVar("Scalar", bound=np.generic)

_TIME_TOLERANCE = 1e-3  # of the time between two rows [s]


@dataclass(frozen=True, slots=True)
class DriveColumns:
    """The numbers of an episode, by row. Angles and offsets are positive to the left."""

    time: FloatArray  # (N,) since the start of the episode [s]
    speed: FloatArray  # (N,) [m/s]
    yaw_rate: FloatArray  # (N,) [rad/s]
    blind_spot: NDArray[np.bool_]  # (N, 2) left, right
    speed_limit: FloatArray  # (N,) [m/s]
    command: NDArray[np.int64]  # (N,) values of `NavigationCommand`
    image_age: FloatArray  # (N,) time since the exposure of the image [s]
    expert: FloatArray  # (N, 2) what the expert would do: steering [rad], acceleration [m/s²]
    applied: FloatArray  # (N, 2) what was done
    perturbed: NDArray[np.bool_]  # (N,) whether a perturbation was active
    station: FloatArray  # (N,) along the road [m]
    lane_offset: FloatArray  # (N,) from the centre of the lane [m]
    heading_error: FloatArray  # (N,) relative to the road [rad]
    curvature: FloatArray  # (N,) of the road [1/m]
    lead_gap: FloatArray  # (N,) [m]; NaN without a lead vehicle
    lead_speed: FloatArray  # (N,) [m/s]; NaN without a lead vehicle


@dataclass(frozen=True, slots=True)
class RecordedEpisode:
    """One recorded episode. Its images are read when they are asked for."""

    path: Path  # of the shard
    scenario: str  # name in the catalogue, or path of a file where the folder has the result of the drive
    seed: int
    weather: str
    light: str
    status: Status | None  # how the episode ended; None if the folder does not have its result
    columns: DriveColumns
    actors: OtherActors

    @property
    def rows(self) -> int:
        """Number of recorded steps."""
        return len(self.columns.time)

    @property
    def wet(self) -> bool:
        """Whether the road is wet."""
        return self.weather == Weather.RAIN.value

    def jpegs(self) -> Iterator[bytes]:
        """The images as JPEG streams. Raises `ConfigError` for one that is not an image of the camera."""
        for jpeg in read_jpegs(DRIVES, self.path):
            yield jpeg.tobytes()

    def images(self) -> Iterator[Image]:
        """The (H, W, 3) RGB images. Raises `ConfigError` for one that cannot be decoded."""
        for row, jpeg in enumerate(read_jpegs(DRIVES, self.path)):
            try:
                yield decode(jpeg)
            except ValueError as error:
                raise image_error(self.path, row, error) from None


class RecordedDrives:
    """The episodes of a folder that ``collect`` wrote.

    Raises:
        ConfigError: If the folder has no recorded drives, or its manifest or its rows cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries = _read_entries(folder)
        if not self._entries:
            raise ConfigError(f"{folder / NAME}: lists no episodes; make some with: {DRIVES.how_to_record}")
        self._results = _results(folder)
        self.rows_per_second = self._read_rate()

    @property
    def rows(self) -> int:
        """Number of recorded steps."""
        return sum(entry.rows for entry in self._entries)

    @property
    def episodes(self) -> int:
        """Number of episodes."""
        return len(self._entries)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios of all episodes, each once, in the order of their first episodes."""
        names = (self._results.get(entry.file, (entry.scenario, None))[0] for entry in self._entries)
        return tuple(dict.fromkeys(names))

    def __iter__(self) -> Iterator[RecordedEpisode]:
        """The episodes in the order of the manifest; only one is in memory at a time.

        Raises:
            ConfigError: If a shard is missing, cut off or altered, if it has invalid values, or if its rows
                are not `rows_per_second` apart.
        """
        for entry in self._entries:
            check_entry(DRIVES, self.folder, entry)
            yield self._read(entry)

    def _read(self, entry: ShardEntry) -> RecordedEpisode:
        path = self.folder / entry.file
        table = DRIVES.read_columns(path, [name for name in DRIVES.schema.names if name != "image"])
        scenario, status = self._results.get(entry.file, (entry.scenario, None))
        episode = RecordedEpisode(
            path=path,
            scenario=scenario,
            seed=entry.seed,
            weather=table.column("weather")[0].as_py(),
            light=table.column("light")[0].as_py(),
            status=status,
            columns=_drive_columns(table),
            actors=read_other_actors([table.column("other_actors")]),
        )
        steps = np.diff(episode.columns.time) - 1.0 / self.rows_per_second
        if np.any(np.abs(steps) > _TIME_TOLERANCE):
            raise ConfigError(f"{path}: its rows are not 1/{self.rows_per_second} s apart, as others are")
        return episode

    def _read_rate(self) -> int:
        """Rows per second of the first episode that has two rows."""
        for entry in self._entries:
            if entry.rows > 1:
                time = DRIVES.read_columns(self.folder / entry.file, ["time_s"]).column(0).to_numpy()
                rate = 1.0 / float(time[1] - time[0]) if time[1] > time[0] else 0.0
                if round(rate) < 1 or abs(rate - round(rate)) > 0.01 * rate:
                    raise ConfigError(
                        f"{self.folder}: has {rate:.2f} rows per second, and a whole number is needed; "
                        "record with --every 1, 2, 5 or 10"
                    )
                return round(rate)
        raise ConfigError(f"{self.folder}: no episode has two rows; record longer ones")


def _read_entries(folder: Path) -> tuple[ShardEntry, ...]:
    try:
        return read_manifest(DRIVES, folder).shards
    except ConfigError as error:
        problem = error
    with suppress(ConfigError):
        read_manifest(FRAMES, folder)
        problem = ConfigError(f"{folder}: holds labelled frames, and only recorded drives can be exported")
    raise problem


def _results(folder: Path) -> Mapping[str, tuple[str, Status]]:
    """Shard → scenario and status of its drive, from the rows next to the shards."""
    results = (row.result for row in read_rows(folder, unreadable=lambda _: None).values())
    return {
        shard_path(folder, result.scenario, result.seed).name: (result.scenario, result.status)
        for result in results
    }


def _drive_columns(table: pa.Table) -> DriveColumns:
    def column(name: str, dtype: type[Scalar]) -> NDArray[Scalar]:
        values: NDArray[np.generic] = table.column(name).to_numpy()
        return values.astype(dtype)

    def controls(who: str) -> FloatArray:
        names = (f"{who}_steering_rad", f"{who}_acceleration_mps2")
        return np.column_stack([column(name, np.float64) for name in names])

    return DriveColumns(
        time=column("time_s", np.float64),
        speed=column("speed_mps", np.float64),
        yaw_rate=column("yaw_rate_radps", np.float64),
        blind_spot=np.column_stack([column(f"blind_spot_{side}", np.bool_) for side in ("left", "right")]),
        speed_limit=column("speed_limit_mps", np.float64),
        command=column("command", np.int64),
        image_age=column("image_age_s", np.float64),
        expert=controls("expert"),
        applied=controls("applied"),
        perturbed=column("perturbed", np.bool_),
        station=column("station_m", np.float64),
        lane_offset=column("lane_offset_m", np.float64),
        heading_error=column("heading_error_rad", np.float64),
        curvature=column("curvature_1pm", np.float64),
        lead_gap=column("lead_gap_m", np.float64),
        lead_speed=column("lead_speed_mps", np.float64),
    )
