"""Documents as nobody should write them, and what has to be true of whatever reads them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from drive_stack.errors import ConfigError

Place: TypeAlias = tuple[str | int, ...]

FEW, MANY = 50, 2000
MAX_MESSAGE = 2000  # characters
MAX_CPU = 5.0  # of reading one file [s]

NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 0.0, -0.0, 1e-300, 1e308, 2**31, 2**32, 2**63 - 1, 2**63, -(2**63), 10**30]),
    st.integers(-1000, 1000),
    st.floats(),
)
VALUES = st.recursive(
    st.one_of(
        NUMBERS, st.booleans(), st.none(), st.text(max_size=20), st.sampled_from(["inf", "nan", "²", "\0"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["min", "max", "choices", "kind"]), inner),
    ),
    max_leaves=6,
)
RAW = st.one_of(
    VALUES.map(lambda value: yaml.safe_dump(value, default_flow_style=True, width=10**6).strip()),
    st.text(max_size=30),
    st.text(alphabet="[]{}:,&*!?|>-'\"#%@`<= \t\n0aé", max_size=30),
)
# what files of JSON can hold beyond `VALUES`: halves of surrogate pairs, line ends, and much of anything
HOSTILE = st.sampled_from(
    [
        *("\ud800", "\udfff\ud800", "a\nb", "\x1b[2J", "\u2028", "\x85", "\u202e", "x" * 5000, "\0", ""),
        *(
            10**400,
            -(10**4000),
            float("nan"),
            float("inf"),
            1e300,
            5e-324,
            True,
            [[]] * 1000,
            {"": {"": None}},
        ),
        *("../up.parquet", "/etc/passwd", "toy.parquet", "x" * 300 + ".parquet", "package.module:Class"),
    ]
)
JSON_VALUES = st.one_of(VALUES, HOSTILE)
KEYS = st.one_of(st.text(max_size=10), st.sampled_from(["a\nb", "\ud800", "x" * 5000, "total", ""]))
DEEP = st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900])
BYTES = st.one_of(
    DEEP,
    st.binary(max_size=20),
    st.sampled_from([b"", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"\r\n", b"NaN", b"-Infinity"]),
    st.sampled_from(
        [b"1e999", b"9" * 5000, b"0.1e-9999", b'"', b"\\", b"\\ud800", b"{}", b"null", b"\xef\xbb\xbf"]
    ),
)


def places_in(value: object, above: Place = ()) -> Iterator[Place]:
    """Of everything in a document, itself included."""
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield from places_in(held, (*above, key))


def keys_of(value: object) -> list[str]:
    """Dotted keys of everything in a document."""
    return [".".join(map(str, place)) for place in places_in(value) if place]


def replaced(value: object, place: Place, change: Callable[[object], object]) -> object:
    """A copy of ``value`` with what is at ``place`` changed; as it is where the place is gone."""
    if not place:
        return change(value)
    key, rest = place[0], place[1:]
    if isinstance(value, dict) and key in value:
        return {name: replaced(held, rest, change) if name == key else held for name, held in value.items()}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [replaced(held, rest, change) if n == key else held for n, held in enumerate(value)]
    return value


@st.composite
def changed_values(draw: st.DrawFn, document: object) -> object:
    """``document`` with a few values replaced, removed, repeated or added."""
    for _ in range(draw(st.integers(1, 3))):
        place, new = draw(st.sampled_from(list(places_in(document)))), draw(JSON_VALUES)
        key, action = draw(KEYS), draw(st.sampled_from(["replace", "replace", "remove", "add", "repeat"]))

        def change(held: object, action: str = action, key: str = key, new: object = new) -> object:
            if isinstance(held, dict) and action == "add":
                return held | {key: new}
            if isinstance(held, list) and held and action != "replace":
                return held * 2 if action == "repeat" else held[1:] if action == "remove" else [*held, new]
            if isinstance(held, dict) and held and action == "remove":
                gone = sorted(held)[len(key) % len(held)]
                return {name: value for name, value in held.items() if name != gone}
            return new

        document = replaced(document, place, change)
    return document


@st.composite
def changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` cut off, or with something in place of a part, or with a key of JSON twice."""
    begin = draw(st.integers(0, len(data)))
    if draw(st.booleans()):
        colon = data.find(b'": ', begin)
        quote = data.rfind(b'"', 0, max(colon, 0))
        if quote >= 0:
            twice = data[quote : colon + 3] + json.dumps(draw(JSON_VALUES)).encode() + b", "
            return data[:quote] + twice + data[quote:]
    rest = draw(st.sampled_from([begin, begin + 1, begin + draw(st.integers(0, 40)), len(data)]))
    return data[:begin] + draw(BYTES) + data[rest:]


def written(document: object, *, escaped: bool = True) -> bytes:
    """As JSON; not ``escaped``, halves of surrogate pairs are no UTF-8."""
    return json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


def json_files(document: object) -> st.SearchStrategy[bytes]:
    """Files that are nearly ``document``, or any JSON, or nearly that."""
    values = st.builds(
        written,
        st.one_of(changed_values(document), changed_values(document), JSON_VALUES),
        escaped=st.booleans(),
    )
    return st.one_of(values, changed_bytes(written(document)), values.flatmap(changed_bytes))


def check_line(text: str) -> None:
    """One printable line, and no long one."""
    assert text.strip() and text.isprintable(), text[:MAX_MESSAGE]
    assert len(text) <= MAX_MESSAGE


def read_or_refuse(read: Callable[[], object], names: Path | None = None) -> None:
    """Nothing but a `ConfigError` in one printable line, which ``names`` the file, in bounded time."""
    begin = time.process_time()
    try:
        read()
    except ConfigError as error:
        check_line(str(error))
        assert names is None or str(names) in str(error)
    assert time.process_time() - begin < MAX_CPU


def fuzzing(examples: int) -> settings:
    """As many examples, however long they take."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
