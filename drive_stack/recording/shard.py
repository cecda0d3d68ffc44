"""One episode's rows, gathered and written as a Parquet file in one stroke: a shard is whole or absent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from drive_stack.config import ConfigError
from drive_stack.recording.schema import SCHEMA, VERSION
from drive_stack.whole_files import whole_file

_VERSION_KEY = b"drive_stack_recording"


class ShardWriter:
    """Gathers rows of `SCHEMA`."""

    def __init__(self) -> None:
        self._columns: dict[str, list[object]] = {name: [] for name in SCHEMA.names}

    @property
    def rows(self) -> int:
        """How many so far."""
        return len(self._columns["step"])

    def add(self, row: Mapping[str, object]) -> None:
        """Keep one row; it has every column of the schema and no other."""
        if row.keys() != self._columns.keys():
            raise KeyError(f"columns differ: {sorted(row.keys() ^ self._columns.keys())}")
        for name, value in row.items():
            self._columns[name].append(value)

    def write(self, path: Path) -> None:
        """Write the shard through to the disk. Raises `ConfigError` where that fails, and leaves nothing."""
        table = pa.table(self._columns, schema=SCHEMA.with_metadata({_VERSION_KEY: str(VERSION)}))
        # pictures are compressed already, and no two are alike
        compact = {"compression": "zstd", "use_dictionary": ["scenario", "weather", "light", "driver"]}
        with whole_file(path) as part:
            pq.write_table(table, part, **compact)


def open_shard(path: Path) -> pq.ParquetFile:
    """A shard to read from. Raises `ConfigError` where it is missing, cut off or of another version."""
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{path}: cut off or not a shard ({reason}); delete it and collect again") from None
    found = (file.schema_arrow.metadata or {}).get(_VERSION_KEY, b"none").decode()
    if found != str(VERSION):
        raise ConfigError(f"{path}: schema version {found}, but this program reads {VERSION}; collect again")
    return file
