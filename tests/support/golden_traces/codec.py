"""Records as JSON and back, by the types of their fields.

A dataclass becomes an object, an array nested lists, an enum its value. Floats keep nine significant
digits, which keeps files small; replayed stages receive the rounded values. Floats that JSON lacks are
written as the strings ``"inf"``, ``"-inf"`` and ``"nan"``.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from drive_stack.support.type_hints import is_array

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
Record = TypeVar("Record")

DIGITS = 9


def encode(value: object) -> Tree:
    """Convert ``value`` to a JSON tree. Raises `TypeError` for a value that has no such form."""
    if isinstance(value, (StrEnum, IntEnum)):
        return cast(Tree, value.value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _rounded(value)
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"no golden form for {type(value).__name__}")


def decode(kind: type[Record], tree: Tree) -> Record:
    """Undo `encode`. Raises `TypeError` where ``tree`` does not match ``kind``."""
    return cast(Record, _decode(kind, tree))


def as_stored(kind: type[Record], value: Record) -> Record:
    """``value`` as it reads back from a file, with rounded floats."""
    return decode(kind, encode(value))


def _rounded(value: float) -> float | str:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else str(value)


def _decode(kind: object, tree: Tree) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(kind) if option is not types.NoneType]
        return None if tree is None else _decode(inner[0], tree)
    if is_array(kind):
        return np.array(_numbers(tree), dtype=np.float64)
    if origin is tuple and isinstance(tree, list):
        return tuple(_decode(part, item) for part, item in zip(_parts(kind, len(tree)), tree, strict=True))
    if isinstance(kind, type):
        if is_dataclass(kind) and isinstance(tree, dict):
            hints = get_type_hints(kind)
            return kind(**{name: _decode(hints[name], item) for name, item in tree.items()})
        if kind is float and isinstance(tree, (int, float, str)):
            return float(tree)
        if issubclass(kind, (IntEnum, StrEnum, bool, int, str)) and isinstance(tree, (int, str)):
            return kind(tree)
    raise TypeError(f"{tree!r} is no {kind}")


def _parts(kind: object, count: int) -> Iterable[object]:
    arguments = get_args(kind)
    return [arguments[0]] * count if arguments[-1] is Ellipsis else arguments


def _numbers(tree: Tree) -> object:
    return [_numbers(item) for item in tree] if isinstance(tree, list) else float(cast(float, tree))
