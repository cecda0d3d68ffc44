"""Checks of what an agent returns, which may be any program and may return anything.

Each function returns the answer in plain types of this package, or raises `AnswerError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from drive_stack.agent_errors import bounded_text
from drive_stack.types import Control, StepTrace

MAX_NAME = 100  # characters
MAX_STAGES = 100  # whose times a trace holds
MAX_NOTES = 100
MAX_NOTE = 1024  # [bytes]
_MAX_NUMBER = float(np.finfo(np.float32).max)  # the environment's action is of this type


class AnswerError(ValueError):
    """An answer is invalid. The message is one line; a traceback would not add anything."""


def checked_name(name: object, what: str = "the agent's name") -> str:
    """A name: printable text of at most `MAX_NAME` characters."""
    if not isinstance(name, str):
        raise AnswerError(f"{what} is {_kind(name)}, expected text")
    plain = str.__str__(name)  # a subclass of str cannot be sent to another process
    if not plain or len(plain) > MAX_NAME or not plain.isprintable():
        raise AnswerError(f"{what} is not 1 to {MAX_NAME} printable characters")
    return plain


def checked_control(answer: object) -> Control:
    """The value returned by `Agent.act` as a `Control` of two finite numbers."""
    if not isinstance(answer, Control):
        raise AnswerError(f"act returned {_kind(answer)}, expected a Control")
    return Control(
        _number("Control.steering", answer.steering), _number("Control.acceleration", answer.acceleration)
    )


def checked_trace(trace: object) -> StepTrace | None:
    """`Agent.trace` with finite times and notes of text; the outputs of the stages are not checked."""
    if trace is None:
        return None
    if not isinstance(trace, StepTrace):
        raise AnswerError(f"trace is {_kind(trace)}, expected a StepTrace or None")
    return replace(trace, stage_ms=checked_times(trace.stage_ms), notes=checked_notes(trace.notes))


def checked_times(times: object) -> dict[str, float]:
    """``StepTrace.stage_ms`` as a dictionary: stage → milliseconds."""
    if not isinstance(times, Mapping) or len(times) > MAX_STAGES:
        raise AnswerError(f"trace.stage_ms is not a mapping of at most {MAX_STAGES} stages")
    checked = {}
    for stage, milliseconds in times.items():
        name = checked_name(stage, "a stage in trace.stage_ms")
        checked[name] = _number(f"trace.stage_ms[{name!r}]", milliseconds)
    return checked


def checked_notes(notes: object) -> tuple[str, ...]:
    """``StepTrace.notes`` as a tuple; long notes are shortened."""
    if not isinstance(notes, tuple | list) or len(notes) > MAX_NOTES:
        raise AnswerError(f"trace.notes is not a tuple of at most {MAX_NOTES} texts")
    for note in notes:
        if not isinstance(note, str):
            raise AnswerError(f"trace.notes holds {_kind(note)}, expected text")
    return tuple(bounded_text(str.__str__(note), MAX_NOTE) for note in notes)


def _number(what: str, value: object) -> float:
    """A finite number from any numeric type, including scalars of numpy and torch."""
    if isinstance(value, str | bytes | bytearray) or not hasattr(value, "__float__"):
        raise AnswerError(f"{what} is {_kind(value)}, expected a number")
    shape = getattr(value, "shape", ())
    if shape != ():
        raise AnswerError(f"{what} is an array of shape {shape}, expected a number")
    try:
        number = float(value)
    except OverflowError:  # of a whole number
        raise AnswerError(f"{what} is too large a number") from None
    if not abs(number) <= _MAX_NUMBER:
        raise AnswerError(f"{what} is {number}, expected a finite number")
    return number


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
