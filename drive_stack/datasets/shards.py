"""Shards: one episode's rows as a Parquet file. A shard is written atomically: it is complete or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
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
    version: int  # of the columns that are written
    row: type[Row]
    order: str  # name of the increasing column
    remedy: str  # what a user can do about a corrupt shard
    how_to_record: str  # the command that records such shards
    # older versions that are still read, and the columns that each lacks, which are null then
    older: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the file."""
        return schema_of(self.row)

    @property
    def _version_key(self) -> bytes:
        return f"drive_stack_{self.name}".encode()

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a shard and flush it to the disk. Raises `ConfigError` without leaving a partial file."""
        columns = {member.name: [] for member in fields(self.row)}  # type: ignore[arg-type, var-annotated]
        for row in rows:
            for name, value in asdict(row).items():  # type: ignore[call-overload]
                columns[name].append(value)
        table = pa.table(columns, schema=self.schema.with_metadata({self._version_key: str(self.version)}))
        repeated = [column.name for column in self.schema if column.type == pa.string()]
        with atomic_file(path) as part:
            # a dictionary would not help for images: they are compressed already, and all differ
            pq.write_table(table, part, compression="zstd", use_dictionary=repeated)

    def open(self, path: Path) -> pq.ParquetFile:
        """Open a shard for reading.

        Raises:
            ConfigError: If it is missing, no regular file, truncated, of a version that is not read, or
                its columns differ from those of its version.
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
        self._check_columns(path, file.schema_arrow, self._lacking(path, file.schema_arrow))
        if not 1 <= file.metadata.num_rows <= MAX_ROWS:
            raise ConfigError(f"{path}: {file.metadata.num_rows} rows; a shard has 1 to {MAX_ROWS}")
        return file

    def read_columns(self, path: Path, names: Sequence[str]) -> pa.Table:
        """Read some columns of a shard. Raises `ConfigError` as `open` does, and for corrupt data."""
        file = self.open(path)
        lacking = self._lacking(path, file.schema_arrow)
        try:
            table = file.read([name for name in names if name not in lacking])
            table.validate(full=True)  # Arrow accepts text that is not UTF-8
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ConfigError(
                f"{path}: its data cannot be read ({_first_line(error)}); {self.remedy}"
            ) from None
        for place, name in enumerate(names):
            if name in lacking:
                nulls = pa.nulls(file.metadata.num_rows, self.schema.field(name).type)
                table = table.add_column(place, name, nulls)
        return table

    def reads_version(self, version: object) -> bool:
        """Whether shards of this version can be read."""
        return isinstance(version, int) and (version == self.version or version in self.older)

    def _lacking(self, path: Path, schema: pa.Schema) -> frozenset[str]:
        """The columns that a shard lacks because it is of an older version."""
        version = (schema.metadata or {}).get(self._version_key, b"none").decode(errors="replace")
        if version == str(self.version):
            return frozenset()
        for number, lacking in self.older.items():
            if version == str(number):
                return lacking
        raise ConfigError(
            f"{path}: schema version {version}, but this program reads {self.version}; collect again"
        )

    def _check_columns(self, path: Path, schema: pa.Schema, lacking: frozenset[str]) -> None:
        expected = [column for column in self.schema if column.name not in lacking]
        differing = sorted(set(schema.names) ^ {column.name for column in expected})
        if differing or len(schema.names) != len(expected):
            names = shortened(", ".join(differing), 400) or "some twice"
            raise ConfigError(f"{path}: not the columns of a {self.name}: {names}")
        for column in expected:
            kind = schema.field(column.name).type
            if kind != column.type:
                found = shortened(str(kind))
                raise ConfigError(
                    f"{path}: column {column.name} is of type {found}, and must be {column.type}"
                )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
