"""Strategies for malformed documents, and checks of the programs that read them."""

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

KeyPath: TypeAlias = tuple[str | int, ...]

FEW_EXAMPLES, MANY_EXAMPLES = 50, 2000
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
RAW_TEXTS = st.one_of(
    VALUES.map(lambda value: yaml.safe_dump(value, default_flow_style=True, width=10**6).strip()),
    st.text(max_size=30),
    st.text(alphabet="[]{}:,&*!?|>-'\"#%@`<= \t\n0aé", max_size=30),
)
# values of JSON files beyond `VALUES`: halves of surrogate pairs, line ends, and very large values
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


def key_paths(value: object, parent: KeyPath = ()) -> Iterator[KeyPath]:
    """Paths of all values in a document, including the document itself."""
    yield parent
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from key_paths(child, (*parent, key))


def keys_of(value: object) -> list[str]:
    """Dotted keys of all values in a document."""
    return [".".join(map(str, path)) for path in key_paths(value) if path]


def replaced(value: object, path: KeyPath, change: Callable[[object], object]) -> object:
    """A copy of ``value`` with the value at ``path`` changed, or unchanged if there is none."""
    if not path:
        return change(value)
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and key in value:
        return {
            name: replaced(child, rest, change) if name == key else child for name, child in value.items()
        }
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [replaced(child, rest, change) if n == key else child for n, child in enumerate(value)]
    return value


@st.composite
def changed_values(draw: st.DrawFn, document: object) -> object:
    """``document`` with a few values replaced, removed, repeated or added."""
    for _ in range(draw(st.integers(1, 3))):
        path, new = draw(st.sampled_from(list(key_paths(document)))), draw(JSON_VALUES)
        key, action = draw(KEYS), draw(st.sampled_from(["replace", "replace", "remove", "add", "repeat"]))

        def change(old: object, action: str = action, key: str = key, new: object = new) -> object:
            if isinstance(old, dict) and action == "add":
                return old | {key: new}
            if isinstance(old, list) and old and action != "replace":
                return old * 2 if action == "repeat" else old[1:] if action == "remove" else [*old, new]
            if isinstance(old, dict) and old and action == "remove":
                removed = sorted(old)[len(key) % len(old)]
                return {name: value for name, value in old.items() if name != removed}
            return new

        document = replaced(document, path, change)
    return document


@st.composite
def changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` cut off, with a part replaced, or with a repeated JSON key."""
    start = draw(st.integers(0, len(data)))
    if draw(st.booleans()):
        colon = data.find(b'": ', start)
        quote = data.rfind(b'"', 0, max(colon, 0))
        if quote >= 0:
            repeated = data[quote : colon + 3] + json.dumps(draw(JSON_VALUES)).encode() + b", "
            return data[:quote] + repeated + data[quote:]
    end = draw(st.sampled_from([start, start + 1, start + draw(st.integers(0, 40)), len(data)]))
    return data[:start] + draw(BYTES) + data[end:]


def as_json(document: object, *, escaped: bool = True) -> bytes:
    """``document`` as JSON; if not ``escaped``, halves of surrogate pairs give invalid UTF-8."""
    return json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


def json_files(document: object) -> st.SearchStrategy[bytes]:
    """Contents of files: ``document`` with changes, other JSON, or damaged JSON."""
    values = st.builds(
        as_json,
        st.one_of(changed_values(document), changed_values(document), JSON_VALUES),
        escaped=st.booleans(),
    )
    return st.one_of(values, changed_bytes(as_json(document)), values.flatmap(changed_bytes))


def check_line(text: str) -> None:
    """Check that ``text`` is one short printable line."""
    assert text.strip() and text.isprintable(), text[:MAX_MESSAGE]
    assert len(text) <= MAX_MESSAGE


def read_or_refuse(read: Callable[[], object], names: Path | None = None) -> None:
    """Check that ``read`` succeeds or raises a `ConfigError` of one printable line that contains ``names``.

    It must take less than `MAX_CPU` seconds.
    """
    start = time.process_time()
    try:
        read()
    except ConfigError as error:
        check_line(str(error))
        assert names is None or str(names) in str(error)
    assert time.process_time() - start < MAX_CPU


def fuzzing(examples: int) -> settings:
    """Settings for ``examples`` examples without a time limit."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
