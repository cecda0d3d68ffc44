"""The columns of a Parquet shard, derived from the fields of a frozen dataclass.

A row class alone defines what is written, read and checked. Each field is annotated with a `Column`, or is a
tuple of another row class, which is stored as a list of structs. A field may be ``None`` if its value can be
missing.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Column:
    """How the values of a field are stored, and which ones are allowed."""

    type: pa.DataType
    range: Range | None = None  # for numbers; NaN is in no range
    choices: frozenset[str] | None = None  # for texts


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """A `Column` with its name, as derived from a field of a row class."""

    name: str
    type: pa.DataType
    range: Range | None = None
    choices: frozenset[str] | None = None
    is_nullable: bool = False
    members: tuple[NamedColumn, ...] = ()  # of the structs in a list column


Text = Annotated[str, Column(pa.string())]
Flag = Annotated[bool, Column(pa.bool_())]
Bytes = Annotated[bytes, Column(pa.binary())]
SeedColumn = Annotated[int, Column(pa.int32())]
Time = Annotated[float, Column(pa.float64(), (0.0, 1e6))]  # [s]


def float32(low: float, high: float) -> Column:
    """A column of single-precision numbers from ``low`` to ``high``."""
    return Column(pa.float32(), (low, high))


@cache
def columns_of(row: type) -> tuple[NamedColumn, ...]:
    """The columns of a row class, in the order of its fields."""
    hints = get_type_hints(row, include_extras=True)
    return tuple(_named_column(field.name, hints[field.name]) for field in fields(row))


def schema_of(row: type) -> pa.Schema:
    """The Parquet schema of a row class."""
    return pa.schema([(column.name, column.type) for column in columns_of(row)])


def _named_column(name: str, hint: object) -> NamedColumn:
    is_nullable = get_origin(hint) in (types.UnionType, Union)
    if is_nullable:
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        members = columns_of(get_args(hint)[0])
        struct = pa.struct([(member.name, member.type) for member in members])
        return NamedColumn(name, pa.list_(struct), is_nullable=is_nullable, members=members)
    column = next(part for part in get_args(hint) if isinstance(part, Column))
    return NamedColumn(name, column.type, column.range, column.choices, is_nullable)
