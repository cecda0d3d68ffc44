"""A policy in an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from agents.foreign.seen import Seen, unknown_inputs
from drive_stack.errors import ConfigError

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class OnnxPolicy:
    """Inputs carry the names of the observation's keys, each with an axis of 1 in front."""

    def __init__(self, path: Path, example: Seen) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library has no common class for them
            reason = (str(error).strip().splitlines() or ["unreadable"])[0]
            raise ConfigError(f"{path}: is no ONNX file that can be run: {reason}") from None
        inputs = self._session.get_inputs()
        unknown_inputs(path, [one.name for one in inputs], example)
        self._types: dict[str, Any] = {}
        for one in inputs:
            expected = (1, *example[one.name].shape)
            if len(one.shape) != len(expected) or any(
                isinstance(size, int) and size != asked
                for size, asked in zip(one.shape, expected, strict=True)
            ):
                raise ConfigError(f"{path}: takes '{one.name}' as {one.shape}; expected {list(expected)}")
            if one.type not in _TYPES:
                raise ConfigError(f"{path}: takes '{one.name}' as {one.type}; expected a plain number type")
            self._types[one.name] = _TYPES[one.type]

    def action(self, seen: Seen) -> NDArray[np.floating]:
        """The file's first output."""
        given = {name: np.asarray(seen[name], dtype=kind)[None] for name, kind in self._types.items()}
        return np.asarray(self._session.run(None, given)[0])
