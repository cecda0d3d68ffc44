"""A policy in an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from drive_stack.errors import ConfigError

from .policy import ObservationArrays, check_inputs

_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class OnnxPolicy:
    """An ONNX policy. Its inputs are named as the observation's keys and have a leading axis of size 1."""

    def __init__(self, path: Path, example: ObservationArrays) -> None:
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
        check_inputs(path, [entry.name for entry in inputs], example)
        self._types: dict[str, type[np.generic]] = {}
        for entry in inputs:
            expected = (1, *example[entry.name].shape)
            if len(entry.shape) != len(expected) or any(
                isinstance(size, int) and size != expected_size
                for size, expected_size in zip(entry.shape, expected, strict=True)
            ):
                raise ConfigError(f"{path}: takes '{entry.name}' as {entry.shape}; expected {list(expected)}")
            if entry.type not in _TYPES:
                raise ConfigError(
                    f"{path}: takes '{entry.name}' as {entry.type}; expected a plain number type"
                )
            self._types[entry.name] = _TYPES[entry.type]

    def action(self, arrays: ObservationArrays) -> NDArray[np.floating]:
        """Run the network; returns its first output."""
        inputs = {name: np.asarray(arrays[name], dtype=kind)[None] for name, kind in self._types.items()}
        return np.asarray(self._session.run(None, inputs)[0])
