"""Reading of untrusted YAML within limits.

The limits are checked before any value is constructed. They apply to a document's size, its depth, the number
of its values (an alias counts as all values that it refers to) and the length of a list. An accepted document
contains only plain values: mappings with distinct text keys, lists, text without control characters, finite
numbers, booleans and null.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_BYTES = 1_000_000  # of a file; the same number of characters in a text
MAX_DEPTH = 32  # nested mappings and lists
MAX_VALUES = 50_000  # of a document, with all aliases expanded
MAX_ITEMS = 1_000  # of a list or mapping
MAX_CHARACTERS = 10_000  # of a text
MAX_INTEGER = 2**63 - 1  # either sign

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, from libyaml
_TAG = "tag:yaml.org,2002:"
_NUMBERS = frozenset((f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool"))
_PLAIN = _NUMBERS | {f"{_TAG}str", f"{_TAG}null", f"{_TAG}seq", f"{_TAG}map"}
_TOO_DEEP = f"nested deeper than the {MAX_DEPTH} levels allowed"
_MAX_DIGITS = 64  # of a number as it is written


class YamlError(ValueError):
    """A rejected document; ``line`` counts from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a document, and the node with its positions in the text; None for an empty document."""

    value: object
    node: yaml.Node | None


def read_yaml(text: str) -> Document:
    """Read a document; raises `YamlError` if it exceeds the limits or contains a value that is not plain."""
    if len(text) > MAX_BYTES:
        raise YamlError(f"larger than the {MAX_BYTES / 1e6:g} MB allowed", 1)
    try:
        _check_limits(text)
        node = yaml.compose(text, Loader=_LOADER)
        if node is None:
            return Document(None, None)
        _check_values(node, set())
        return Document(_copy_aliases(yaml.load(text, Loader=_LOADER)), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        if "maximum nesting depth" in str(error.problem):  # libyaml's own limit, far above MAX_DEPTH
            raise YamlError(_TOO_DEEP, line) from None
        raise YamlError(f"not valid YAML: {error.problem}", line) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(f"not valid YAML: {' '.join(str(error).split())}", 1) from None


@dataclass(slots=True)
class _OpenCollection:
    """A mapping or list whose end has not been read yet."""

    anchor: str | None
    start: int  # number of values before it
    items: int = 0
    height: int = 0  # number of levels within it


def _check_limits(text: str) -> None:
    """Raise `YamlError` if the text exceeds the limits; no values are constructed."""
    known: dict[str, tuple[int, int]] = {}  # anchor → values, height
    path: list[_OpenCollection] = []
    count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        height = 0
        if isinstance(event, yaml.CollectionEndEvent):
            done = path.pop()
            height = done.height + 1
            if done.anchor is not None:
                known[done.anchor] = (count - done.start, height)
        elif isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.AliasEvent):
                if any(parent.anchor == event.anchor for parent in path):
                    raise YamlError(f"alias '*{event.anchor}' stands within what it stands for", line)
                values, height = known.get(event.anchor or "", (1, 0))
                count += values
            else:
                count += 1
            if path:
                path[-1].items += 1
            if isinstance(event, yaml.CollectionStartEvent):
                path.append(_OpenCollection(event.anchor, count - 1))
            elif isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_CHARACTERS:
                raise YamlError(f"a text is longer than the {MAX_CHARACTERS:,} characters allowed", line)
        if path:
            path[-1].height = max(path[-1].height, height)
        _check_counts(path, count, height, line)


def _check_counts(path: list[_OpenCollection], count: int, height: int, line: int) -> None:
    if len(path) + height > MAX_DEPTH:
        raise YamlError(_TOO_DEEP, line)
    if count > MAX_VALUES:
        raise YamlError(f"more than the {MAX_VALUES:,} values allowed, each alias counted in full", line)
    if path and path[-1].items > 2 * MAX_ITEMS:  # keys and values of a mapping both count
        raise YamlError(f"a list or mapping of more than the {MAX_ITEMS:,} items allowed", line)


def _check_values(node: yaml.Node, checked: set[int]) -> None:
    """Raise `YamlError` for a duplicate key, a key that is not text, or a value that is not plain."""
    if id(node) in checked:
        return
    checked.add(id(node))
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN:
        raise YamlError(f"a {node.tag.removeprefix(_TAG)} is not allowed; as a text, put it in quotes", line)
    if isinstance(node, yaml.ScalarNode):
        _check_scalar(node, line)
    elif isinstance(node, yaml.SequenceNode) and len(node.value) > MAX_ITEMS:
        raise YamlError(f"a list of more than the {MAX_ITEMS:,} items allowed", line)
    elif isinstance(node, yaml.MappingNode):
        _check_keys(node)
    for inner in _child_values(node):
        _check_values(inner, checked)


def _child_values(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        yield from (value for _, value in node.value)


def _check_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key is a list or mapping; expected a text", line)
        if key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
            kind = key.tag.removeprefix(_TAG)
            raise YamlError(f"key '{key.value[:40]}' is read as {kind}; put it in quotes", line)
        if key.value in lines:
            first = lines[key.value]
            raise YamlError(f"key '{key.value[:40]}' is there twice, on lines {first} and {line}", line)
        _check_text(key.value, line)
        lines[key.value] = line


def _check_scalar(node: yaml.ScalarNode, line: int) -> None:
    if node.tag not in _NUMBERS:
        _check_text(node.value, line)
        return
    if len(node.value) > _MAX_DIGITS:
        raise YamlError(f"a number of {len(node.value):,} digits is not allowed", line)
    try:
        number = yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, KeyError, IndexError, OverflowError):
        raise YamlError(f"'{node.value}' is no valid {node.tag.removeprefix(_TAG)}", line) from None
    if isinstance(number, float) and not math.isfinite(number):
        raise YamlError(f"expected a finite number (found {node.value})", line)
    if isinstance(number, int) and abs(number) > MAX_INTEGER:
        raise YamlError(f"{node.value} is out of the range of whole numbers, ±(2^63 − 1)", line)


def _check_text(text: str, line: int) -> None:
    """Reject control characters, invalid in names and paths, and surrogates, which cannot be encoded."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n":
            raise YamlError(f"a text holds the control character U+{ord(character):04X}", line)


def _copy_aliases(value: object) -> object:
    """Copy the value of each alias, so that a change of one does not affect the others."""
    if isinstance(value, dict):
        return {key: _copy_aliases(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copy_aliases(inner) for inner in value]
    return value
