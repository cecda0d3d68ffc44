"""Encoding of a trace's numbers, texts and arrays as JSON and bytes; values of other types are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Protocol, TypeAlias, cast

import numpy as np

from drive_stack.agent_errors import bounded_text
from drive_stack.evaluation.answers import MAX_NOTE, AnswerError
from drive_stack.types import FloatArray

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
Shape: TypeAlias = tuple[int | None, *tuple[int, ...]]  # only the first size may be any

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

    def __init__(self, numbers: FloatArray | None = None, *, check_each: bool = False) -> None:
        """``numbers`` are the received ones, for reading; None for writing.

        ``check_each`` checks each array for numbers that are not finite, which names the place of the first
        one. Checking all numbers at once is faster, since a trace has dozens of small arrays.
        """
        self.parts: list[FloatArray] = []
        self.points: int | None = None
        self._numbers = np.empty(0) if numbers is None else numbers
        self._position = 0
        self._check_each = check_each

    def take(self, shape: tuple[int, ...]) -> FloatArray:
        """Read the next array."""
        start = self._position
        self._position = end = start + math.prod(shape)
        if end > len(self._numbers):
            raise TraceError("is a truncated array")
        array = self._numbers[start:end]
        self.check(array)
        return array if len(shape) == 1 else array.reshape(shape)

    def check(self, array: FloatArray) -> None:
        """With ``check_each``, raise `TraceError` for an array with a number that is not finite."""
        if self._check_each and not np.isfinite(array).all():
            raise TraceError("holds a number that is not finite")


class Form(Protocol):
    """Encoding of values of one type; both methods raise `TraceError`."""

    def write(self, value: object, arrays: Arrays) -> Tree:
        """Encode for the JSON; the numbers of arrays are appended to ``arrays``."""
        ...

    def read(self, tree: Tree, arrays: Arrays) -> object:
        """Decode from the JSON."""
        ...


class Number:
    """A finite number."""

    def write(self, value: object, arrays: Arrays) -> float:  # noqa: ARG002 - required by the protocol
        """Encode for the JSON. Raises `TraceError`."""
        if type(value) is float and math.isfinite(value):  # the common case
            return value
        if not isinstance(value, float | int | np.number) or isinstance(value, bool):
            raise TraceError(f"is of type {type(value).__name__}, expected float")
        try:
            return self._checked(float(value))
        except OverflowError:  # a very large integer
            raise TraceError("is too large a number") from None

    read = write

    def _checked(self, number: float) -> float:
        if not math.isfinite(number):
            raise TraceError(f"is {number}, expected a finite number")
        return number


class NumberOrInfinity(Number):
    """A finite number, or infinity."""

    def _checked(self, number: float) -> float:
        return number if number == math.inf else super()._checked(number)


class Plain:
    """A truth value, a whole number, a text, or a member of an enum: stored unchanged in JSON."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def write(self, value: object, arrays: Arrays) -> Tree:
        """Encode for the JSON. Raises `TraceError`."""
        return cast(Tree, self.read(cast(Tree, value), arrays))

    def read(self, tree: Tree, arrays: Arrays) -> object:  # noqa: ARG002
        """Decode from the JSON. Raises `TraceError`."""
        value: object = tree
        kind = self._kind
        if type(value) is kind and kind not in (int, str):  # the common case
            return value
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


class Array:
    """An array of floats: its number of rows is in the JSON, its numbers follow after the JSON."""

    def __init__(self, shape: Shape) -> None:
        self._shape, self._points, self._inner = shape, shape[0], shape[1:]

    def write(self, value: object, arrays: Arrays) -> Tree:
        """Encode for the JSON. Raises `TraceError`."""
        try:
            array = np.ascontiguousarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TraceError("is no array of numbers") from None
        count = len(array)
        self._check(array.shape, count, arrays)
        arrays.check(array)
        arrays.parts.append(array)
        return count

    def read(self, tree: Tree, arrays: Arrays) -> object:
        """Decode from the JSON. Raises `TraceError`."""
        if type(tree) is not int:
            raise TraceError("is no number of rows of an array")
        shape = (tree, *self._inner)
        self._check(shape, tree, arrays)
        return arrays.take(shape)

    def _check(self, shape: tuple[int, ...], count: int, arrays: Arrays) -> None:
        points = self._points
        if points is None:
            points = arrays.points = arrays.points or count
        if count != points or count < 1 or shape[1:] != self._inner:
            expected = ", ".join("N" if size is None else str(size) for size in self._shape)
            raise TraceError(f"has the shape {shape}, expected ({expected})")
