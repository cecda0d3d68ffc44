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
        """Field and value of all that are set."""
        ...


def external_files(path: Path) -> dict[str, Path]:
    """Location as the file has it → path; none where ``path`` is no ONNX file, which shows when it is run.

    Raises `ConfigError` for a location outside the file's folder, and for one where nothing is.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception:  # protobuf's own class of errors; a file that cannot be opened shows above
        return {}
    found = {}
    for location in sorted(set(_locations(model))):
        data = path.parent / location
        if not data.resolve().is_relative_to(path.parent.resolve()):
            raise ConfigError(f"{path}: its data '{location}' lie outside its folder")
        if not data.is_file():
            raise ConfigError(f"{path}: its data '{location}' are missing; they belong beside it")
        found[location] = data
    return found


def _locations(message: _Message) -> Iterator[str]:
    """Of all tensors, wherever they are: in the graph, its branches and loops, attributes and functions."""
    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL:
            yield from (entry.value for entry in message.external_data if entry.key == "location")
        return
    for _, value in message.ListFields():
        for one in (value,) if hasattr(value, "ListFields") else _items(value):
            yield from _locations(one)


def _items(value: object) -> Iterator[_Message]:
    """The messages of a repeated field; none of one that holds numbers or texts."""
    if isinstance(value, Sequence) and len(value) and hasattr(value[0], "ListFields"):
        yield from value
