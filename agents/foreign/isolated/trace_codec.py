"""An agent's trace as bytes, by the types of its fields; what does not fit them is refused.

Arrays go as 64-bit floats behind the JSON of all else. ``control`` is sent by itself, and ``attention``, a
function, stays where it is.
"""

from __future__ import annotations

import json
import struct
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from agents.foreign.isolated.messages import Buffer, MessageError, read_json
from drive_stack.evaluation.answers import checked_notes, checked_times
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
# None: the number of points, which is the same in all fields of a record
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


class TraceError(ValueError):
    """A trace holds what its type does not allow; names the place in one line."""


def encode_trace(trace: object) -> bytes:
    """Raises `TraceError` for what is no trace, and for anything in it that its types do not allow."""
    if not isinstance(trace, StepTrace):
        raise TraceError(f"trace is of type {type(trace).__name__}, expected a StepTrace or None")
    try:
        plain = replace(
            trace, notes=checked_notes(trace.notes), stage_ms=checked_times(trace.stage_ms), attention=None
        )
    except (TypeError, ValueError) as error:
        raise TraceError(str(error)) from None
    arrays = bytearray()
    head = json.dumps(_Writer(arrays).record(StepTrace, plain, "trace")).encode()
    return _LENGTH.pack(len(head)) + head + arrays


def decode_trace(body: Buffer, control: Control) -> StepTrace:
    """The trace of a reply. Raises `MessageError` or `TraceError`."""
    view = memoryview(body)
    if view.nbytes < _LENGTH.size:
        raise MessageError("a trace that is cut off")
    (length,) = _LENGTH.unpack_from(view)
    begin = _LENGTH.size + length
    reader = _Reader(view[begin:], control)
    try:
        found = cast(StepTrace, reader.record(StepTrace, read_json(view[_LENGTH.size : begin]), "trace"))
        return replace(found, notes=checked_notes(found.notes), stage_ms=checked_times(found.stage_ms))
    except (TypeError, ValueError, RecursionError) as error:
        raise TraceError(str(error)) from None


@lru_cache
def _hints(kind: type) -> Mapping[str, object]:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind) if one.name not in _APART}


class _Walk:
    """Goes through a value and its type at once, in the order of the fields."""

    def value(self, kind: object, value: object, at: str) -> object:
        """One value of any kind that a trace has."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            inner = [option for option in arguments if option is not types.NoneType]
            return None if value is None else self.value(inner[0], value, at)
        if origin is tuple:
            if not isinstance(value, tuple | list):
                raise TraceError(f"{at} is of type {type(value).__name__}, expected a tuple")
            kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
            if len(kinds) != len(value):
                raise TraceError(f"{at} has {len(value)} values, expected {len(kinds)}")
            return [self.value(one, item, at) for one, item in zip(kinds, value, strict=True)]
        if origin is not None and issubclass(cast(type, origin), Mapping):
            if not isinstance(value, Mapping):
                raise TraceError(f"{at} is of type {type(value).__name__}, expected a mapping")
            return {str(key): self.value(arguments[1], item, at) for key, item in value.items()}
        if is_dataclass(kind) and isinstance(kind, type):
            return self.record(kind, value, at)
        return _plain(cast(type, kind), value, at)

    def record(self, kind: type, value: object, at: str) -> object:
        """A dataclass."""
        raise NotImplementedError

    def array(self, value: object, at: str) -> object:
        """An array of floats."""
        raise NotImplementedError

    def field(self, kind: object, value: object, at: str, sizes: _Sizes) -> object:
        """A field of a record; arrays are held to the shape that the field has."""
        if sizes.shape is None:
            return self.value(kind, value, at)
        if get_origin(kind) is not tuple:
            return sizes.checked(self.array(value, at), at)
        if not isinstance(value, tuple | list):
            raise TraceError(f"{at} is of type {type(value).__name__}, expected a tuple")
        return [sizes.apart().checked(self.array(item, at), at) for item in value]


class _Sizes:
    """The shape of a field's arrays, and the number of points that its record has."""

    def __init__(self, shape: Shape | None, points: list[int]) -> None:
        self.shape, self._points = shape, points

    def apart(self) -> _Sizes:
        """Of an array with a number of points of its own."""
        return _Sizes(self.shape, [])

    def checked(self, found: object, at: str) -> object:
        """``found``: an array, or the shape of one that was written."""
        shape = found.shape if isinstance(found, np.ndarray) else tuple(cast(list[int], found))
        assert self.shape is not None
        if shape and self.shape[0] is None:
            if not self._points:
                self._points.append(shape[0])
            expected: Shape = (self._points[0], *self.shape[1:])
        else:
            expected = self.shape
        if shape != expected or 0 in shape:
            words = ", ".join("N" if size is None else str(size) for size in self.shape)
            raise TraceError(f"{at} has the shape {shape}, expected ({words})")
        return found


