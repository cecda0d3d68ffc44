"""An episode's rows, gathered and written as a Parquet file in one stroke: a shard is whole or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from drive_stack.datasets.drives.schema import SCHEMA, VERSION
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.atomic_files import check_regular, whole_file

MAX_ROWS = 1_000_000  # of an episode; 28 hours of steps
MEND = "mend it with: run_sim.py collect --repair"
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
    """A shard to read from.

    Raises `ConfigError` where it is missing, no regular file, cut off, of another version, or has other
    columns than `SCHEMA`.
    """
    try:
        check_regular(path, path.lstat().st_mode)
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{path}: cut off or not a shard ({_first_line(error)}); {MEND}") from None
    found = (file.schema_arrow.metadata or {}).get(_VERSION_KEY, b"none").decode(errors="replace")
    if found != str(VERSION):
        raise ConfigError(f"{path}: schema version {found}, but this program reads {VERSION}; collect again")
    _check_columns(path, file.schema_arrow)
    if not 1 <= file.metadata.num_rows <= MAX_ROWS:
        raise ConfigError(f"{path}: {file.metadata.num_rows} rows; a shard has 1 to {MAX_ROWS}")
    return file


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Some columns of a shard. Raises `ConfigError` as `open_shard`, and where their data are spoilt."""
    file = open_shard(path)
    try:
        table = file.read(list(names))
        table.validate(full=True)  # such as text that is no UTF-8, which Arrow hands on as it is
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ConfigError(f"{path}: its data cannot be read ({_first_line(error)}); {MEND}") from None
    return table


def _check_columns(path: Path, found: pa.Schema) -> None:
    differing = sorted(set(found.names) ^ set(SCHEMA.names))
    if differing or len(found.names) != len(SCHEMA.names):
        names = shortened(", ".join(differing), 400) or "some twice"
        raise ConfigError(f"{path}: not the columns of a recording: {names}")
    for field in SCHEMA:
        kind = found.field(field.name).type
        if kind != field.type:
            raise ConfigError(
                f"{path}: column {field.name} is of type {shortened(str(kind))}, and must be {field.type}"
            )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
