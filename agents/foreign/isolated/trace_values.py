"""Encoding of a trace's numbers, texts and arrays as JSON and bytes; values of other types are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import TypeAlias, cast

import numpy as np

from drive_stack.agent_errors import bounded_text
from drive_stack.evaluation.answers import MAX_NOTE, AnswerError
from drive_stack.types import FloatArray

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
Shape: TypeAlias = tuple[int | None, ...]

_MAX_INT = 2**63 - 1


class TraceError(AnswerError):
    """A trace contains a value that its type does not allow; the one-line message names its place."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"trace{place}: {problem}")
        self.problem, self.place = problem, place

    def within(self, place: str) -> TraceError:
        """The same error, with the place prefixed by the enclosing record or tuple."""
        return TraceError(self.problem, place + self.place)


class Arrays:
    """Numbers of all arrays in the order of the fields, and the number of points of the current record."""

    def __init__(self, numbers: FloatArray | None = None) -> None:
        """``numbers`` are the received ones, for reading; None for writing."""
        self.parts: list[FloatArray] = []
        self.points: int | None = None
        self._numbers = np.empty(0) if numbers is None else numbers
        # all numbers are checked at once, since a trace has dozens of small arrays
        self._finite = numbers is not None and bool(np.isfinite(numbers).all())

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, shape: list[int]) -> FloatArray:
        """Read the next array."""
        count = math.prod(shape)
        if count > len(self._numbers):
            raise TraceError("is a truncated array")
        array, self._numbers = self._numbers[:count], self._numbers[count:]
        return array.reshape(shape)

    def check_finite(self, array: FloatArray) -> None:
        """Raise `TraceError` for an array with a number that is not finite."""
        if not self._finite and not np.isfinite(array).all():
            raise TraceError("holds a number that is not finite")


class Plain:
    """A number, a text, or a member of an enum: stored unchanged in JSON."""

    def __init__(self, kind: type, *, may_be_infinite: bool = False) -> None:
        self._kind, self._may_be_infinite = kind, may_be_infinite

    def write(self, value: object, arrays: Arrays) -> Tree:  # noqa: ARG002 - required by the protocol
        """Encode for the JSON. Raises `TraceError`."""
        return cast(Tree, self._value(value))

    def read(self, tree: Tree, arrays: Arrays) -> object:  # noqa: ARG002
        """Decode from the JSON. Raises `TraceError`."""
        return self._value(tree)

    def _value(self, value: object) -> object:
        kind = self._kind
        if type(value) is kind and kind not in (int, str):  # the common case
            return self._number(value) if isinstance(value, float) else value
        if kind is float and isinstance(value, float | int | np.number) and not isinstance(value, bool):
            try:
                return self._number(float(cast(float, value)))
            except OverflowError:  # a very large integer
                raise TraceError("is too large a number") from None
        if kind is bool and isinstance(value, bool | np.bool_):
            return bool(value)
        if kind is int and isinstance(value, int | np.integer) and not isinstance(value, bool):
            if not -_MAX_INT <= int(value) <= _MAX_INT:
                raise TraceError(f"is not within ±{_MAX_INT:,}")
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


class Array:
    """An array of floats: its shape is in the JSON, its numbers follow after the JSON."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def write(self, value: object, arrays: Arrays) -> Tree:
        """Encode for the JSON. Raises `TraceError`."""
        try:
            array = np.ascontiguousarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TraceError("is no array of numbers") from None
        self._check(array, arrays)
        arrays.parts.append(array)
        return list(array.shape)

    def read(self, tree: Tree, arrays: Arrays) -> object:
        """Decode from the JSON. Raises `TraceError`."""
        if not isinstance(tree, list) or len(tree) != len(self._shape):
            raise TraceError("is no shape of an array")
        for size in tree:
            if type(size) is not int or not 0 <= size <= len(arrays):
                raise TraceError("is no shape of an array")
        array = arrays.take(cast(list[int], tree))
        self._check(array, arrays)
        return array

    def _check(self, array: FloatArray, arrays: Arrays) -> None:
        expected = self._shape
        if None in expected:
            if expected[0] is None and arrays.points is None and array.ndim:
                arrays.points = array.shape[0]
            expected = tuple(arrays.points if size is None else size for size in expected)
        if array.shape != expected or 0 in expected:
            shape = ", ".join("N" if size is None else str(size) for size in self._shape)
            raise TraceError(f"has the shape {array.shape}, expected ({shape})")
        arrays.check_finite(array)
