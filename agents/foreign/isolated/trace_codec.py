"""Encoding of an agent's trace as bytes by the types of its fields; other values are refused.

Arrays are 64-bit floats after the JSON of all other values. ``control`` is sent separately, and
``attention``, a function, is not sent.
"""

from __future__ import annotations

import json
import struct
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Generic, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from drive_stack.evaluation.answers import checked_notes, checked_times
from drive_stack.types import (
    Control,
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
from .trace_values import Array, Arrays, Plain, Shape, TraceError, Tree

_LENGTH = struct.Struct("<I")
_SENT_SEPARATELY = ("control", "attention")  # fields of `StepTrace` that are not sent with the others
_MAY_BE_INFINITE = ("ends_in",)  # inf: the lane does not end
# None: the number of points, equal in all fields of a record; each item of a tuple has its own number
_SHAPES: dict[type, dict[str, Shape]] = {
    LineOfSight: {"camera_position": (2,)},
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


def encode_trace(trace: object) -> bytes:
    """Encode a trace. Raises `TraceError` for other objects, and for values that its types do not allow."""
    if not isinstance(trace, StepTrace):
        raise TraceError(f"it is of type {type(trace).__name__}, expected a StepTrace or None")
    plain = _checked(replace(trace, attention=None))
    arrays = Arrays()
    head = json.dumps(_TRACE.write(plain, arrays)).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *(part.tobytes() for part in arrays.parts)])


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
    return _checked(replace(_TRACE.read(tree, Arrays(numbers)), control=control))


def _checked(trace: StepTrace) -> StepTrace:
    return replace(trace, notes=checked_notes(trace.notes), stage_ms=checked_times(trace.stage_ms))


Value = TypeVar("Value")


class _Form(Protocol):
    """Encoding of values of one type; both methods raise `TraceError`."""

    def write(self, value: object, arrays: Arrays) -> Tree: ...

    def read(self, tree: Tree, arrays: Arrays) -> object: ...


class _Optional:
    """A value, or None."""

    def __init__(self, form: _Form) -> None:
        self._form = form

    def write(self, value: object, arrays: Arrays) -> Tree:
        return None if value is None else self._form.write(value, arrays)

    def read(self, tree: Tree, arrays: Arrays) -> object:
        return None if tree is None else self._form.read(tree, arrays)


class _Tuple:
    """``count`` values of one form (None: any number); each item's arrays have their own number of points."""

    def __init__(self, form: _Form, count: int | None) -> None:
        self._form, self._count = form, count

    def write(self, value: object, arrays: Arrays) -> Tree:
        return [self._apply(self._form.write, item, arrays, index) for index, item in self._items(value)]

    def read(self, tree: Tree, arrays: Arrays) -> object:
        return tuple(self._apply(self._form.read, item, arrays, index) for index, item in self._items(tree))

    def _items(self, value: object) -> enumerate[Tree]:
        if not isinstance(value, tuple | list):
            raise TraceError(f"is of type {type(value).__name__}, expected a tuple")
        if self._count not in (None, len(value)):
            raise TraceError(f"has {len(value)} values, expected {self._count}")
        return enumerate(value)

    @staticmethod
    def _apply(convert: Callable[[Tree, Arrays], Value], item: Tree, arrays: Arrays, index: int) -> Value:
        outer, arrays.points = arrays.points, None
        try:
            return convert(item, arrays)
        except TraceError as error:
            raise error.within(f"[{index}]") from None
        finally:
            arrays.points = outer


class _Mapping:
    """Text → value; `checked_times` checks both."""

    def write(self, value: object, arrays: Arrays) -> Tree:  # noqa: ARG002 - required by the protocol
        return dict(cast(Mapping[str, float], value))

    def read(self, tree: Tree, arrays: Arrays) -> object:  # noqa: ARG002
        return tree


Record = TypeVar("Record")


class _Record(Generic[Record]):
    """A dataclass: its fields in their order."""

    def __init__(self, kind: type[Record]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        names = [entry.name for entry in fields(kind) if entry.name not in _SENT_SEPARATELY]  # type: ignore[arg-type]
        self._forms = {name: _form(hints[name], _SHAPES.get(kind, {}).get(name), name) for name in names}

    def write(self, value: object, arrays: Arrays) -> Tree:
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

    def read(self, tree: Tree, arrays: Arrays) -> Record:
        if not isinstance(tree, list) or len(tree) != len(self._forms):
            raise TraceError(f"is no {self._kind.__name__}")
        arrays.points = None
        values: dict[str, object] = {"control": _NO_CONTROL} if self._kind is StepTrace else {}
        for (name, form), item in zip(self._forms.items(), tree, strict=True):
            try:
                values[name] = form.read(item, arrays)
            except TraceError as error:
                raise error.within(f".{name}") from None
        return self._kind(**values)


@lru_cache
def _record(kind: type) -> _Form:
    return _Record(kind)


def _form(hint: object, shape: Shape | None, name: str) -> _Form:
    """The encoding of a field, chosen by its type and, for an array, its shape."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (option for option in arguments if option is not types.NoneType)
        return _Optional(_form(inner, shape, name))
    if origin is tuple:
        return _Tuple(_form(arguments[0], shape, name), None if arguments[-1] is Ellipsis else len(arguments))
    if origin is np.ndarray:
        if shape is None:
            raise TypeError(f"no shape is known for the field {name}")
        return Array(shape)
    if not isinstance(hint, type):
        return _Mapping()
    return _record(hint) if is_dataclass(hint) else Plain(hint, may_be_infinite=name in _MAY_BE_INFINITE)


_NO_CONTROL = Control(0.0, 0.0)  # replaced by the control that was sent
_TRACE = _Record(StepTrace)
