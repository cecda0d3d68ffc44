"""One network in OpenVINO or ONNX Runtime behind the same small interface."""

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
from drive_stack.support.telemetry import without_openvino_telemetry

Given = TypeVar("Given")
Seen = TypeVar("Seen")


class Session(Protocol):
    """A network with one input; calls repeat bit for bit on one machine, from whichever thread."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        ...

    @property
    def streams(self) -> int:
        """How many calls run at the same time; further ones wait for their turn."""
        ...

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs, in the order of the file, as arrays of the caller's own."""
        ...


class OpenVinoSession:
    """A network on OpenVINO's CPU plugin, in single precision: ``streams`` calls on ``threads`` threads each.

    There are fewer streams where the machine has fewer cores: OpenVINO would take threads away from each,
    and sums over another number of threads differ in the last bits.
    """

    def __init__(self, weights: Path, threads: int, streams: int) -> None:
        self._streams = max(min(streams, (os.cpu_count() or 1) // threads), 1)
        core = _openvino_core(os.getpid())
        # f32: by default newer CPUs compute in bfloat16, and results would depend on the machine
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads * self._streams,
            "NUM_STREAMS": self._streams,
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(weights), "CPU", settings)
        self._shape = tuple(int(size) for size in compiled.input(0).shape)
        self._requests: SimpleQueue[Any] = SimpleQueue()  # those that nobody uses now
        for _ in range(self._streams):
            self._requests.put(compiled.create_infer_request())

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return self._shape

    @property
    def streams(self) -> int:
        """How many calls run at the same time."""
        return self._streams

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        request = self._requests.get()
        try:
            request.infer([given], share_inputs=True)
            return tuple(np.array(output.data) for output in request.output_tensors)
        finally:
            self._requests.put(request)


@cache
def _openvino_core(process: int) -> Any:  # noqa: ARG001 - it is the key of the cache
    """The OpenVINO core of a process, kept until the process ends.

    On processors with AMX, OpenVINO's CPU plugin gives the thread that first compiles a network an alternate
    signal stack, and frees that memory together with the core. When another thread drops the core, or when a
    second core was made meanwhile, the thread keeps a pointer to freed memory, and the next signal, such as
    Ctrl-C, ends the process with a segmentation fault. A forked process cannot use the core of its parent.

    Args:
        process: the process that asks, from ``os.getpid()``.
    """
    with without_openvino_telemetry():
        import openvino  # noqa: PLC0415  (a second of loading that a run without a network is spared)
    return openvino.Core()


class OnnxRuntimeSession:
    """A network on ONNX Runtime's CPU provider, on ``threads`` threads that all calls share."""

    def __init__(self, weights: Path, threads: int, streams: int) -> None:
        import onnxruntime  # noqa: PLC0415  (loaded only where it is chosen)

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
        """How many calls are meant to run at the same time."""
        return self._streams

    def run(self, given: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """All outputs for one input."""
        return tuple(self._session.run(None, {self._input.name: given}))


ENGINES: dict[str, Callable[[Path, int, int], Session]] = {
    "openvino": OpenVinoSession,
    "onnxruntime": OnnxRuntimeSession,
}


def open_session(weights: Path, *, engine: str = "openvino", threads: int = 2, streams: int = 1) -> Session:
    """Load an ONNX file with fixed shapes; raises `ConfigError` for an engine that is not known."""
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    return ENGINES[engine](weights, threads, streams)


def each(work: Callable[[Given], Seen], batch: Iterable[Given], streams: int) -> tuple[Seen, ...]:
    """``work`` on everything in ``batch``, ``streams`` at a time; results in the order of the batch.

    A batch is computed image by image, not as one array: on a CPU that is as fast or faster, as an
    image's layers stay in a core's cache, and it takes networks exported for one image.
    """
    if streams == 1:
        return tuple(map(work, batch))
    with ThreadPoolExecutor(streams) as pool:
        return tuple(pool.map(work, batch))
