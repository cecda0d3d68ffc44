"""Recorded drives as a LeRobot dataset, format v3.0, with the camera's JPEG images inside the data files.

The files are those that ``LeRobotDataset`` of Hugging Face's LeRobot 0.4 to 0.6 reads. The package itself is
not used, because none of its versions allows the versions of torch and av that this project needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TypedDict

import numpy as np
import pyarrow as pa

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.checks import image_error
from drive_stack.datasets.export.formats import Advance
from drive_stack.datasets.export.lerobot_files import (
    CHUNK_FILES,
    DATA,
    DATA_FILE_MB,
    INFO,
    STATISTICS,
    VERSION,
    VIDEO_FILE_MB,
    DataFiles,
    EpisodeEntry,
    EpisodeFile,
    write_json,
    write_tasks,
)
from drive_stack.datasets.export.lerobot_statistics import RunningStatistics
from drive_stack.datasets.export.source import RecordedDrives, RecordedEpisode
from drive_stack.scenario_name import file_stem
from drive_stack.support.jpeg import decode
from drive_stack.types import FloatArray

BATCH = 64  # frames that are in memory at a time
SAMPLED_IMAGES = 30  # images of an episode from which the statistics of pixels are computed
PIXEL_STRIDE = 4  # every n-th pixel along each side of such an image

IMAGE, STATE, ACTION, APPLIED = "observation.images.front", "observation.state", "action", "applied_control"
STATE_NAMES = (
    "speed_mps",
    "yaw_rate_radps",
    "blind_spot_left",
    "blind_spot_right",
    "speed_limit_mps",
    "command",
    "rain",
)
CONTROL_NAMES = ("steering_rad", "acceleration_mps2")
VECTORS = {STATE: STATE_NAMES, ACTION: CONTROL_NAMES, APPLIED: CONTROL_NAMES}
INDICES = ("frame_index", "episode_index", "index", "task_index")

_IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [(IMAGE, _IMAGE_TYPE)]
    + [(key, pa.list_(pa.float32(), len(names))) for key, names in VECTORS.items()]
    + [("timestamp", pa.float32())]
    + [(name, pa.int64()) for name in INDICES]
)


class Feature(TypedDict):
    """A feature in ``meta/info.json``."""

    dtype: str
    shape: list[int]
    names: list[str] | None


Statistics = Mapping[str, RunningStatistics]


def write(drives: RecordedDrives, folder: Path, advance: Advance) -> None:
    """Write the dataset; see `FormatModule.write`."""
    tasks: dict[str, int] = {}
    totals, episodes = _no_statistics(), EpisodeFile()
    with DataFiles(folder, SCHEMA) as data:
        for index, episode in enumerate(drives):
            task, first, statistics = task_text(episode), data.rows, _no_statistics()
            task_index = tasks.setdefault(task, len(tasks))
            data.start_episode()
            for batch in _batches(episode, drives.rows_per_second, (index, first, task_index), statistics):
                data.write(batch)
                advance(batch.num_rows)
            entry = EpisodeEntry(
                index=index,
                task=task,
                first=first,
                length=episode.rows,
                data_file=data.number,
                scenario=episode.scenario,
                seed=episode.seed,
                status=episode.status.value if episode.status is not None else "unknown",
            )
            episodes.add(entry, statistics)
            for key, values in statistics.items():
                totals[key].merge(values)
        frames = data.rows
    write_json(folder / INFO, _info(drives, frames, len(tasks)))
    write_json(folder / STATISTICS, {key: values.result() for key, values in totals.items()})
    write_tasks(folder, list(tasks))
    episodes.write(folder)


def task_text(episode: RecordedEpisode) -> str:
    """The task in words, for policies that read it; one for each scenario."""
    name = file_stem(episode.scenario).replace("_", " ")
    return f"Drive along the highway, follow the navigation commands and avoid collisions: {name}."


def state_of(episode: RecordedEpisode) -> FloatArray:
    """What the driver observed apart from the image, (N, 7) in the order of `STATE_NAMES`."""
    columns, rain = episode.columns, np.full(episode.rows, float(episode.wet))
    return np.column_stack(
        [columns.speed, columns.yaw_rate, columns.blind_spot, columns.speed_limit, columns.command, rain]
    )


def _batches(
    episode: RecordedEpisode, fps: int, indices: tuple[int, int, int], statistics: Statistics
) -> Iterator[pa.RecordBatch]:
    """The frames of an episode, some at a time, and add them to ``statistics``.

    ``indices`` are those of the episode, of its first frame in the dataset, and of its task.
    """
    episode_index, first, task_index = indices
    vectors = {STATE: state_of(episode), ACTION: episode.columns.expert, APPLIED: episode.columns.applied}
    for key, values in vectors.items():
        statistics[key].update(values, len(values))
    sampled = set(np.linspace(0, episode.rows - 1, SAMPLED_IMAGES).round().astype(int).tolist())
    jpegs = episode.jpegs()
    for start in range(0, episode.rows, BATCH):
        frames = np.arange(start, min(start + BATCH, episode.rows))
        images = list(islice(jpegs, len(frames)))
        for frame in sampled.intersection(frames.tolist()):
            statistics[IMAGE].update(_pixels(episode, frame, images[frame - start]), 1)
        columns = [pa.array([{"bytes": jpeg, "path": None} for jpeg in images], _IMAGE_TYPE)]
        columns += [pa.array(list(vectors[key][frames]), SCHEMA.field(key).type) for key in VECTORS]
        columns.append(pa.array(frames / fps, pa.float32()))
        numbers = (frames, frames * 0 + episode_index, frames + first, frames * 0 + task_index)
        columns += [pa.array(values, pa.int64()) for values in numbers]
        yield pa.record_batch(columns, schema=SCHEMA)


def _pixels(episode: RecordedEpisode, row: int, jpeg: bytes) -> FloatArray:
    """Some pixels of an image, (P, 3), 0 to 1."""
    try:
        image = decode(np.frombuffer(jpeg, np.uint8))
    except ValueError as error:
        raise image_error(episode.path, row, error) from None
    return image[::PIXEL_STRIDE, ::PIXEL_STRIDE].reshape(-1, 3).astype(np.float64) / 255.0


def _no_statistics() -> dict[str, RunningStatistics]:
    shapes = {key: (len(names),) for key, names in VECTORS.items()} | {IMAGE: (3, 1, 1)}
    return {key: RunningStatistics(shape) for key, shape in shapes.items()}


def _info(drives: RecordedDrives, frames: int, tasks: int) -> dict[str, object]:
    return {
        "codebase_version": VERSION,
        "robot_type": "drive_stack_car",
        "total_episodes": drives.episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": DATA_FILE_MB,
        "video_files_size_in_mb": VIDEO_FILE_MB,
        "fps": drives.rows_per_second,
        "splits": {"train": f"0:{drives.episodes}"},
        "data_path": DATA,
        "video_path": None,
        "features": _features(),
    }


def _features() -> dict[str, Feature]:
    camera = CameraModel()
    image = Feature(
        dtype="image", shape=[camera.height, camera.width, 3], names=["height", "width", "channels"]
    )
    vectors = {
        key: Feature(dtype="float32", shape=[len(names)], names=list(names)) for key, names in VECTORS.items()
    }
    time = Feature(dtype="float32", shape=[1], names=None)
    indices = {key: Feature(dtype="int64", shape=[1], names=None) for key in INDICES}
    return {IMAGE: image, **vectors, "timestamp": time, **indices}
