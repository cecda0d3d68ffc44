"""Shards: one episode's rows as a Parquet file. A shard is written atomically: it is complete or absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from drive_stack.datasets.columns import schema_of
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.atomic_files import atomic_file, check_regular

MAX_ROWS = 1_000_000  # of an episode; enough for 28 hours of steps
SUFFIX = ".parquet"


class ShardRow(Protocol):
    """A row of any kind of shard: a frozen dataclass with a `Column` for each field, see `columns`."""

    @property
    def scenario(self) -> str:
        """Name of the episode's scenario."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the episode."""
        ...

    @property
    def image(self) -> bytes:
        """The camera image as a JPEG stream."""
        ...


Row = TypeVar("Row", bound=ShardRow)


@dataclass(frozen=True, slots=True)
class ShardFormat(Generic[Row]):
    """A kind of shard. All rows of a shard are of one episode; column ``order`` increases strictly."""

    name: str  # as written into the file and into messages
    version: int  # of the columns; readers reject other versions
    row: type[Row]
    order: str  # name of the increasing column
    remedy: str  # what a user can do about a corrupt shard
    how_to_record: str  # the command that records such shards

    @property
    def schema(self) -> pa.Schema:
        """The columns of the file."""
        return schema_of(self.row)

    @property
    def _version_key(self) -> bytes:
        return f"drive_stack_{self.name}".encode()

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a shard and flush it to the disk. Raises `ConfigError` without leaving a partial file."""
        columns = {field.name: [] for field in fields(self.row)}  # type: ignore[arg-type, var-annotated]
        for row in rows:
            for name, value in asdict(row).items():  # type: ignore[call-overload]
                columns[name].append(value)
        table = pa.table(columns, schema=self.schema.with_metadata({self._version_key: str(self.version)}))
        repeated = [field.name for field in self.schema if field.type == pa.string()]
        with atomic_file(path) as part:
            # a dictionary would not help for images: they are compressed already, and all differ
            pq.write_table(table, part, compression="zstd", use_dictionary=repeated)

    def open(self, path: Path) -> pq.ParquetFile:
        """Open a shard for reading.

        Raises:
            ConfigError: If it is missing, no regular file, truncated, of another version, or its columns
                differ from `schema`.
        """
        try:
            check_regular(path, path.lstat().st_mode)
            file = pq.ParquetFile(path)
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ConfigError(
                f"{path}: cut off or not a shard ({_first_line(error)}); {self.remedy}"
            ) from None
        metadata = file.schema_arrow.metadata or {}
        version = metadata.get(self._version_key, b"none").decode(errors="replace")
        if version != str(self.version):
            raise ConfigError(
                f"{path}: schema version {version}, but this program reads {self.version}; collect again"
            )
        self._check_columns(path, file.schema_arrow)
        if not 1 <= file.metadata.num_rows <= MAX_ROWS:
            raise ConfigError(f"{path}: {file.metadata.num_rows} rows; a shard has 1 to {MAX_ROWS}")
        return file

    def read_columns(self, path: Path, names: Sequence[str]) -> pa.Table:
        """Read some columns of a shard. Raises `ConfigError` as `open` does, and for corrupt data."""
        file = self.open(path)
        try:
            table = file.read(list(names))
            table.validate(full=True)  # Arrow accepts text that is not UTF-8
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ConfigError(
                f"{path}: its data cannot be read ({_first_line(error)}); {self.remedy}"
            ) from None
        return table

    def _check_columns(self, path: Path, schema: pa.Schema) -> None:
        differing = sorted(set(schema.names) ^ set(self.schema.names))
        if differing or len(schema.names) != len(self.schema.names):
            names = shortened(", ".join(differing), 400) or "some twice"
            raise ConfigError(f"{path}: not the columns of a {self.name}: {names}")
        for field in self.schema:
            kind = schema.field(field.name).type
            if kind != field.type:
                raise ConfigError(
                    f"{path}: column {field.name} is of type {shortened(str(kind))}, and must be {field.type}"
                )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
