"""Reads and writes the study's tables as Parquet. Equal rows give equal files, whatever their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.study.records import DriveRow, TrainingRow
from drive_stack.support.atomic_files import atomic_file, check_regular
from drive_stack.support.extras import needs_extra

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1  # of the columns; readers reject other versions
MAX_ROWS = 1_000_000
_VERSION_KEY = b"drive_stack_study"

TableRow: TypeAlias = TrainingRow | DriveRow
R = TypeVar("R", TrainingRow, DriveRow)


def write_table(path: Path, rows: Sequence[R], kind: type[R]) -> None:
    """Write ``rows``, sorted by their fields; replaces the file atomically.

    Raises:
        ConfigError: pyarrow is not installed, the file cannot be written, or a value is not allowed, so that
            the file could not be read again.
    """
    with needs_extra("eval", "the study"):
        import pyarrow as pa  # noqa: PLC0415 - an optional dependency
        import pyarrow.parquet as pq  # noqa: PLC0415
    _validated(path, [dataclasses.asdict(row) for row in rows], kind)
    names = [field.name for field in dataclasses.fields(kind)]
    ordered = sorted(rows, key=lambda row: tuple(_sort_key(getattr(row, name)) for name in names))
    columns = {name: [getattr(row, name) for row in ordered] for name in names}
    metadata = {_VERSION_KEY: str(VERSION).encode()}
    table = pa.table(columns, schema=_schema(kind).with_metadata(metadata))
    with atomic_file(path) as part:
        pq.write_table(table, part, compression="zstd")


def read_table(path: Path, kind: type[R]) -> list[R]:
    """Read the rows of a table that `write_table` wrote.

    Raises:
        ConfigError: pyarrow is not installed; the file is missing, no such table, or of another version; or a
            value is not allowed. The message names the file, the row (counted from 1) and the column.
    """
    return _validated(path, _read_columns(path, kind).to_pylist(), kind)


def _validated(path: Path, rows: Sequence[Mapping[str, object]], kind: type[R]) -> list[R]:
    try:
        return TypeAdapter(list[kind]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        row, column = int(first["loc"][0]), shortened(".".join(map(str, first["loc"][1:])))
        found = shortened(repr(first["input"]))
        raise ConfigError(f"{path}: row {row + 1}: {column}: {first['msg']} (found {found})") from None


def _read_columns(path: Path, kind: type[TableRow]) -> pa.Table:
    with needs_extra("eval", "the study"):
        import pyarrow as pa  # noqa: PLC0415 - an optional dependency
        import pyarrow.parquet as pq  # noqa: PLC0415
    try:
        check_regular(path, path.lstat().st_mode)
        file = pq.ParquetFile(path)
        _check_header(path, kind, file)
        table = file.read()
        table.validate(full=True)  # Arrow accepts text that is not UTF-8
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except ConfigError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise read_error(path, ValueError(f"not a Parquet file ({_first_line(error)})")) from None
    return table


def _check_header(path: Path, kind: type[TableRow], file: pa.parquet.ParquetFile) -> None:
    """Check version, columns and number of rows before any data are read."""
    schema, expected = file.schema_arrow, _schema(kind)
    version = (schema.metadata or {}).get(_VERSION_KEY, b"none").decode(errors="replace")
    if version != str(VERSION):
        raise ConfigError(f"{path}: version {shortened(version)} of a study's table; expected {VERSION}")
    if sorted(schema.names) != sorted(expected.names):
        differing = sorted(set(schema.names) ^ set(expected.names))
        names = shortened(", ".join(differing), 400) or "some twice"
        raise ConfigError(f"{path}: not the columns of a {kind.__name__}: {names}")
    for field in expected:
        found = schema.field(field.name).type
        if found != field.type:
            raise ConfigError(
                f"{path}: column {field.name} is of type {shortened(str(found))}; expected {field.type}"
            )
    if file.metadata.num_rows > MAX_ROWS:
        raise ConfigError(f"{path}: {file.metadata.num_rows:,} rows; expected at most {MAX_ROWS:,}")


def _schema(kind: type[TableRow]) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415

    arrow = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    return pa.schema(
        [pa.field(name, arrow[value], nullable=optional) for name, value, optional in _columns(kind)]
    )


def _columns(kind: type[TableRow]) -> Iterator[tuple[str, type, bool]]:
    """Name, plain type and whether None is allowed, of each field."""
    for name, hint in get_type_hints(kind).items():  # without what `Annotated` adds
        members = get_args(hint) or (hint,)
        plain = next(member for member in members if member is not type(None))
        yield name, str if issubclass(plain, StrEnum) else plain, type(None) in members


def _sort_key(value: object) -> tuple[bool, object]:
    """None sorts before all values of a column."""
    return value is not None, value if value is not None else 0


def _first_line(error: Exception) -> str:
    return shortened((str(error).splitlines() or [type(error).__name__])[0])