class _Writer(_Walk):
    def __init__(self, arrays: bytearray) -> None:
        self._arrays = arrays

    def record(self, kind: type, value: object, at: str) -> object:
        if not isinstance(value, kind):
            raise TraceError(f"{at} is of type {type(value).__name__}, expected {kind.__name__}")
        points: list[int] = []
        found = {}
        for name, hint in _hints(kind).items():
            sizes = _Sizes(_SHAPES.get(kind, {}).get(name), points)
            found[name] = self.field(hint, getattr(value, name), f"{at}.{name}", sizes)
        return found

    def array(self, value: object, at: str) -> object:
        try:
            array = np.ascontiguousarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TraceError(f"{at} is no array of numbers") from None
        _finite(array, at)
        self._arrays += array.tobytes()
        return list(array.shape)


class _Reader(_Walk):
    def __init__(self, arrays: memoryview, control: Control) -> None:
        self._arrays, self._at, self._control = arrays, 0, control

    def record(self, kind: type, value: object, at: str) -> object:
        if not isinstance(value, dict):
            raise TraceError(f"{at} is of type {type(value).__name__}, expected an object")
        points: list[int] = []
        found: dict[str, object] = {}
        hints = _hints(kind)
        if value.keys() != hints.keys():
            raise TraceError(f"{at} has other fields than {kind.__name__}")
        for name, hint in hints.items():
            sizes = _Sizes(_SHAPES.get(kind, {}).get(name), points)
            read = self.field(hint, value[name], f"{at}.{name}", sizes)
            found[name] = tuple(read) if isinstance(read, list) else read
        apart = {"control": self._control} if kind is StepTrace else {}
        return kind(**found, **apart)

    def array(self, value: object, at: str) -> FloatArray:
        sound = isinstance(value, list) and all(type(size) is int and size >= 0 for size in value)
        if not sound or len(cast(list[int], value)) > 2:
            raise TraceError(f"{at} is no shape of an array")
        shape = tuple(cast(list[int], value))
        count = 1
        for size in shape:
            count *= size
        if 8 * count > len(self._arrays) - self._at:
            raise TraceError(f"{at} is an array that is cut off")
        array = np.frombuffer(self._arrays, dtype=np.float64, count=count, offset=self._at).reshape(shape)
        self._at += 8 * count
        _finite(array, at)
        return array.copy()


def _finite(array: FloatArray, at: str) -> None:
    if not np.isfinite(array).all():
        raise TraceError(f"{at} holds a number that is not finite")


def _plain(kind: type, value: object, at: str) -> object:
    """A number, a text or an enum."""
    if issubclass(kind, IntEnum | StrEnum):
        member: Callable[[object], object] = kind
        try:
            return member(value)
        except (TypeError, ValueError):
            raise TraceError(f"{at} is no {kind.__name__}") from None
    if kind is bool and isinstance(value, bool | np.bool_):
        return bool(value)
    if kind is int and isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    if kind is float and isinstance(value, int | float | np.number) and not isinstance(value, bool):
        number = float(cast(float, value))
        if not np.isfinite(number) and not (number == np.inf and at.rpartition(".")[2] in _MAY_BE_INFINITE):
            raise TraceError(f"{at} is {number}, expected a finite number")
        return number
    if kind is str and isinstance(value, str):
        return checked_notes((value,))[0]
    raise TraceError(f"{at} is of type {type(value).__name__}, expected {kind.__name__}")
