"""The files of a LeRobot dataset, format v3.0: data, episodes, tasks and ``info.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from drive_stack.datasets.export.lerobot_statistics import RunningStatistics

VERSION = "v3.0"
CHUNK_FILES = 1000  # maximum number of files in the folder of a chunk
DATA_FILE_MB = 100  # a data file beyond this size gets no further episode
VIDEO_FILE_MB = 200  # for tools that add videos
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
TASKS = "meta/tasks.parquet"
INFO, STATISTICS = "meta/info.json", "meta/stats.json"
_TASK_COLUMN = {  # as pandas describes an index
    "name": "task",
    "field_name": "task",
    "pandas_type": "unicode",
    "numpy_type": "object",
    "metadata": None,
}


@dataclass(frozen=True, slots=True)
class EpisodeEntry:
    """What the file of episodes says about one of them."""

    index: int
    task: str
    first: int  # index of its first frame in the whole dataset
    length: int  # number of frames
    data_file: int  # number of the data file that has its frames
    scenario: str
    seed: int
    status: str  # how the drive ended; "unknown" without a result


class DataFiles:
    """Writes the frames into files of at most about `DATA_FILE_MB`; an episode is in one file."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder, self._schema = folder, schema
        self._writer: pq.ParquetWriter | None = None
        self._path = folder
        self.number = -1  # of the current file
        self.rows = 0  # in all files

    def start_episode(self) -> None:
        """Start another file if the current one is large enough."""
        if self._writer is not None and self._path.stat().st_size < DATA_FILE_MB * 2**20:
            return
        self.close()
        self.number += 1
        chunk, file = divmod(self.number, CHUNK_FILES)
        self._path = self._folder / DATA.format(chunk_index=chunk, file_index=file)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # images are compressed already, and numbers take little space next to them
        self._writer = pq.ParquetWriter(self._path, self._schema, compression="snappy", use_dictionary=False)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add some frames of the current episode."""
        if self._writer is None:
            raise RuntimeError("start_episode comes first")
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def close(self) -> None:
        """Finish the current file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EpisodeFile:
    """Collects a row for each episode, and writes the file of episodes at the end."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []

    def add(self, entry: EpisodeEntry, statistics: Mapping[str, RunningStatistics]) -> None:
        """Add an episode with the statistics of its features."""
        chunk, file = divmod(entry.data_file, CHUNK_FILES)
        row: dict[str, object] = {
            "episode_index": entry.index,
            "tasks": [entry.task],
            "length": entry.length,
            "data/chunk_index": chunk,
            "data/file_index": file,
            "dataset_from_index": entry.first,
            "dataset_to_index": entry.first + entry.length,
            "scenario": entry.scenario,
            "seed": entry.seed,
            "status": entry.status,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }
        for key, values in statistics.items():
            for name, value in values.result().items():
                row[f"stats/{key}/{name}"] = value
        self._rows.append(row)

    def write(self, folder: Path) -> None:
        """Write all episodes."""
        path = folder / EPISODES
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self._rows), path)


def write_tasks(folder: Path, tasks: Sequence[str]) -> None:
    """Write the tasks in the order of their indices, as a pandas data frame whose index is the task."""
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": list(tasks)})
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": [_TASK_COLUMN]}
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), folder / TASKS)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4, ensure_ascii=False), encoding="utf-8")
