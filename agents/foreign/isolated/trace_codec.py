"""Encoding of an agent's trace as bytes by the types of its fields; other values are refused.

Arrays are 64-bit floats after the JSON of all other values. ``control`` is sent separately, and
``attention``, a function, is not sent.
"""

from __future__ import annotations

import json
import struct
import types
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from drive_stack.evaluation.answers import checked_notes, checked_times
from drive_stack.support.type_hints import is_array
from drive_stack.types import (
    Control,
    GroundEstimate,
    Hypothesis,
    LanePath,
    LiftedObject,
    LineOfSight,
    Plan,
    Prediction,
    StepTrace,
    Track,
)

from .messages import Buffer, MessageError, read_json
from .trace_values import Array, Arrays, Form, Number, NumberOrInfinity, Plain, Shape, TraceError, Tree

_LENGTH = struct.Struct("<I")
_SENT_SEPARATELY = ("control", "attention")  # fields of `StepTrace` that are not sent with the others
_ENCODER = json.JSONEncoder(check_circular=False)
_MAY_BE_INFINITE = ("ends_in",)  # inf: the lane does not end
# None: the number of points, equal in all fields of a record; each item of a tuple has its own number
_SHAPES: dict[type, dict[str, Shape]] = {
    LineOfSight: {"camera_position": (2,)},
    LiftedObject: {"position": (2,), "covariance": (2, 2)},
    Track: {"position": (2,), "velocity": (2,), "covariance": (4, 4)},
    LanePath: {"station": (None,), "xy": (None, 2), "heading": (None,), "curvature": (None,)},
    GroundEstimate: {
        "distance": (None,),
        "height": (None,),
        "apparent_distance": (None,),
        "log_sigma": (None,),
    },
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


def encode_trace(trace: object) -> bytes:
    """Encode a trace. Raises `TraceError` for other objects, and for values that its types do not allow."""
    if not isinstance(trace, StepTrace):
        raise TraceError(f"it is of type {type(trace).__name__}, expected a StepTrace or None")
    arrays = Arrays()
    head = _ENCODER.encode(_TRACE.write(trace, arrays)).encode()
    numbers = np.concatenate([part.ravel() for part in arrays.parts]) if arrays.parts else np.empty(0)
    if not np.isfinite(numbers).all():
        _TRACE.write(trace, Arrays(check_each=True))  # raises the error for the first such array
    return b"".join([_LENGTH.pack(len(head)), head, numbers.data])


def decode_trace(body: Buffer, control: Control) -> StepTrace:
    """Decode the trace of a reply. Raises `MessageError` or `AnswerError`."""
    view = memoryview(body)
    if view.nbytes < _LENGTH.size:
        raise MessageError("a truncated trace")
    (length,) = _LENGTH.unpack_from(view)
    start = _LENGTH.size + length
    tree = cast(Tree, read_json(view[_LENGTH.size : start]))
    if max(view.nbytes - start, 0) % 8:
        raise MessageError("a truncated trace")
    numbers = np.frombuffer(view[start:], dtype=np.float64).copy()  # the arrays of the trace are views of it
    arrays = Arrays(numbers, check_each=not np.isfinite(numbers).all())
    return StepTrace(control=control, **_TRACE.read_fields(tree, arrays))


Value = TypeVar("Value")


class _Optional:
    """A value, or None."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def write(self, value: object, arrays: Arrays) -> Tree:
        return None if value is None else self._form.write(value, arrays)

    def read(self, tree: Tree, arrays: Arrays) -> object:
        return None if tree is None else self._form.read(tree, arrays)


class _Tuple:
    """``count`` values of one form (None: any number); each item's arrays have their own number of points."""

    def __init__(self, form: Form, count: int | None) -> None:
        self._form, self._count = form, count

    def write(self, value: object, arrays: Arrays) -> Tree:
        return self._converted(self._form.write, value, arrays)

    def read(self, tree: Tree, arrays: Arrays) -> object:
        return tuple(self._converted(self._form.read, tree, arrays))

    def _converted(
        self, convert: Callable[[Tree, Arrays], Value], value: object, arrays: Arrays
    ) -> list[Value]:
        if not isinstance(value, tuple | list):
            raise TraceError(f"is of type {type(value).__name__}, expected a tuple")
        if self._count not in (None, len(value)):
            raise TraceError(f"has {len(value)} values, expected {self._count}")
        outer, converted = arrays.points, list[Value]()
        try:
            for item in value:
                arrays.points = None
                converted.append(convert(item, arrays))
        except TraceError as error:
            raise error.within(f"[{len(converted)}]") from None
        arrays.points = outer
        return converted


class _Times:
    """``StepTrace.stage_ms``."""

    def write(self, value: object, arrays: Arrays) -> Tree:  # noqa: ARG002 - required by the protocol
        return cast(Tree, checked_times(value))

    def read(self, tree: Tree, arrays: Arrays) -> object:  # noqa: ARG002
        return checked_times(tree)


class _Notes:
    """``StepTrace.notes``."""

    def write(self, value: object, arrays: Arrays) -> Tree:  # noqa: ARG002
        return list(checked_notes(value))

    def read(self, tree: Tree, arrays: Arrays) -> object:  # noqa: ARG002
        return checked_notes(tree)


Record = TypeVar("Record")


class _Record(Generic[Record]):
    """A dataclass: its fields in their order."""

    def __init__(self, kind: type[Record]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        self._names = [entry.name for entry in fields(kind) if entry.name not in _SENT_SEPARATELY]  # type: ignore[arg-type]
        forms = [
            _CHECKED.get((kind, name)) or _form(hints[name], _SHAPES.get(kind, {}).get(name), name)
            for name in self._names
        ]
        self._writers, self._readers = [form.write for form in forms], [form.read for form in forms]
        self._get_fields = attrgetter(*self._names)

    def write(self, value: object, arrays: Arrays) -> Tree:
        if not isinstance(value, self._kind):
            raise TraceError(f"is of type {type(value).__name__}, expected {self._kind.__name__}")
        return self._converted(self._writers, self._get_fields(value), arrays)

    def read(self, tree: Tree, arrays: Arrays) -> Record:
        return self._kind(**self.read_fields(tree, arrays))

    def read_fields(self, tree: Tree, arrays: Arrays) -> dict[str, Any]:
        """The values of the fields by their names."""
        if not isinstance(tree, list) or len(tree) != len(self._names):
            raise TraceError(f"is no {self._kind.__name__}")
        return dict(zip(self._names, self._converted(self._readers, tree, arrays), strict=True))

    def _converted(
        self, converters: Sequence[Callable[[Tree, Arrays], Value]], items: Sequence[Tree], arrays: Arrays
    ) -> list[Value]:
        arrays.points = None
        converted = list[Value]()
        try:
            for convert, item in zip(converters, items, strict=True):
                converted.append(convert(item, arrays))
        except TraceError as error:
            raise error.within(f".{self._names[len(converted)]}") from None
        return converted


@lru_cache
def _record(kind: type) -> Form:
    return _Record(kind)


def _form(hint: object, shape: Shape | None, name: str) -> Form:
    """The encoding of a field, chosen by its type and, for an array, its shape."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (option for option in arguments if option is not types.NoneType)
        return _Optional(_form(inner, shape, name))
    if origin is tuple:
        return _Tuple(_form(arguments[0], shape, name), None if arguments[-1] is Ellipsis else len(arguments))
    if is_array(hint):
        if shape is None:
            raise TypeError(f"no shape is known for the field {name}")
        return Array(shape)
    if not isinstance(hint, type):
        raise TypeError(f"no encoding is known for the field {name}")
    if is_dataclass(hint):
        return _record(hint)
    if hint is float:
        return NumberOrInfinity() if name in _MAY_BE_INFINITE else Number()
    return Plain(hint)


_CHECKED: dict[tuple[type, str], Form] = {(StepTrace, "stage_ms"): _Times(), (StepTrace, "notes"): _Notes()}
_TRACE = _Record(StepTrace)
