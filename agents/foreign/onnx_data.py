"""Files that an ONNX file keeps its weights in, beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import onnx

from drive_stack.errors import ConfigError


class _Message(Protocol):
    """Any protobuf message."""

    def ListFields(self) -> Sequence[tuple[object, object]]:  # noqa: N802 - protobuf's name
        """Field and value of all fields that are set."""
        ...


def external_files(path: Path) -> dict[str, Path]:
    """Location in the file → path of the data; empty if ``path`` is no ONNX file, as loading it will report.

    Raises `ConfigError` for a location outside the file's folder, and for missing data.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception:  # protobuf has its own errors; the caller has checked that the file exists
        return {}
    paths = {}
    for location in sorted(set(_locations(model))):
        data = path.parent / location
        if not data.resolve().is_relative_to(path.parent.resolve()):
            raise ConfigError(f"{path}: its data '{location}' lie outside its folder")
        if not data.is_file():
            raise ConfigError(f"{path}: its data '{location}' are missing; they belong in the same folder")
        paths[location] = data
    return paths


def _locations(message: _Message) -> Iterator[str]:
    """Locations of all tensors in the graph, its branches and loops, attributes and functions."""
    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL:
            yield from (entry.value for entry in message.external_data if entry.key == "location")
        return
    for _, value in message.ListFields():
        for inner in (value,) if hasattr(value, "ListFields") else _items(value):
            yield from _locations(inner)


def _items(value: object) -> Iterator[_Message]:
    """The messages of a repeated field; empty for a field of numbers or texts."""
    if isinstance(value, Sequence) and len(value) and hasattr(value[0], "ListFields"):
        yield from value
