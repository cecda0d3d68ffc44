"""One network in OpenVINO or ONNX Runtime behind the same small interface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from drive_stack.config import unknown_name


class Session(Protocol):
    """A network with one input; calls repeat bit for bit on one machine."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        ...

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs, in the order of the file, as arrays of the caller's own."""
        ...


class OpenVinoSession:
    """A network on OpenVINO's CPU plugin, in single precision on ``threads`` threads."""

    def __init__(self, weights: Path, threads: int) -> None:
        import openvino  # noqa: PLC0415  (a second of loading that a run without a network is spared)

        core = openvino.Core()
        # f32: by default newer CPUs compute in bfloat16, and results would depend on the machine
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = core.compile_model(core.read_model(weights), "CPU", settings)
        self._request = self._compiled.create_infer_request()
        self._shape = tuple(int(size) for size in self._compiled.input(0).shape)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return self._shape

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        self._request.infer([given], share_inputs=True)
        return tuple(np.array(output.data) for output in self._request.output_tensors)


class OnnxRuntimeSession:
    """A network on ONNX Runtime's CPU provider, on ``threads`` threads."""

    def __init__(self, weights: Path, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415  (loaded only where it is chosen)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(weights), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return tuple(int(size) for size in self._input.shape)

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        return tuple(self._session.run(None, {self._input.name: given}))


ENGINES: dict[str, Callable[[Path, int], Session]] = {
    "openvino": OpenVinoSession,
    "onnxruntime": OnnxRuntimeSession,
}


def open_session(weights: Path, *, engine: str = "openvino", threads: int = 2) -> Session:
    """Load an ONNX file with fixed shapes; raises `ConfigError` for an engine that is not known."""
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    return ENGINES[engine](weights, threads)
