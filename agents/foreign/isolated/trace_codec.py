"""An agent's trace as bytes, by the types of its fields; what does not fit them is refused.

Arrays go as 64-bit floats behind the JSON of all else. ``control`` is sent by itself, and ``attention``, a
function, stays where it is.
"""

from __future__ import annotations

import json
import math
import struct
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Generic, Protocol, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from agents.foreign.isolated.messages import Buffer, MessageError, read_json
from drive_stack.agent_errors import bounded_text
from drive_stack.evaluation.answers import MAX_NOTE, AnswerError, checked_notes, checked_times
from drive_stack.types import (
    Control,
    FloatArray,
    Hypothesis,
    LanePath,
    LiftedObject,
    Plan,
    Prediction,
    Sightline,
    StepTrace,
    Track,
)

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
Shape: TypeAlias = tuple[int | None, ...]

_LENGTH = struct.Struct("<I")
_APART = ("control", "attention")  # fields of `StepTrace` that are not sent with the others
_MAY_BE_INFINITE = ("ends_in",)  # inf says that a lane goes on
# None: the number of points, which is the same in all fields of a record; each of a tuple has its own
_SHAPES: dict[type, dict[str, Shape]] = {
    Sightline: {"eye": (2,)},
    LiftedObject: {"position": (2,), "covariance": (2, 2)},
    Track: {"position": (2,), "velocity": (2,), "covariance": (4, 4)},
    LanePath: {"station": (None,), "xy": (None, 2), "heading": (None,), "curvature": (None,)},
    Hypothesis: {"positions": (None, 2), "headings": (None,)},
    Prediction: {"times": (None,)},
    Plan: {
        "times": (None,),
        "positions": (None, 2),
        "headings": (None,),
        "curvatures": (None,),
        "speeds": (None,),
        "accelerations": (None,),
        "rejected": (None, 2),
    },
}


class TraceError(AnswerError):
    """A trace holds what its type does not allow; names the place in one line."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"trace{place}: {problem}")
        self.problem, self.place = problem, place

    def within(self, place: str) -> TraceError:
        """The same error, seen from the record or tuple around it."""
        return TraceError(self.problem, place + self.place)


class _Arrays:
    """The arrays behind the JSON, in the order of the fields; and how many points the present record has."""

    def __init__(self, data: bytearray | memoryview) -> None:
        self.data, self.at = data, 0
        self.points: int | None = None


def encode_trace(trace: object) -> bytes:
    """Raises `TraceError` for what is no trace, and for anything in it that its types do not allow."""
    if not isinstance(trace, StepTrace):
        raise TraceError(f"it is of type {type(trace).__name__}, expected a StepTrace or None")
    plain = _checked(replace(trace, attention=None))
    arrays = bytearray()
    head = json.dumps(_TRACE.write(plain, _Arrays(arrays))).encode()
    return _LENGTH.pack(len(head)) + head + arrays


def decode_trace(body: Buffer, control: Control) -> StepTrace:
    """The trace of a reply. Raises `MessageError` or `TraceError`."""
    view = memoryview(body)
    if view.nbytes < _LENGTH.size:
        raise MessageError("a trace that is cut off")
    (length,) = _LENGTH.unpack_from(view)
    begin = _LENGTH.size + length
    tree = cast(Tree, read_json(view[_LENGTH.size : begin]))
    return _checked(replace(_TRACE.read(tree, _Arrays(view[begin:])), control=control))


def _checked(trace: StepTrace) -> StepTrace:
    return replace(trace, notes=checked_notes(trace.notes), stage_ms=checked_times(trace.stage_ms))


Value = TypeVar("Value")


class _Form(Protocol):
    """How values of one type are written and read; both raise `TraceError`."""

    def write(self, value: object, arrays: _Arrays) -> Tree: ...

    def read(self, tree: Tree, arrays: _Arrays) -> object: ...


class _Plain:
    """A number, a text, or a member of an enum: the same in JSON."""

    def __init__(self, kind: type, *, may_be_infinite: bool = False) -> None:
        self._kind, self._may_be_infinite = kind, may_be_infinite

    def write(self, value: object, arrays: _Arrays) -> Tree:  # noqa: ARG002 - the protocol's
        return cast(Tree, self._value(value))

    def read(self, tree: Tree, arrays: _Arrays) -> object:  # noqa: ARG002
        return self._value(tree)

    def _value(self, value: object) -> object:
        kind = self._kind
        if kind is float and isinstance(value, float | int | np.number) and not isinstance(value, bool):
            return self._number(float(cast(float, value)))
        if kind is bool and isinstance(value, bool | np.bool_):
            return bool(value)
        if kind is int and isinstance(value, int | np.integer) and not isinstance(value, bool):
            return int(value)
        if kind is str and isinstance(value, str):
            return bounded_text(str.__str__(value), MAX_NOTE)
        if issubclass(kind, IntEnum | StrEnum):
            member: Callable[[object], object] = kind
            try:
                return member(value)
            except (TypeError, ValueError):
                raise TraceError(f"is no {kind.__name__}") from None
        raise TraceError(f"is of type {type(value).__name__}, expected {kind.__name__}")

    def _number(self, number: float) -> float:
        if math.isfinite(number) or (number == math.inf and self._may_be_infinite):
            return number
        raise TraceError(f"is {number}, expected a finite number")


class _Array:
    """An array of floats: its shape in the JSON, its numbers behind it."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def write(self, value: object, arrays: _Arrays) -> Tree:
        try:
            array = np.ascontiguousarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TraceError("is no array of numbers") from None
        self._check(array, arrays)
        cast(bytearray, arrays.data).extend(array.tobytes())
        return list(array.shape)

    def read(self, tree: Tree, arrays: _Arrays) -> object:
        if not isinstance(tree, list) or len(tree) != len(self._shape):
            raise TraceError("is no shape of an array")
        if not all(type(size) is int and 0 <= size <= len(arrays.data) for size in tree):
            raise TraceError("is no shape of an array")
        shape = cast(list[int], tree)
        count = math.prod(shape)
        if 8 * count > len(arrays.data) - arrays.at:
            raise TraceError("is an array that is cut off")
        array = np.frombuffer(arrays.data, dtype=np.float64, count=count, offset=arrays.at).reshape(shape)
        arrays.at += 8 * count
        self._check(array, arrays)
        return array.copy()

    def _check(self, array: FloatArray, arrays: _Arrays) -> None:
        if self._shape[0] is None and arrays.points is None and array.ndim:
            arrays.points = array.shape[0]
        expected = tuple(arrays.points if size is None else size for size in self._shape)
        if array.shape != expected or 0 in expected:
            words = ", ".join("N" if size is None else str(size) for size in self._shape)
            raise TraceError(f"has the shape {array.shape}, expected ({words})")
        if not np.isfinite(array).all():
            raise TraceError("holds a number that is not finite")


