"""The activations of a network's convolutional layers, for visualisation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.runtime.sessions import openvino_core

_BETWEEN = frozenset(("Add", "Multiply", "BatchNormInference"))  # bias and normalisation of a convolution
_CONVOLUTIONS = frozenset(("Convolution", "GroupConvolution"))


class Activations:
    """Runs a network in OpenVINO and returns the activations after its convolutions, chain by chain.

    A chain is a sequence of convolutions, each followed by a ReLU, of which the first one reads an image.

    Raises:
        ValueError: the network has another number of chains.
    """

    def __init__(self, weights: Path, chains: int) -> None:
        core = openvino_core(os.getpid())
        model = core.read_model(weights)
        self._chains = _chains(model)
        if len(self._chains) != chains:
            raise ValueError(f"{weights}: {len(self._chains)} chains of convolutions; expected {chains}")
        added = model.add_outputs([relu.output(0) for chain in self._chains for relu in chain])
        first = len(model.outputs) - len(added)
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        self._outputs = range(first, first + len(added))

    def compute(self, array: NDArray[Any]) -> list[list[NDArray[np.float32]]]:
        """Activations (C, h, w) of the layers of each chain, first layer first, for a batch of one."""
        self._request.infer([array], share_inputs=True)
        tensors = iter([np.array(self._request.get_output_tensor(index).data[0]) for index in self._outputs])
        return [[next(tensors) for _ in chain] for chain in self._chains]


def _chains(model: Any) -> list[list[Any]]:
    """The ReLUs after convolutions, grouped by the chain that they belong to."""
    chains: list[list[Any]] = []
    for node in model.get_ordered_ops():
        source = _source(node) if node.get_type_name() == "Relu" else None
        while source is not None and source.get_type_name() in _BETWEEN:
            source = _source(source)
        if source is None or source.get_type_name() not in _CONVOLUTIONS:
            continue
        before = _source(source).get_friendly_name()
        for chain in chains:
            if chain[-1].get_friendly_name() == before:
                chain.append(node)
                break
        else:
            chains.append([node])  # the convolution reads an image
    return chains


def _source(node: Any) -> Any:
    return node.input(0).get_source_output().get_node()
