"""Inference sessions of OpenVINO and ONNX Runtime behind one interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from drive_stack.config import unknown_name
from drive_stack.support.extras import needs_extra
from drive_stack.support.telemetry import without_openvino_telemetry

Input = TypeVar("Input")
Output = TypeVar("Output")


class Session(Protocol):
    """A network with one input. Equal inputs give bitwise equal outputs on one machine, from any thread."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        ...

    @property
    def streams(self) -> int:
        """Number of calls that run at the same time; further calls wait."""
        ...

    def run(self, array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Compute all outputs, in the order of the file. The caller owns the arrays."""
        ...


class OpenVinoSession:
    """A network on OpenVINO's CPU plugin in single precision; ``threads`` threads for each of ``streams``.

    The number of streams is reduced on a machine with fewer cores. OpenVINO would otherwise reduce the
    threads of each stream, and sums over another number of threads differ in the last bits.
    """

    def __init__(self, weights: Path, threads: int, streams: int) -> None:
        self._streams = max(min(streams, (os.cpu_count() or 1) // threads), 1)
        core = openvino_core(os.getpid())
        # f32: by default newer CPUs compute in bfloat16, and results would depend on the machine
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads * self._streams,
            "NUM_STREAMS": self._streams,
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(weights), "CPU", settings)
        self._shape = tuple(int(size) for size in compiled.input(0).shape)
        self._requests: SimpleQueue[Any] = SimpleQueue()  # idle ones
        for _ in range(self._streams):
            self._requests.put(compiled.create_infer_request())

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return self._shape

    @property
    def streams(self) -> int:
        """Number of calls that run at the same time."""
        return self._streams

    def run(self, array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        request = self._requests.get()
        try:
            request.infer([array], share_inputs=True)
            return tuple(np.array(output.data) for output in request.output_tensors)
        finally:
            self._requests.put(request)


@cache
def openvino_core(process: int) -> Any:  # noqa: ARG001 - it is the key of the cache
    """The OpenVINO core of a process, kept until the process ends.

    On processors with AMX, OpenVINO's CPU plugin gives the thread that first compiles a network an alternate
    signal stack, and frees that memory together with the core. When another thread drops the core, or when a
    second core was made meanwhile, the thread keeps a pointer to freed memory, and the next signal, such as
    Ctrl-C, ends the process with a segmentation fault. A forked process cannot use the core of its parent.

    Args:
        process: the process that asks, from ``os.getpid()``.
    """
    with without_openvino_telemetry():
        import openvino  # noqa: PLC0415  (importing takes a second, which a run without networks saves)
    return openvino.Core()


class OnnxRuntimeSession:
    """A network on ONNX Runtime's CPU provider. All calls share ``threads`` threads."""

    def __init__(self, weights: Path, threads: int, streams: int) -> None:
        with needs_extra("onnx", "engine onnxruntime"):
            import onnxruntime  # noqa: PLC0415  (imported only where it is used)

        self._streams = streams
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

    @property
    def streams(self) -> int:
        """Number of calls that the caller runs at the same time."""
        return self._streams

    def run(self, array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        return tuple(self._session.run(None, {self._input.name: array}))


ENGINES: dict[str, Callable[[Path, int, int], Session]] = {
    "openvino": OpenVinoSession,
    "onnxruntime": OnnxRuntimeSession,
}


def open_session(weights: Path, *, engine: str = "openvino", threads: int = 2, streams: int = 1) -> Session:
    """Load an ONNX file with fixed shapes.

    Raises:
        ConfigError: the engine is not known.
    """
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    return ENGINES[engine](weights, threads, streams)


def map_batch(work: Callable[[Input], Output], batch: Iterable[Input], streams: int) -> tuple[Output, ...]:
    """Apply ``work`` to every item of ``batch``, ``streams`` at a time; results are in their order.

    A batch is computed image by image, not as one array: on a CPU this is as fast or faster, because the
    layers of one image stay in the cache of a core, and it works with networks exported for a single image.
    """
    if streams == 1:
        return tuple(map(work, batch))
    with ThreadPoolExecutor(streams) as pool:
        return tuple(pool.map(work, batch))
