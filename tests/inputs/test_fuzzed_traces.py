"""Anything that an agent's process sends as its trace is a valid trace or refused."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from echo_agent import full_trace
from fuzz_strategies import FEW_EXAMPLES, MANY_EXAMPLES, as_json, changed_bytes, changed_values, fuzzing
from hypothesis import given
from hypothesis import strategies as st

from agents.foreign.isolated.messages import MessageError, read_json
from agents.foreign.isolated.trace_codec import decode_trace, encode_trace
from agents.foreign.isolated.trace_values import TraceError
from drive_stack.evaluation.answers import AnswerError, checked_control, checked_times
from drive_stack.types import Control

CONTROL = Control(0.0, 0.0)
SENT = encode_trace(full_trace(CONTROL, ("a note",)))
(LENGTH,) = struct.unpack_from("<I", SENT)
HEAD, NUMBERS = SENT[4 : 4 + LENGTH], SENT[4 + LENGTH :]


def numbers_in(value: object) -> Iterator[float]:
    """Every number of a trace except the ends of lanes, which may be infinite."""
    if isinstance(value, np.ndarray):
        assert value.dtype == np.float64
        yield from value.ravel().tolist()
    elif is_dataclass(value):
        for field in fields(value):
            if field.name != "ends_in":
                yield from numbers_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, float):
        yield value


def read_or_refuse(body: bytes) -> None:
    try:
        trace = decode_trace(body, CONTROL)
    except (MessageError, AnswerError) as error:
        assert str(error)
        return
    assert all(map(math.isfinite, numbers_in(trace)))
    assert decode_trace(encode_trace(trace), CONTROL).notes == trace.notes


def fuzz_traces(examples: int) -> None:
    trees = changed_values(read_json(HEAD)).map(as_json)
    heads = st.one_of(trees, changed_bytes(HEAD))
    arrays = st.one_of(st.just(NUMBERS), changed_bytes(NUMBERS))
    framed = st.builds(lambda head, numbers: struct.pack("<I", len(head)) + head + numbers, heads, arrays)

    @fuzzing(examples)
    @given(st.one_of(framed, framed, changed_bytes(SENT)))
    def check(body: bytes) -> None:
        read_or_refuse(body)

    check()


def test_fuzzed_traces_are_read_or_refused() -> None:
    fuzz_traces(FEW_EXAMPLES)


@pytest.mark.slow
def test_many_fuzzed_traces() -> None:
    fuzz_traces(MANY_EXAMPLES)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_no_array_holds_a_number_that_is_not_finite(wrong: float) -> None:
    for offset in range(0, len(NUMBERS), 8):
        numbers = NUMBERS[:offset] + struct.pack("<d", wrong) + NUMBERS[offset + 8 :]
        with pytest.raises(TraceError, match="holds a number that is not finite"):
            decode_trace(SENT[: 4 + LENGTH] + numbers, CONTROL)


@pytest.mark.parametrize(("field", "valid"), [("confidence", b"0.25"), ("id", b"[[4, 0")])
def test_no_number_is_too_large(field: str, valid: bytes) -> None:
    """A whole number of JSON can have thousands of digits."""
    assert HEAD.count(valid) >= 1
    head = HEAD.replace(
        valid, valid.replace(b"0.25" if field == "confidence" else b"4", b"1" + b"0" * 400), 1
    )
    with pytest.raises(TraceError, match=rf"\.{field}: is (too large|not within)"):
        decode_trace(struct.pack("<I", len(head)) + head + NUMBERS, CONTROL)
    with pytest.raises(AnswerError, match="is too large a number"):
        checked_control(Control(10**400, 0.0))
    with pytest.raises(AnswerError, match="is too large a number"):
        checked_times({"think": -(10**400)})


@pytest.mark.parametrize("cut", [1, 7, 8, len(NUMBERS)])
def test_a_trace_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises((MessageError, TraceError)):
        decode_trace(SENT[:-cut], CONTROL)


@pytest.mark.parametrize(
    ("speeds", "problem"),
    [
        (np.array([0.0] * 6 + [math.nan]), "holds a number that is not finite"),
        (np.zeros(6), r"has the shape \(6,\), expected \(N\)"),
        (np.zeros((7, 1)), r"has the shape \(7, 1\), expected \(N\)"),
        (np.zeros(0), r"has the shape \(0,\), expected \(N\)"),
        ("fast", "is no array of numbers"),
    ],
)
def test_an_invalid_array_is_named_before_it_is_sent(speeds: object, problem: str) -> None:
    """The plan of a full trace has seven points; its speeds are not the first array."""
    trace = full_trace(CONTROL, ())
    plan = replace(trace.plan, speeds=speeds)
    with pytest.raises(TraceError, match=rf"^trace\.plan\.speeds: {problem}$"):
        encode_trace(replace(trace, plan=plan))


@pytest.mark.parametrize("rows", [b"true", b"7.0", b"-7", b"null", b"[7]", b"8", b"1" + b"0" * 30])
def test_an_invalid_number_of_rows_is_refused(rows: bytes) -> None:
    """The reply states the number of rows of each array; the plan's times have seven."""
    place = HEAD.rindex(b"[7, 7, 7, 7, 7, 7,") + 1
    head = HEAD[:place] + rows + HEAD[place + 1 :]
    with pytest.raises(TraceError, match=r"trace\.plan\."):
        decode_trace(struct.pack("<I", len(head)) + head + NUMBERS, CONTROL)