class _Optional:
    """A value, or None."""

    def __init__(self, form: _Form) -> None:
        self._form = form

    def write(self, value: object, arrays: _Arrays) -> Tree:
        return None if value is None else self._form.write(value, arrays)

    def read(self, tree: Tree, arrays: _Arrays) -> object:
        return None if tree is None else self._form.read(tree, arrays)


class _Tuple:
    """``count`` values of one form, or any number; each array of them has its own number of points."""

    def __init__(self, form: _Form, count: int | None) -> None:
        self._form, self._count = form, count

    def write(self, value: object, arrays: _Arrays) -> Tree:
        return [self._each(self._form.write, item, arrays, index) for index, item in self._items(value)]

    def read(self, tree: Tree, arrays: _Arrays) -> object:
        return tuple(self._each(self._form.read, item, arrays, index) for index, item in self._items(tree))

    def _items(self, value: object) -> enumerate[Tree]:
        if not isinstance(value, tuple | list):
            raise TraceError(f"is of type {type(value).__name__}, expected a tuple")
        if self._count not in (None, len(value)):
            raise TraceError(f"has {len(value)} values, expected {self._count}")
        return enumerate(value)

    @staticmethod
    def _each(do: Callable[[Tree, _Arrays], Value], item: Tree, arrays: _Arrays, index: int) -> Value:
        around, arrays.points = arrays.points, None
        try:
            return do(item, arrays)
        except TraceError as error:
            raise error.within(f"[{index}]") from None
        finally:
            arrays.points = around


class _Mapping:
    """Text → value; which texts and values, `checked_times` says."""

    def write(self, value: object, arrays: _Arrays) -> Tree:  # noqa: ARG002 - the protocol's
        return dict(cast(Mapping[str, float], value))

    def read(self, tree: Tree, arrays: _Arrays) -> object:  # noqa: ARG002
        return tree


Record = TypeVar("Record")


class _Record(Generic[Record]):
    """A dataclass: its fields in their order."""

    def __init__(self, kind: type[Record]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        names = [one.name for one in fields(kind) if one.name not in _APART]  # type: ignore[arg-type]
        self._forms = {name: _form(hints[name], _SHAPES.get(kind, {}).get(name), name) for name in names}

    def write(self, value: object, arrays: _Arrays) -> Tree:
        if not isinstance(value, self._kind):
            raise TraceError(f"is of type {type(value).__name__}, expected {self._kind.__name__}")
        arrays.points = None
        written: list[Tree] = []
        for name, form in self._forms.items():
            try:
                written.append(form.write(getattr(value, name), arrays))
            except TraceError as error:
                raise error.within(f".{name}") from None
        return written

    def read(self, tree: Tree, arrays: _Arrays) -> Record:
        if not isinstance(tree, list) or len(tree) != len(self._forms):
            raise TraceError(f"is no {self._kind.__name__}")
        arrays.points = None
        found: dict[str, object] = {"control": _NO_CONTROL} if self._kind is StepTrace else {}
        for (name, form), item in zip(self._forms.items(), tree, strict=True):
            try:
                found[name] = form.read(item, arrays)
            except TraceError as error:
                raise error.within(f".{name}") from None
        return self._kind(**found)


@lru_cache
def _record(kind: type) -> _Form:
    return _Record(kind)


def _form(hint: object, shape: Shape | None, name: str) -> _Form:
    """Of a field, by its type, and of arrays by their shape."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (option for option in arguments if option is not types.NoneType)
        return _Optional(_form(inner, shape, name))
    if origin is tuple:
        return _Tuple(_form(arguments[0], shape, name), None if arguments[-1] is Ellipsis else len(arguments))
    if origin is np.ndarray:
        if shape is None:
            raise TypeError(f"no shape is known for the field {name}")
        return _Array(shape)
    if not isinstance(hint, type):
        return _Mapping()
    return _record(hint) if is_dataclass(hint) else _Plain(hint, may_be_infinite=name in _MAY_BE_INFINITE)


_NO_CONTROL = Control(0.0, 0.0)  # until the one that was sent takes its place
_TRACE = _Record(StepTrace)
